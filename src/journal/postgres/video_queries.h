// SPDX-License-Identifier: MIT
// The table `videos`: changes and questions as queries.
#pragma once

#include <cstddef>
#include <string>

#include "journal/journal.h"
#include "journal/postgres/query.h"
#include "model/video.h"

namespace sluice::journal::postgres {

Query put_video(const model::VideoRecord& record);
Query remove_video(const std::string& id);

// Of these a row is a number that the row keeps, and the record.
Query find_video(const std::string& id);
Query videos_after(const std::string& after, std::size_t count);
Query leftover_videos(const std::string& after, std::size_t count);
Query list_videos(const VideoQuery& query, std::size_t count);
// How many match, on all pages.
Query count_videos(const VideoQuery& query);

}  // namespace sluice::journal::postgres
