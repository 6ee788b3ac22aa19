// SPDX-License-Identifier: MIT
// The tables, as they came to be.
#include <array>

#include "journal/sqlite_schema.h"

namespace sluice::journal {
namespace {

// Where bytes come from outside and may be anything, the column is a BLOB. The counters are kept by
// triggers: a figure that is written in the transaction it counts cannot drift, and no table is
// scanned for it.
constexpr const char* version_1 = R"sql(
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('last_upload_id', 0);

CREATE TABLE uploads (
  id INTEGER PRIMARY KEY CHECK (id > 0 AND id < 9007199254740992),
  token TEXT NOT NULL UNIQUE,
  file_name BLOB NOT NULL,
  file_size INTEGER NOT NULL,
  content_type BLOB NOT NULL,
  parameters TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  stored TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  blob_present INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  answer_status INTEGER,
  answer_headers TEXT,
  answer_body BLOB
) STRICT;
CREATE INDEX uploads_by_expiry ON uploads (state, expires_at);
CREATE INDEX uploads_undelivered ON uploads (id) WHERE state IN ('received', 'delivering');
CREATE INDEX uploads_leftover ON uploads (id)
  WHERE blob_present = 1 AND state IN ('delivered', 'refused', 'aborted', 'expired');
CREATE TRIGGER uploads_inserted AFTER INSERT ON uploads BEGIN
  UPDATE counters SET value = max(value, new.id) WHERE name = 'last_upload_id';
  INSERT INTO counters (name, value) VALUES ('uploads.' || new.state, 1)
    ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
CREATE TRIGGER uploads_moved AFTER UPDATE OF state ON uploads WHEN old.state <> new.state BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'uploads.' || old.state;
  INSERT INTO counters (name, value) VALUES ('uploads.' || new.state, 1)
    ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
CREATE TRIGGER uploads_deleted AFTER DELETE ON uploads BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'uploads.' || old.state;
END;

CREATE TABLE videos (
  id TEXT PRIMARY KEY NOT NULL,
  upload_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  status TEXT NOT NULL,
  source_present INTEGER NOT NULL,
  document TEXT NOT NULL,
  metadata TEXT NOT NULL
) STRICT;
CREATE INDEX videos_listed ON videos (created_at) WHERE status <> 'deleted';
CREATE INDEX videos_by_status ON videos (status, created_at);
CREATE INDEX videos_leftover ON videos (id) WHERE status = 'deleted' AND source_present = 1;
CREATE TRIGGER videos_inserted AFTER INSERT ON videos BEGIN
  INSERT INTO counters (name, value) VALUES ('videos.' || new.status, 1)
    ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
CREATE TRIGGER videos_moved AFTER UPDATE OF status ON videos WHEN old.status <> new.status BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'videos.' || old.status;
  INSERT INTO counters (name, value) VALUES ('videos.' || new.status, 1)
    ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
CREATE TRIGGER videos_deleted AFTER DELETE ON videos BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'videos.' || old.status;
END;
)sql";

// Small however many uploads there are: one entry for each that waits for its first bytes.
constexpr const char* version_2 = R"sql(
CREATE INDEX uploads_promised ON uploads (file_size) WHERE state = 'receiving' AND stored = '';
)sql";

// A hand-off that is under way gets all of its time from here on: its beginning is not known.
constexpr const char* version_3 = R"sql(
ALTER TABLE uploads ADD COLUMN origin TEXT NOT NULL DEFAULT '{}';
ALTER TABLE uploads ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE uploads ADD COLUMN layout TEXT NOT NULL DEFAULT '';
ALTER TABLE uploads ADD COLUMN handoff_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE uploads ADD COLUMN failure BLOB NOT NULL DEFAULT x'';
ALTER TABLE uploads ADD COLUMN answer_spilled INTEGER NOT NULL DEFAULT 0;
UPDATE uploads INDEXED BY uploads_undelivered
  SET handoff_since = CAST(strftime('%s', 'now') AS INTEGER) * 1000
  WHERE state IN ('received', 'delivering');
