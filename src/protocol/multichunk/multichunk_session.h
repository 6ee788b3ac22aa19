// SPDX-License-Identifier: MIT
// Opening a multi-chunk session: from its parameters to its layout, and what its client is told.
// Knows no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "http/message.h"
#include "journal/layout.h"
#include "protocol/parameters.h"

namespace sluice::protocol::multichunk {

// nullopt for a single-stream session. bad_request names the parameter, what is expected and what
// came; file_too_large when all files together are above `file_size_max`.
Result<std::optional<journal::Layout>> parse_layout(const http::Request& request,
                                                    const Parameters& parameters,
                                                    std::uint64_t main_size,
                                                    std::uint64_t file_size_max);

// 201. Every scalar is a string: clients decode nothing else (panda-clients 1.3).
http::Response session_answer(std::uint64_t upload_id, const std::string& location,
                              const journal::Layout& layout, std::size_t connections);

}  // namespace sluice::protocol::multichunk
