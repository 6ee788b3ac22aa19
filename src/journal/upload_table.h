// SPDX-License-Identifier: MIT
// The table `uploads`: records to rows and back. On the thread of its connection. Its references
// must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "journal/changes.h"
#include "journal/damaged_rows.h"
#include "journal/journal.h"
#include "journal/sqlite_connection.h"
#include "model/upload.h"

namespace sluice::journal {

class UploadTable {
 public:
  UploadTable(Connection& connection, DamagedRows& damaged)
      : connection_(connection), damaged_(damaged) {}
  // Once, before anything else, when the schema is there.
  Result<> prepare();

  Result<> create(const model::UploadRecord& record);
  // `conflict` for another version, or none. As forget_details() where the upload is settled; of
  // its owner's aborted and expired ones the oldest go when there are too many.
  Result<> update(const UpdateUpload& update);
  // A row that is not there is as good as removed, unless a version is meant: `conflict`.
  Result<> remove(const RemoveUpload& change);

  // As the functions of the same names in journal.h.
  Result<std::optional<model::UploadRecord>> find(const std::string& token);
  Result<std::optional<model::UploadRecord>> find_by_id(std::uint64_t id);
  Result<std::vector<model::UploadRecord>> undelivered(std::uint64_t after, std::size_t count);
  Result<std::vector<model::UploadRecord>> due(Timestamp now, ExpiryPosition after,
                                               std::size_t count);
  Result<std::vector<model::UploadRecord>> leftover_blobs(std::uint64_t after, std::size_t count);
  Result<std::vector<Decided>> decided(Decided after, Timestamp until, std::size_t count);
  Result<std::vector<model::UploadRecord>> unsynced(std::uint64_t after, std::size_t count);
  Result<std::vector<model::UploadRecord>> unmade(std::uint64_t after, std::size_t count);
  Result<std::map<model::UploadState, std::uint64_t>> counts();
  // A step of Journal::list_uploads(), which reads not much more than limits::read_step_entries and
  // limits::read_step_bytes. Adds to the page and moves the query on; true at its end.
  Result<bool> list_some(UploadQuery& query, std::vector<model::UploadRecord>& page);
  // As uploads_after() of sqlite_journal.h.
  Result<std::vector<model::UploadRecord>> after(std::uint64_t id, std::size_t count);
  // The highest id that was ever journalled.
  Result<std::uint64_t> last_id();
  // The room for all uploads in `receiving` of which nothing is stored.
  Result<std::uint64_t> promised_bytes();
  // Of these, the uploads that have an owner.
  Result<std::vector<PromisedRoom>> promised_to_owners();

 private:
  Result<> change(Statement& statement, const UpdateUpload& update);
  Result<> expect_new(const std::string& token);
  // The records whose ids the rows have.
  Result<std::vector<model::UploadRecord>> read(Execution& ids, std::size_t count);

  Connection& connection_;
  DamagedRows& damaged_;
  Statement insert_;
  Statement update_;
  Statement finish_;
  Statement bury_;
  Statement forget_gone_;
  Statement remove_;
  Statement remove_version_;
  Statement id_of_;
  Statement find_by_id_;
  Statement undelivered_;
  Statement due_;
  Statement leftover_;
  Statement decided_;
  Statement unsynced_;
  Statement unmade_;
  Statement counts_;
  Statement list_;
  Statement list_newest_;
  Statement after_;
  Statement last_id_;
  Statement promised_;
  Statement promised_to_owners_;
};

}  // namespace sluice::journal