ALTER TABLE videos ADD COLUMN owner TEXT NOT NULL DEFAULT '';
)sql";

// The sums of each owner are kept by triggers like the counters. A sum beyond 2^63 stays there:
// CAST makes an integer of the floating-point number again.
constexpr const char* version_4 = R"sql(
CREATE TABLE used_signatures (
  digest TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_signatures_by_expiry ON used_signatures (expires_at);

CREATE INDEX videos_of_owner ON videos (owner, created_at) WHERE status <> 'deleted';
CREATE INDEX videos_of_owner_by_status ON videos (owner, status, created_at);

CREATE TABLE owners (
  name TEXT PRIMARY KEY,
  sessions INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER owners_uploads_inserted AFTER INSERT ON uploads
WHEN new.state IN ('receiving', 'received', 'delivering', 'failed') BEGIN
  INSERT INTO owners (name, sessions, bytes)
    VALUES (new.owner, new.state = 'receiving', new.file_size)
    ON CONFLICT (name) DO UPDATE SET sessions = sessions + excluded.sessions,
      bytes = CAST(bytes + excluded.bytes AS INTEGER);
END;
CREATE TRIGGER owners_uploads_changed AFTER UPDATE ON uploads
WHEN old.state <> new.state OR old.owner <> new.owner OR old.file_size <> new.file_size BEGIN
  UPDATE owners SET sessions = sessions - (old.state = 'receiving'),
    bytes = bytes - old.file_size * (old.state IN ('receiving', 'received', 'delivering', 'failed'))
    WHERE name = old.owner;
  INSERT INTO owners (name, sessions, bytes)
    VALUES (new.owner, new.state = 'receiving',
      new.file_size * (new.state IN ('receiving', 'received', 'delivering', 'failed')))
    ON CONFLICT (name) DO UPDATE SET sessions = sessions + excluded.sessions,
      bytes = CAST(bytes + excluded.bytes AS INTEGER);
END;
CREATE TRIGGER owners_uploads_deleted AFTER DELETE ON uploads
WHEN old.state IN ('receiving', 'received', 'delivering', 'failed') BEGIN
  UPDATE owners SET sessions = sessions - (old.state = 'receiving'), bytes = bytes - old.file_size
    WHERE name = old.owner;
END;
CREATE TRIGGER owners_videos_inserted AFTER INSERT ON videos WHEN new.source_present = 1 BEGIN
  INSERT INTO owners (name, sessions, bytes)
    VALUES (new.owner, 0, CASE WHEN json_valid(new.document)
      THEN CAST(coalesce(json_extract(new.document, '$.file_size'), 0) AS INTEGER) ELSE 0 END)
    ON CONFLICT (name) DO UPDATE SET bytes = CAST(bytes + excluded.bytes AS INTEGER);
END;
CREATE TRIGGER owners_videos_changed AFTER UPDATE ON videos
WHEN old.source_present <> new.source_present OR old.owner <> new.owner
  OR old.document <> new.document BEGIN
  UPDATE owners SET bytes = bytes - old.source_present * CASE WHEN json_valid(old.document)
      THEN CAST(coalesce(json_extract(old.document, '$.file_size'), 0) AS INTEGER) ELSE 0 END
    WHERE name = old.owner;
  INSERT INTO owners (name, sessions, bytes)
    VALUES (new.owner, 0, new.source_present * CASE WHEN json_valid(new.document)
      THEN CAST(coalesce(json_extract(new.document, '$.file_size'), 0) AS INTEGER) ELSE 0 END)
    ON CONFLICT (name) DO UPDATE SET bytes = CAST(bytes + excluded.bytes AS INTEGER);
END;
CREATE TRIGGER owners_videos_deleted AFTER DELETE ON videos WHEN old.source_present = 1 BEGIN
  UPDATE owners SET bytes = bytes - CASE WHEN json_valid(old.document)
      THEN CAST(coalesce(json_extract(old.document, '$.file_size'), 0) AS INTEGER) ELSE 0 END
    WHERE name = old.owner;
END;
INSERT INTO owners (name, sessions, bytes)
  SELECT owner, sum(sessions), CAST(total(bytes) AS INTEGER) FROM (
    SELECT owner, state = 'receiving' AS sessions, file_size AS bytes FROM uploads
      WHERE state IN ('receiving', 'received', 'delivering', 'failed')
    UNION ALL
    SELECT owner, 0, CASE WHEN json_valid(document)
      THEN CAST(coalesce(json_extract(document, '$.file_size'), 0) AS INTEGER) ELSE 0 END
      FROM videos WHERE source_present = 1)
  GROUP BY owner;
)sql";

// A number is never given twice: it is how receivers tell the order.
constexpr const char* version_5 = R"sql(
CREATE TABLE notifications (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  upload_id INTEGER NOT NULL,
  event TEXT NOT NULL,
  key TEXT NOT NULL,
  body BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notifications_by_time ON notifications (next_attempt_at);
CREATE INDEX notifications_by_upload ON notifications (upload_id, id);
)sql";

// Conditions that are evaluated for each changed row name no list of more than two: SQLite would
// make a table of its own for it, each time. Otherwise as before.
constexpr const char* version_6 = R"sql(
DROP INDEX uploads_leftover;
CREATE INDEX uploads_leftover ON uploads (id) WHERE blob_present = 1
  AND (state = 'delivered' OR state = 'refused' OR state = 'aborted' OR state = 'expired');
DROP TRIGGER owners_uploads_inserted;
CREATE TRIGGER owners_uploads_inserted AFTER INSERT ON uploads
WHEN new.state = 'receiving' OR new.state = 'received' OR new.state = 'delivering'
  OR new.state = 'failed' BEGIN
  INSERT INTO owners (name, sessions, bytes)
    VALUES (new.owner, new.state = 'receiving', new.file_size)
    ON CONFLICT (name) DO UPDATE SET sessions = sessions + excluded.sessions,
      bytes = CAST(bytes + excluded.bytes AS INTEGER);
END;
DROP TRIGGER owners_uploads_changed;
CREATE TRIGGER owners_uploads_changed AFTER UPDATE ON uploads
WHEN old.state <> new.state OR old.owner <> new.owner OR old.file_size <> new.file_size BEGIN
  UPDATE owners SET sessions = sessions - (old.state = 'receiving'),
    bytes = bytes - old.file_size * (old.state = 'receiving' OR old.state = 'received'
      OR old.state = 'delivering' OR old.state = 'failed')
    WHERE name = old.owner;
  INSERT INTO owners (name, sessions, bytes)
    VALUES (new.owner, new.state = 'receiving',
      new.file_size * (new.state = 'receiving' OR new.state = 'received'
        OR new.state = 'delivering' OR new.state = 'failed'))
    ON CONFLICT (name) DO UPDATE SET sessions = sessions + excluded.sessions,
      bytes = CAST(bytes + excluded.bytes AS INTEGER);
END;
DROP TRIGGER owners_uploads_deleted;
CREATE TRIGGER owners_uploads_deleted AFTER DELETE ON uploads
WHEN old.state = 'receiving' OR old.state = 'received' OR old.state = 'delivering'
  OR old.state = 'failed' BEGIN
  UPDATE owners SET sessions = sessions - (old.state = 'receiving'), bytes = bytes - old.file_size
    WHERE name = old.owner;
END;
)sql";

