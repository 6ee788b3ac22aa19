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
std::string content_type_of(const upload::Snapshot& snapshot) {
  const std::string type = media_type(snapshot.content_type);
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

runtime::Task<Answer> download(upload::Engine& engine, const http::Request& request,
                               const upload::Snapshot& snapshot) {
  const std::uint64_t size =
      snapshot.layout ? snapshot.layout->main_size : snapshot.file_size.value_or(0);
  const std::string etag = etag_of(snapshot);
  const http::WantedBytes wanted = http::wanted_bytes(request, etag, size);
  auto bytes = co_await engine.open_file(snapshot.token, wanted.range);
  if (!bytes) {
    co_return fail(bytes.error());
  }
  http::Response response = http::range_answer(wanted, etag, size);
  response.headers.set("Content-Security-Policy", "sandbox");
  if (response.status == 200 || response.status == 206) {
    response.headers.set("Content-Type", content_type_of(snapshot));
    response.headers.set("Content-Disposition", attachment_called(snapshot.file_name));
    response.source = *std::move(bytes);
  }
  co_return response;
}

}  // namespace sluice::protocol
