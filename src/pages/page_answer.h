// SPDX-License-Identifier: MIT
// A file of the pages as the answer to a request: with its policy, its tag, and compressed where
// the client can read that.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "pages/page_file.h"

namespace sluice::pages {

// not_found where there is no file at `path`, which need not be the request's.
Result<http::Response> answer_at(std::span<const PageFile> files, std::string_view path,
                                 const http::Request& request);

}  // namespace sluice::pages