// The index is small however many uploads there are. `machine` has one row.
constexpr const char* version_7 = R"sql(
ALTER TABLE uploads ADD COLUMN unsynced TEXT NOT NULL DEFAULT '';
CREATE INDEX uploads_unsynced ON uploads (id) WHERE unsynced <> '';
CREATE TABLE machine (boot_id TEXT NOT NULL) STRICT;
INSERT INTO machine (boot_id) VALUES ('');
)sql";

// `unsynced` may name the end of a file, of which version 7 knows nothing. The tables stay as they
// are.
constexpr const char* version_8 = "";

// The file of a refused upload is kept as that of a failed one is, and counts for its owner.
// next_attempt_at tells of both when they were decided; of older ones the journal knows only this
// time.
constexpr const char* version_9 = R"sql(
DROP INDEX uploads_leftover;
CREATE INDEX uploads_leftover ON uploads (id) WHERE blob_present = 1
  AND (state = 'delivered' OR state = 'aborted' OR state = 'expired');
CREATE INDEX uploads_decided ON uploads (next_attempt_at, id) WHERE blob_present = 1
  AND (state = 'refused' OR state = 'failed');
UPDATE uploads INDEXED BY uploads_by_expiry SET next_attempt_at = handoff_since
  WHERE state IN ('refused', 'failed');
