// SPDX-License-Identifier: MIT
// The table `videos`: records to rows and back. On the thread of its connection, which must outlive
// it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "journal/journal.h"
#include "journal/records.h"
#include "journal/sqlite_connection.h"

namespace sluice::journal {

class VideoTable {
 public:
  explicit VideoTable(Connection& connection) : connection_(connection) {}
  // Once, before anything else, when the schema is there.
  Result<> prepare();

  Result<> put(const VideoRecord& record);
  // A row that is not there is as good as removed.
  Result<> remove(const std::string& id);

  // As the functions of the same names in journal.h.
  Result<std::optional<VideoRecord>> find(const std::string& id);
  Result<VideoPage> list(const VideoQuery& query);
  Result<std::vector<VideoRecord>> leftover(std::size_t count);
  // As videos_after() of sqlite_journal.h.
  Result<std::vector<VideoRecord>> after(const std::string& id, std::size_t count);

 private:
  // The statements for a query: the rows of a page, and the number of all.
  Statement& rows_for(const VideoQuery& query);
  Statement& total_for(const VideoQuery& query);

  Connection& connection_;
  Statement put_;
  Statement remove_;
  Statement find_;
  Statement list_;
  Statement list_by_status_;
  Statement list_of_owner_;
  Statement list_of_owner_by_status_;
  Statement total_;
  Statement total_by_status_;
  Statement total_of_owner_;
  Statement total_of_owner_by_status_;
  Statement leftover_;
  Statement after_;
};

}  // namespace sluice::journal
