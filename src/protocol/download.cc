// SPDX-License-Identifier: MIT
#include "protocol/download.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "http/active_content.h"
#include "http/range_request.h"
#include "protocol/media_type.h"

namespace sluice::protocol {
namespace {

// The type and subtype alone: parameters are text that a client chose freely.
std::string type_to_tell(const std::string& content_type) {
  const std::string type = media_type(content_type);
  return type.empty() || type.size() > limits::file_media_type_bytes_max
             ? "application/octet-stream"
             : http::passive_media_type(type);
}

// The same for the bytes of one upload, and no way back to its token.
std::string etag_of(const upload::Snapshot& snapshot) {
  return '"' + short_digest("content:" + snapshot.token) + '"';
}

}  // namespace

std::string attachment_called(std::string_view file_name) {
  std::string name = to_valid_utf8(file_name);
  if (name.size() > limits::told_file_name_bytes_max) {
    name.erase(0, name.size() - limits::told_file_name_bytes_max);
    // Not from the middle of a character.
    const auto is_inside = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
    name.erase(name.begin(), std::ranges::find_if_not(name, is_inside));
  }
  return "attachment; filename*=UTF-8''" + percent_encode(name);
}

runtime::Task<Answer> download(const http::Request& request, const FileToDownload& file) {
  const http::WantedBytes wanted = http::wanted_bytes(request, file.etag, file.size);
  auto bytes = co_await file.open(wanted.range);
  if (!bytes) {
    co_return fail(bytes.error());
  }
  http::Response response = http::range_answer(wanted, file.etag, file.size);
  response.headers.set("Content-Security-Policy", "sandbox");
  if (response.status == 200 || response.status == 206) {
    response.headers.set("Content-Type", type_to_tell(file.content_type));
    response.headers.set("Content-Disposition", attachment_called(file.name));
    response.source = *std::move(bytes);
  }
  co_return response;
}

runtime::Task<Answer> download(upload::Engine& engine, const http::Request& request,
                               const upload::Snapshot& snapshot) {
  FileToDownload file;
  file.name = snapshot.file_name;
  file.content_type = snapshot.content_type;
  file.etag = etag_of(snapshot);
  file.size = snapshot.layout ? snapshot.layout->main_size : snapshot.file_size.value_or(0);
  file.open = [&engine, &snapshot](ByteRange range) {
    return engine.open_file(snapshot.token, range);
  };
  co_return co_await download(request, file);
}

}  // namespace sluice::protocol