DROP TRIGGER owners_uploads_inserted;
CREATE TRIGGER owners_uploads_inserted AFTER INSERT ON uploads
WHEN new.state = 'receiving' OR new.state = 'received' OR new.state = 'delivering'
  OR new.state = 'failed' OR (new.state = 'refused' AND new.blob_present = 1) BEGIN
  INSERT INTO owners (name, sessions, bytes)
    VALUES (new.owner, new.state = 'receiving', new.file_size)
    ON CONFLICT (name) DO UPDATE SET sessions = sessions + excluded.sessions,
      bytes = CAST(bytes + excluded.bytes AS INTEGER);
END;
DROP TRIGGER owners_uploads_changed;
CREATE TRIGGER owners_uploads_changed AFTER UPDATE ON uploads
WHEN old.state <> new.state OR old.owner <> new.owner OR old.file_size <> new.file_size
  OR (new.state = 'refused' AND old.blob_present <> new.blob_present) BEGIN
  UPDATE owners SET sessions = sessions - (old.state = 'receiving'),
    bytes = bytes - old.file_size * (old.state = 'receiving' OR old.state = 'received'
      OR old.state = 'delivering' OR old.state = 'failed'
      OR (old.state = 'refused' AND old.blob_present = 1))
    WHERE name = old.owner;
  INSERT INTO owners (name, sessions, bytes)
    VALUES (new.owner, new.state = 'receiving',
      new.file_size * (new.state = 'receiving' OR new.state = 'received'
        OR new.state = 'delivering' OR new.state = 'failed'
        OR (new.state = 'refused' AND new.blob_present = 1)))
    ON CONFLICT (name) DO UPDATE SET sessions = sessions + excluded.sessions,
      bytes = CAST(bytes + excluded.bytes AS INTEGER);
END;
DROP TRIGGER owners_uploads_deleted;
CREATE TRIGGER owners_uploads_deleted AFTER DELETE ON uploads
WHEN old.state = 'receiving' OR old.state = 'received' OR old.state = 'delivering'
  OR old.state = 'failed' OR (old.state = 'refused' AND old.blob_present = 1) BEGIN
  UPDATE owners SET sessions = sessions - (old.state = 'receiving'), bytes = bytes - old.file_size
    WHERE name = old.owner;
END;
INSERT INTO owners (name, sessions, bytes)
  SELECT owner, 0, CAST(total(file_size) AS INTEGER) FROM uploads INDEXED BY uploads_decided
    WHERE blob_present = 1 AND (state = 'refused' OR state = 'failed') AND state = 'refused'
    GROUP BY owner
  ON CONFLICT (name) DO UPDATE SET bytes = CAST(bytes + excluded.bytes AS INTEGER);
)sql";

