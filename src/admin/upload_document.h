// SPDX-License-Identifier: MIT
// Uploads as JSON for operators. Without tokens: a location is the client's alone.
#pragma once

#include <boost/json/object.hpp>
#include <vector>

#include "upload/operations.h"

namespace sluice::admin {

// `{"id","state","file_name","file_size","arrived","receiving","owner","dialect","created_at",...}`;
// members that say nothing are left out. Times as "2026-11-22T17:20:58Z".
boost::json::object summary_of(const upload::UploadView& view);

// The same with the session's parameters and origin, with the backend's answer, and with what has
// happened: `"events":[{"at","until","event","count","bytes","words"}]` (upload/story.h), in detail
// since `in_memory_since`.
boost::json::object whole_story_of(const upload::UploadView& view);

}  // namespace sluice::admin
