// SPDX-License-Identifier: MIT
// Opening a multi-chunk session: from its parameters to its layout, and what its client is told.
// Knows no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "model/layout.h"
#include "protocol/parameters.h"

namespace sluice::protocol::multichunk {

// nullopt for a single-stream session. bad_request names the parameter, what is expected and what
// came; file_too_large when all files together are above `file_size_max`.
Result<std::optional<model::Layout>> parse_layout(const Parameters& parameters,
                                                  std::optional<std::uint64_t> main_size,
                                                  std::uint64_t file_size_max);

// model::UploadRecord::dialect of multi-chunk uploads: clients whose session's request has a JSON
// body read the status differently (panda-clients 4.4).
inline constexpr std::string_view asked_in_json = "panda-json";
inline constexpr std::string_view asked_in_form = "panda";
// One of these two.
std::string_view dialect_of(const http::Request& session_request);

// 201. Every scalar is a string: clients decode nothing else (panda-clients 1.3).
http::Response session_answer(std::uint64_t upload_id, const std::string& location,
                              const model::Layout& layout, std::size_t connections);

}  // namespace sluice::protocol::multichunk