// A quota counts all that outlives a request: the files of a video beside the first one, and every
// row, more than once where its texts are long. Uploads that are over lose what answers do not
// need, removed videos go, and owners are counted again.
constexpr const char* version_10 = R"sql(
ALTER TABLE uploads ADD COLUMN weight INTEGER NOT NULL DEFAULT 1;
ALTER TABLE videos ADD COLUMN weight INTEGER NOT NULL DEFAULT 1;
ALTER TABLE videos ADD COLUMN files_size INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER owners_uploads_inserted;
DROP TRIGGER owners_uploads_changed;
DROP TRIGGER owners_uploads_deleted;
DROP TRIGGER owners_videos_inserted;
DROP TRIGGER owners_videos_changed;
DROP TRIGGER owners_videos_deleted;
CREATE INDEX uploads_gone ON uploads (owner, id)
  WHERE blob_present = 0 AND (state = 'aborted' OR state = 'expired');
DELETE FROM videos WHERE status = 'deleted' AND source_present = 0;
UPDATE uploads SET content_type = x'', parameters = '{}', origin = '{}'
  WHERE blob_present = 0 AND (state = 'delivered' OR state = 'refused');
UPDATE uploads SET content_type = x'', parameters = '{}', origin = '{}', file_name = x'',
    layout = '', stored = '' WHERE blob_present = 0 AND (state = 'aborted' OR state = 'expired');
UPDATE uploads SET weight = 1 + (length(file_name) + length(content_type)
    + length(CAST(parameters AS BLOB)) + length(CAST(origin AS BLOB))
    + length(CAST(layout AS BLOB)) + coalesce(length(answer_body), 0)) / 4096;
UPDATE videos SET weight = 1 + (length(CAST(document AS BLOB))
    + length(CAST(metadata AS BLOB))) / 4096,
  files_size = CASE WHEN json_valid(document) THEN
    CAST(coalesce(json_extract(document, '$.file_size'), 0) AS INTEGER)
    + coalesce((SELECT CAST(total(json_extract(value, '$.file_size')) AS INTEGER)
      FROM json_each(document, '$.extra_files') WHERE type = 'object'), 0) ELSE 0 END;
DROP TABLE owners;
CREATE TABLE owners (name TEXT PRIMARY KEY, sessions INTEGER NOT NULL, bytes INTEGER NOT NULL,
  records INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO owners (name, sessions, bytes, records)
  SELECT owner, sum(sessions), CAST(total(bytes) AS INTEGER), sum(weight) FROM (
    SELECT owner, state = 'receiving' AS sessions, file_size * (state = 'receiving'
      OR state = 'received' OR state = 'delivering' OR state = 'failed'
      OR (state = 'refused' AND blob_present = 1)) AS bytes, weight
      FROM uploads
    UNION ALL
    SELECT owner, 0, files_size * source_present, weight FROM videos)
  GROUP BY owner;
CREATE TRIGGER owners_uploads_inserted AFTER INSERT ON uploads BEGIN
  INSERT INTO owners (name, sessions, bytes, records)
    VALUES (new.owner, new.state = 'receiving',
      new.file_size * (new.state = 'receiving' OR new.state = 'received'
        OR new.state = 'delivering' OR new.state = 'failed'
        OR (new.state = 'refused' AND new.blob_present = 1)), new.weight)
    ON CONFLICT (name) DO UPDATE SET sessions = sessions + excluded.sessions,
      bytes = CAST(bytes + excluded.bytes AS INTEGER), records = records + excluded.records;
END;
CREATE TRIGGER owners_uploads_changed AFTER UPDATE ON uploads
WHEN old.state <> new.state OR old.owner <> new.owner OR old.file_size <> new.file_size
  OR old.blob_present <> new.blob_present OR old.weight <> new.weight BEGIN
  UPDATE owners SET sessions = sessions - (old.state = 'receiving'),
    bytes = bytes - old.file_size * (old.state = 'receiving' OR old.state = 'received'
      OR old.state = 'delivering' OR old.state = 'failed'
        OR (old.state = 'refused' AND old.blob_present = 1)),
    records = records - old.weight WHERE name = old.owner;
  INSERT INTO owners (name, sessions, bytes, records)
    VALUES (new.owner, new.state = 'receiving',
      new.file_size * (new.state = 'receiving' OR new.state = 'received'
        OR new.state = 'delivering' OR new.state = 'failed'
        OR (new.state = 'refused' AND new.blob_present = 1)), new.weight)
    ON CONFLICT (name) DO UPDATE SET sessions = sessions + excluded.sessions,
      bytes = CAST(bytes + excluded.bytes AS INTEGER), records = records + excluded.records;
END;
CREATE TRIGGER owners_uploads_deleted AFTER DELETE ON uploads BEGIN
  UPDATE owners SET sessions = sessions - (old.state = 'receiving'),
    bytes = bytes - old.file_size * (old.state = 'receiving' OR old.state = 'received'
      OR old.state = 'delivering' OR old.state = 'failed'
        OR (old.state = 'refused' AND old.blob_present = 1)),
    records = records - old.weight WHERE name = old.owner;
END;
CREATE TRIGGER owners_videos_inserted AFTER INSERT ON videos BEGIN
  INSERT INTO owners (name, sessions, bytes, records)
    VALUES (new.owner, 0, new.files_size * new.source_present, new.weight)
    ON CONFLICT (name) DO UPDATE SET records = records + excluded.records,
      bytes = CAST(bytes + excluded.bytes AS INTEGER);
END;
CREATE TRIGGER owners_videos_changed AFTER UPDATE ON videos
WHEN old.source_present <> new.source_present OR old.owner <> new.owner
  OR old.files_size <> new.files_size OR old.weight <> new.weight BEGIN
  UPDATE owners SET bytes = bytes - old.files_size * old.source_present,
    records = records - old.weight WHERE name = old.owner;
  INSERT INTO owners (name, sessions, bytes, records)
    VALUES (new.owner, 0, new.files_size * new.source_present, new.weight)
    ON CONFLICT (name) DO UPDATE SET records = records + excluded.records,
      bytes = CAST(bytes + excluded.bytes AS INTEGER);
END;
CREATE TRIGGER owners_videos_deleted AFTER DELETE ON videos BEGIN
  UPDATE owners SET bytes = bytes - old.files_size * old.source_present,
    records = records - old.weight WHERE name = old.owner;
END;
)sql";

