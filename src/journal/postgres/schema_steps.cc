// SPDX-License-Identifier: MIT
// The tables, as they came to be.
#include <array>

#include "journal/postgres/schema.h"

namespace sluice::journal::postgres {
namespace {

// Texts hold words of Sluice's own; where bytes come from outside and may be anything, the column
// is a bytea. An update that changes no column of an index, and none of the condition of one,
// touches no index (src/backend/access/heap/README.HOT of PostgreSQL). So no index has `stored` or
// `expires_at`, which change with every piece, but columns that say less and change less often.
constexpr const char* version_1 = R"sql(
CREATE SEQUENCE upload_ids INCREMENT 1000 MINVALUE 1 MAXVALUE 9007199254739992;

CREATE TABLE shared_secret (secret text NOT NULL);
INSERT INTO shared_secret
  VALUES (replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));

CREATE TABLE uploads (
  id bigint PRIMARY KEY CHECK (id > 0 AND id < 9007199254740992),
  token bytea NOT NULL CONSTRAINT uploads_token UNIQUE,
  file_name bytea NOT NULL,
  file_size bigint NOT NULL,
  size_known bigint NOT NULL,
  content_type bytea NOT NULL,
  parameters bytea NOT NULL,
  origin bytea NOT NULL,
  owner bytea NOT NULL,
  layout bytea NOT NULL,
  dialect bytea NOT NULL,
  words bytea NOT NULL,
  is_partial bigint NOT NULL,
  partials bytea NOT NULL,
  created_at bigint NOT NULL,
  version bigint NOT NULL,
  state text COLLATE "C" NOT NULL,
  stored text COLLATE "C" NOT NULL,
  unsynced text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL,
  blob_present bigint NOT NULL,
  attempts bigint NOT NULL,
  next_attempt_at bigint NOT NULL,
  handoff_since bigint NOT NULL,
  failure bytea NOT NULL,
  cleared bigint NOT NULL,
  answer_status bigint,
  answer_headers bytea,
  answer_body bytea,
  answer_spilled bigint NOT NULL,
  weight bigint NOT NULL,
  expiry_hour bigint NOT NULL GENERATED ALWAYS AS (expires_at / 3600000) STORED,
  has_bytes boolean NOT NULL GENERATED ALWAYS AS (stored <> '') STORED
) WITH (fillfactor = 70);
CREATE INDEX uploads_undelivered ON uploads (id) WHERE state IN ('received', 'delivering');
CREATE INDEX uploads_due ON uploads (expiry_hour)
  WHERE state <> 'received' AND state <> 'delivering';
CREATE INDEX uploads_leftover ON uploads (id)
  WHERE blob_present = 1 AND state IN ('delivered', 'aborted', 'expired');
CREATE INDEX uploads_decided ON uploads (next_attempt_at, id)
  WHERE blob_present = 1 AND state IN ('refused', 'failed');
CREATE INDEX uploads_gone ON uploads (owner, id)
  WHERE blob_present = 0 AND state IN ('aborted', 'expired');
CREATE INDEX uploads_promised ON uploads (id) WHERE state = 'receiving' AND NOT has_bytes;
CREATE INDEX uploads_unsynced ON uploads (id) WHERE unsynced <> '' AND state = 'receiving';
CREATE INDEX uploads_unmade ON uploads (id) WHERE partials <> '' AND state = 'receiving';

CREATE TABLE extents (
  upload_id bigint NOT NULL,
  first bigint NOT NULL,
  last bigint NOT NULL,
  object bytea NOT NULL,
  object_begin bigint NOT NULL,
  PRIMARY KEY (upload_id, first)
);
CREATE FUNCTION sluice_remove_extents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM extents WHERE upload_id = old.id;
  RETURN NULL;
END $$;
CREATE TRIGGER extents_without_blob AFTER UPDATE ON uploads FOR EACH ROW
  WHEN (new.blob_present = 0 AND old.blob_present <> 0) EXECUTE FUNCTION sluice_remove_extents();
CREATE TRIGGER extents_without_upload AFTER DELETE ON uploads FOR EACH ROW
  EXECUTE FUNCTION sluice_remove_extents();

CREATE TABLE videos (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id bytea NOT NULL UNIQUE,
  upload_id bigint NOT NULL,
  created_at bigint NOT NULL,
  status text COLLATE "C" NOT NULL,
  source_present bigint NOT NULL,
  document bytea NOT NULL,
  metadata bytea NOT NULL,
  owner bytea NOT NULL,
  files_size bigint NOT NULL,
  weight bigint NOT NULL
);
CREATE INDEX videos_listed ON videos (created_at, number)
  WHERE status <> 'deleted' AND status <> 'stored';
CREATE INDEX videos_by_status ON videos (status, created_at, number);
CREATE INDEX videos_of_owner ON videos (owner, created_at, number)
  WHERE status <> 'deleted' AND status <> 'stored';
CREATE INDEX videos_of_owner_by_status ON videos (owner, status, created_at, number);
CREATE INDEX videos_leftover ON videos (id) WHERE status = 'deleted' AND source_present = 1;

-- A sum of many sizes may be beyond a bigint.
CREATE TABLE owners (
  name bytea PRIMARY KEY,
  sessions bigint NOT NULL,
  bytes numeric NOT NULL,
  records bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE upload_counts (
  owner bytea NOT NULL,
  state text COLLATE "C" NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (owner, state)
) WITH (fillfactor = 50);
CREATE TABLE video_counts (
  owner bytea NOT NULL,
  status text COLLATE "C" NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (owner, status)
) WITH (fillfactor = 50);
CREATE FUNCTION sluice_add_to_owner(named bytea, more_sessions bigint, more_bytes numeric,
  more_records bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO owners (name, sessions, bytes, records)
    VALUES (named, more_sessions, more_bytes, more_records)
    ON CONFLICT (name) DO UPDATE SET sessions = owners.sessions + excluded.sessions,
      bytes = owners.bytes + excluded.bytes, records = owners.records + excluded.records
$$;
CREATE FUNCTION sluice_counted_bytes(file_size bigint, state text, blob_present bigint)
  RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN state IN ('receiving', 'received', 'delivering', 'failed', 'set_aside')
    OR (state = 'refused' AND blob_present = 1) THEN file_size ELSE 0 END
$$;
-- The owner's row first: transactions of one owner take turns, and none waits for another in a
-- circle.
CREATE FUNCTION sluice_count_upload() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sessions bigint := 0;
  bytes numeric := 0;
  records bigint := 0;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    sessions := sessions - (old.state = 'receiving')::int;
    bytes := bytes - sluice_counted_bytes(old.file_size, old.state, old.blob_present);
    records := records - old.weight;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    sessions := sessions + (new.state = 'receiving')::int;
    bytes := bytes + sluice_counted_bytes(new.file_size, new.state, new.blob_present);
    records := records + new.weight;
    PERFORM sluice_add_to_owner(new.owner, sessions, bytes, records);
  ELSE
    PERFORM sluice_add_to_owner(old.owner, sessions, bytes, records);
  END IF;
  IF TG_OP <> 'INSERT' THEN
    UPDATE upload_counts SET count = count - 1 WHERE owner = old.owner AND state = old.state;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO upload_counts (owner, state, count) VALUES (new.owner, new.state, 1)
      ON CONFLICT (owner, state) DO UPDATE SET count = upload_counts.count + 1;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER uploads_counted AFTER INSERT OR DELETE ON uploads FOR EACH ROW
  EXECUTE FUNCTION sluice_count_upload();
CREATE TRIGGER uploads_recounted AFTER UPDATE ON uploads FOR EACH ROW
  WHEN (old.state <> new.state OR old.file_size <> new.file_size
    OR old.blob_present <> new.blob_present OR old.weight <> new.weight)
  EXECUTE FUNCTION sluice_count_upload();
CREATE FUNCTION sluice_count_video() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM sluice_add_to_owner(old.owner, 0, -old.files_size * old.source_present, -old.weight);
    UPDATE video_counts SET count = count - 1 WHERE owner = old.owner AND status = old.status;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM sluice_add_to_owner(new.owner, 0, new.files_size * new.source_present, new.weight);
    INSERT INTO video_counts (owner, status, count) VALUES (new.owner, new.status, 1)
      ON CONFLICT (owner, status) DO UPDATE SET count = video_counts.count + 1;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER videos_counted AFTER INSERT OR UPDATE OR DELETE ON videos FOR EACH ROW
  EXECUTE FUNCTION sluice_count_video();

CREATE TABLE used_signatures (digest bytea PRIMARY KEY, expires_at bigint NOT NULL);
CREATE INDEX used_signatures_by_expiry ON used_signatures (expires_at);

CREATE TABLE notifications (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  upload_id bigint NOT NULL,
  event text COLLATE "C" NOT NULL,
  key bytea NOT NULL,
  body bytea NOT NULL,
  created_at bigint NOT NULL,
  attempts bigint NOT NULL,
  next_attempt_at bigint NOT NULL
);
CREATE INDEX notifications_by_time ON notifications (next_attempt_at, id);
CREATE INDEX notifications_by_upload ON notifications (upload_id, id);

CREATE TABLE claims (
  work bigint NOT NULL,
  id bigint NOT NULL,
  node bytea NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (work, id)
);
CREATE INDEX claims_by_end ON claims (until);

-- A commit is one message to the server, with no answer between its changes. So the server itself
-- sees that they are based on what it holds.
CREATE FUNCTION sluice_expect(holds boolean, code text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT holds THEN
    RAISE EXCEPTION USING ERRCODE = code,
      MESSAGE = 'Sluice: this is not based on what is here now; the change is refused';
  END IF;
END $$;
CREATE FUNCTION sluice_expect_within(named bytea, sessions_max bigint, bytes_max bigint,
  records_max bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  usage owners;
BEGIN
  SELECT * INTO usage FROM owners WHERE name = named;
  IF usage.sessions > sessions_max OR usage.bytes > bytes_max OR usage.records > records_max THEN
    RAISE EXCEPTION USING ERRCODE = 'SL003',
      MESSAGE = 'Sluice: the owner would have more than its limits; the change is refused',
      DETAIL = usage.sessions || ' ' || least(usage.bytes, 9223372036854775807) || ' ' ||
        usage.records;
  END IF;
END $$;
)sql";

// A row of sums is locked by the transaction that changes it, until its commit is synced. An owner
// has 16 of each, and a connection to the server takes one of them: one row may well be below zero.
// Only uploads that are created near a limit take turns, as their sums have to be exact.
constexpr const char* version_2 = R"sql(
ALTER TABLE owners ADD COLUMN shard bigint NOT NULL DEFAULT 0,
  DROP CONSTRAINT owners_pkey, ADD PRIMARY KEY (name, shard);
ALTER TABLE upload_counts ADD COLUMN shard bigint NOT NULL DEFAULT 0,
  DROP CONSTRAINT upload_counts_pkey, ADD PRIMARY KEY (owner, state, shard);
ALTER TABLE video_counts ADD COLUMN shard bigint NOT NULL DEFAULT 0,
  DROP CONSTRAINT video_counts_pkey, ADD PRIMARY KEY (owner, status, shard);

CREATE VIEW owner_usage AS SELECT name, sum(sessions) AS sessions, sum(bytes) AS bytes,
  sum(records) AS records FROM owners GROUP BY name;
CREATE FUNCTION sluice_shard() RETURNS bigint LANGUAGE sql AS 'SELECT pg_backend_pid() % 16';
CREATE OR REPLACE FUNCTION sluice_add_to_owner(named bytea, more_sessions bigint,
  more_bytes numeric, more_records bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO owners (name, shard, sessions, bytes, records)
    VALUES (named, sluice_shard(), more_sessions, more_bytes, more_records)
    ON CONFLICT (name, shard) DO UPDATE SET sessions = owners.sessions + excluded.sessions,
      bytes = owners.bytes + excluded.bytes, records = owners.records + excluded.records
$$;
CREATE FUNCTION sluice_add_uploads(of bytea, such text, more bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO upload_counts (owner, state, shard, count) VALUES (of, such, sluice_shard(), more)
    ON CONFLICT (owner, state, shard) DO UPDATE SET count = upload_counts.count + excluded.count
$$;
CREATE FUNCTION sluice_add_videos(of bytea, such text, more bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO video_counts (owner, status, shard, count) VALUES (of, such, sluice_shard(), more)
    ON CONFLICT (owner, status, shard) DO UPDATE SET count = video_counts.count + excluded.count
$$;
CREATE OR REPLACE FUNCTION sluice_count_upload() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sessions bigint := 0;
  bytes numeric := 0;
  records bigint := 0;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    sessions := sessions - (old.state = 'receiving')::int;
    bytes := bytes - sluice_counted_bytes(old.file_size, old.state, old.blob_present);
    records := records - old.weight;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    sessions := sessions + (new.state = 'receiving')::int;
    bytes := bytes + sluice_counted_bytes(new.file_size, new.state, new.blob_present);
    records := records + new.weight;
  END IF;
  PERFORM sluice_add_to_owner(coalesce(new.owner, old.owner), sessions, bytes, records);
  IF TG_OP <> 'INSERT' THEN
    PERFORM sluice_add_uploads(old.owner, old.state, -1);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM sluice_add_uploads(new.owner, new.state, 1);
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION sluice_count_video() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM sluice_add_to_owner(old.owner, 0, -old.files_size * old.source_present, -old.weight);
    PERFORM sluice_add_videos(old.owner, old.status, -1);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM sluice_add_to_owner(new.owner, 0, new.files_size * new.source_present, new.weight);
    PERFORM sluice_add_videos(new.owner, new.status, 1);
  END IF;
  RETURN NULL;
END $$;
-- Far below a number of sessions or records the sums need not be exact: fewer come from all
-- transactions that run now. Each statement behind the lock sees the commits of those that held it.
CREATE OR REPLACE FUNCTION sluice_expect_within(named bytea, sessions_max bigint, bytes_max bigint,
  records_max bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  usage owner_usage;
BEGIN
  SELECT * INTO usage FROM owner_usage WHERE name = named;
  IF bytes_max IS NOT NULL OR usage.sessions > sessions_max - 100000
    OR usage.records > records_max - 100000 THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(named, 'hex'), 0));
    SELECT * INTO usage FROM owner_usage WHERE name = named;
  END IF;
  IF usage.sessions > sessions_max OR usage.bytes > bytes_max OR usage.records > records_max THEN
    RAISE EXCEPTION USING ERRCODE = 'SL003',
      MESSAGE = 'Sluice: the owner would have more than its limits; the change is refused',
      DETAIL = usage.sessions || ' ' || least(usage.bytes, 9223372036854775807) || ' ' ||
        usage.records;
  END IF;
END $$;
)sql";

constexpr std::array steps_of_sluice{version_1, version_2};

}  // namespace

MigrationSteps migration_steps() {
  return steps_of_sluice;
}

}  // namespace sluice::journal::postgres
