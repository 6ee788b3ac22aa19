// SPDX-License-Identifier: MIT
// The file of a finished upload as the answer to a GET or HEAD.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "protocol/call.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol {

// The bytes that the request asks for (http/range_request.h), for a client to store: no browser is
// to show or run them with the rights of this server's origin. Errors are those of
// Engine::open_file().
runtime::Task<Answer> download(upload::Engine& engine, const http::Request& request,
                               const upload::Snapshot& snapshot);

// The value of Content-Disposition (RFC 6266, RFC 8187) for a file that a client has named. Of a
// long name it has the end, with the extension.
std::string attachment_called(std::string_view file_name);

}  // namespace sluice::protocol