// How many videos an owner has, without counting them.
constexpr const char* version_11 = R"sql(
CREATE TABLE video_counts (owner TEXT NOT NULL, status TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (owner, status)) STRICT, WITHOUT ROWID;
INSERT INTO video_counts (owner, status, count)
  SELECT owner, status, count(*) FROM videos GROUP BY owner, status;
CREATE TRIGGER video_counts_inserted AFTER INSERT ON videos BEGIN
  INSERT INTO video_counts (owner, status, count) VALUES (new.owner, new.status, 1)
    ON CONFLICT (owner, status) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER video_counts_moved AFTER UPDATE ON videos
WHEN old.status <> new.status OR old.owner <> new.owner BEGIN
  UPDATE video_counts SET count = count - 1 WHERE owner = old.owner AND status = old.status;
  INSERT INTO video_counts (owner, status, count) VALUES (new.owner, new.status, 1)
    ON CONFLICT (owner, status) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER video_counts_deleted AFTER DELETE ON videos BEGIN
  UPDATE video_counts SET count = count - 1 WHERE owner = old.owner AND status = old.status;
END;
)sql";

// For pages in order of time, of all states together. A row without the name of a state is found,
// too.
constexpr const char* version_12 = R"sql(
DROP INDEX uploads_by_expiry;
CREATE INDEX uploads_due ON uploads (expires_at, id)
  WHERE state <> 'received' AND state <> 'delivering';
)sql";

// `stored` and `unsynced` may name whole parts by bits. The tables stay as they are.
constexpr const char* version_13 = "";

// `unsynced` never names more than `stored` does (name_bytes_of_blobs() in journal/boot.h). The
// tables stay as they are.
constexpr const char* version_14 = "";

// Each change of an upload names the version that it is based on.
constexpr const char* version_15 = R"sql(
ALTER TABLE uploads ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
)sql";

