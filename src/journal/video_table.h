// SPDX-License-Identifier: MIT
// The table `videos`: records to rows and back. On the thread of its connection, which must outlive
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "journal/damaged_rows.h"
#include "journal/journal.h"
#include "journal/sqlite_connection.h"
#include "model/video.h"

namespace sluice::journal {

// Where a list goes on: behind the video with this time and row. At first, before every one.
struct VideoPosition {
  std::int64_t created_at = std::numeric_limits<std::int64_t>::max();
  std::int64_t row = std::numeric_limits<std::int64_t>::max();
};

class VideoTable {
 public:
  VideoTable(Connection& connection, DamagedRows& damaged)
      : connection_(connection), damaged_(damaged) {}
  // Once, before anything else, when the schema is there.
  Result<> prepare();

  Result<> put(const model::VideoRecord& record);
  // A row that is not there is as good as removed.
  Result<> remove(const std::string& id);

  // As the functions of the same names in journal.h.
  Result<std::optional<model::VideoRecord>> find(const std::string& id);
  // Of those that match, on all pages.
  Result<std::uint64_t> total(const VideoQuery& query);
  // Moves the position over `count` that match. False when there are fewer.
  Result<bool> skip(const VideoQuery& query, std::size_t count, VideoPosition& position);
  // Of the next `count` that match those that can be read, and no further one when these have
  // limits::read_step_bytes. Takes what it has looked at from the count.
  Result<std::vector<model::VideoRecord>> rows(const VideoQuery& query, std::size_t& count,
                                               VideoPosition& position);
  Result<std::vector<model::VideoRecord>> leftover(const std::string& after, std::size_t count);
  // As videos_after() of sqlite_journal.h.
  Result<std::vector<model::VideoRecord>> after(const std::string& id, std::size_t count);

 private:
  struct Lists {
    Statement total;
    Statement skip;
    Statement rows;
  };
  Lists& lists_for(const VideoQuery& query);
  Result<> prepare_lists();
  static void bind(Execution& execution, const VideoQuery& query);
  static void bind(Execution& execution, const VideoPosition& position);

  Result<std::optional<model::VideoRecord>> find_by_rowid(std::int64_t rowid);
  // The records of these rows.
  Result<std::vector<model::VideoRecord>> read(Execution& rowids, std::size_t count);

  Connection& connection_;
  DamagedRows& damaged_;
  Statement put_;
  Statement remove_;
  Statement find_;
  Statement find_by_rowid_;
  Lists all_;
  Lists by_status_;
  Lists of_owner_;
  Lists of_owner_by_status_;
  Statement leftover_;
  Statement after_;
};

// One page in steps, none of which looks at more than limits::read_step_entries of an index or
// reads much more than limits::read_step_bytes. Videos that come and go between two steps may shift
// the page, as they do between two pages.
class VideoListing {
 public:
  VideoListing(VideoTable& videos, VideoQuery query);
  // Unset when there is more to do.
  std::optional<Result<VideoPage>> step();

 private:
  Result<bool> advance();  // True at the end.

  VideoTable* videos_;
  VideoQuery query_;
  VideoPage page_;
  VideoPosition position_;
  std::size_t to_skip_;
  std::size_t to_read_;
  bool is_counted_ = false;
};

}  // namespace sluice::journal
