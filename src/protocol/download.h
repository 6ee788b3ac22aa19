// SPDX-License-Identifier: MIT
// The file of a finished upload as the answer to a GET or HEAD.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "http/message.h"
#include "protocol/call.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol {

// What is told of a file that a client may have.
struct FileToDownload {
  std::string name;  // The client's words, both.
  std::string content_type;
  std::string etag;  // Strong, in its quotes.
  std::uint64_t size = 0;
  // Its bytes. Called also where none are wanted (an empty range): the file has to be there.
  std::function<runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>>(ByteRange)> open;
};

// The bytes that the request asks for (http/range_request.h), for a client to store: no browser is
// to show or run them with the rights of this server's origin. Errors are those of open(). `file`
// lives until this returns.
runtime::Task<Answer> download(const http::Request& request, const FileToDownload& file);
// The same of an upload's file; errors are those of Engine::open_file().
runtime::Task<Answer> download(upload::Engine& engine, const http::Request& request,
                               const upload::Snapshot& snapshot);

// The value of Content-Disposition (RFC 6266, RFC 8187) for a file that a client has named. Of a
// long name it has the end, with the extension.
std::string attachment_called(std::string_view file_name);

}  // namespace sluice::protocol