// The words of the session's request are the upload's, not its layout's. A file's size may be
// unknown: `file_size` is then the most that it may be, which counts for the owner.
constexpr const char* version_16 = R"sql(
ALTER TABLE uploads ADD COLUMN dialect TEXT NOT NULL DEFAULT 'panda';
ALTER TABLE uploads ADD COLUMN words TEXT NOT NULL DEFAULT '';
ALTER TABLE uploads ADD COLUMN is_partial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE uploads ADD COLUMN size_known INTEGER NOT NULL DEFAULT 1;
DROP INDEX uploads_promised;
CREATE INDEX uploads_promised ON uploads (file_size, size_known)
  WHERE state = 'receiving' AND stored = '';
UPDATE uploads SET layout = json_remove(layout, '$.asked_in_json'),
  dialect = CASE WHEN json_extract(layout, '$.asked_in_json') THEN 'panda-json'
    ELSE 'panda' END
  WHERE layout <> '' AND json_valid(layout);
)sql";

// Files that are made of partial uploads are made by the server, also after a restart.
constexpr const char* version_17 = R"sql(
ALTER TABLE uploads ADD COLUMN partials TEXT NOT NULL DEFAULT '';
CREATE INDEX uploads_unmade ON uploads (id) WHERE partials <> '' AND state = 'receiving';
)sql";

// Files that are no videos (`stored`) are in lists of their own.
constexpr const char* version_18 = R"sql(
DROP INDEX videos_listed;
DROP INDEX videos_of_owner;
CREATE INDEX videos_listed ON videos (created_at) WHERE status <> 'deleted' AND status <> 'stored';
CREATE INDEX videos_of_owner ON videos (owner, created_at)
  WHERE status <> 'deleted' AND status <> 'stored';
)sql";

// What the checks say before a hand-off: `cleared` 1 where they have taken the file. The file of an
// upload in the new state `set_aside` counts for its owner.
constexpr const char* version_19 = R"sql(
ALTER TABLE uploads ADD COLUMN cleared INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER owners_set_aside AFTER UPDATE ON uploads
WHEN new.state = 'set_aside' AND old.state <> 'set_aside' BEGIN
  UPDATE owners SET bytes = CAST(bytes + new.file_size AS INTEGER) WHERE name = new.owner;
END;
CREATE TRIGGER owners_set_aside_ended AFTER UPDATE ON uploads
WHEN old.state = 'set_aside' AND new.state <> 'set_aside' BEGIN
  UPDATE owners SET bytes = bytes - old.file_size WHERE name = old.owner;
END;
CREATE TRIGGER owners_set_aside_deleted AFTER DELETE ON uploads WHEN old.state = 'set_aside' BEGIN
  UPDATE owners SET bytes = bytes - old.file_size WHERE name = old.owner;
END;
)sql";

// Where bytes lie, in a store of objects. `last` is the last byte.
constexpr const char* version_20 = R"sql(
CREATE TABLE extents (upload_id INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  object TEXT NOT NULL, object_begin INTEGER NOT NULL, PRIMARY KEY (upload_id, first)) STRICT;
CREATE TRIGGER extents_without_blob AFTER UPDATE ON uploads
WHEN new.blob_present = 0 AND old.blob_present <> 0 BEGIN
  DELETE FROM extents WHERE upload_id = new.id;
END;
CREATE TRIGGER extents_without_upload AFTER DELETE ON uploads BEGIN
  DELETE FROM extents WHERE upload_id = old.id;
END;
)sql";

constexpr std::array steps_of_sluice{version_1,  version_2,  version_3,  version_4,  version_5,
                                     version_6,  version_7,  version_8,  version_9,  version_10,
                                     version_11, version_12, version_13, version_14, version_15,
                                     version_16, version_17, version_18, version_19, version_20};

}  // namespace

MigrationSteps migration_steps() {
  return steps_of_sluice;
}

}  // namespace sluice::journal
