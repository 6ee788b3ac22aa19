// SPDX-License-Identifier: MIT
// The table `uploads`: changes and questions as queries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "journal/changes.h"
#include "journal/journal.h"
#include "journal/postgres/query.h"
#include "model/upload.h"

namespace sluice::journal::postgres {

Query create_upload(const model::UploadRecord& record);
// As forget_details() where the upload is settled. conflict_state when it has another version, or
// is gone.
Query update_upload(const UpdateUpload& update);
// Of the upload's owner the oldest aborted and expired ones go when there are too many.
Query forget_gone_uploads(std::uint64_t id);
// conflict_state when a version is meant and not there.
Query remove_upload(const RemoveUpload& change);
// So that nothing else changes the upload, or its extents, before the end of the transaction.
Query lock_upload(std::uint64_t id);

// Of these the rows are whole records.
Query find_upload(const std::string& token);
Query find_upload_by_id(std::uint64_t id);
Query undelivered_uploads(std::uint64_t after, std::size_t count);
Query due_uploads(Timestamp now, ExpiryPosition after, std::size_t count);
Query leftover_uploads(std::uint64_t after, std::size_t count);
Query unsynced_uploads(std::uint64_t after, std::size_t count);
Query unmade_uploads(std::uint64_t after, std::size_t count);
// Of the next limits::read_step_entries behind query.after, or before it, those that match.
Query list_uploads_step(const UploadQuery& query);
// One row: how many entries that step has, and the id of the last.
Query end_of_step(const UploadQuery& query);

// next_attempt_at, id
Query decided_uploads(Decided after, Timestamp until, std::size_t count);
// state, count
Query count_uploads();
// id, owner, bytes: of those in `receiving` with nothing stored.
Query promised_rooms();
Query next_upload_ids();

}  // namespace sluice::journal::postgres
