// SPDX-License-Identifier: MIT
#include "protocol/tus/tus_answer.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <chrono>

#include "base/checked.h"
#include "base/encoding.h"
#include "base/told.h"
#include "protocol/tus/kept_words.h"
#include "protocol/tus/tus_fields.h"
#include "protocol/upload_answer.h"

namespace sluice::protocol::tus {

void add_progress(http::Headers& headers, const upload::Snapshot& snapshot) {
  headers.set("Upload-Offset", std::to_string(told_offset(snapshot)));
  headers.set("Upload-Expires", to_imf_fixdate(snapshot.expires_at));
}

void add_standing(http::Headers& headers, const upload::Snapshot& snapshot) {
  const KeptWords words = KeptWords::parse(snapshot.words);
  headers.set("Upload-Expires", to_imf_fixdate(snapshot.expires_at));
  if (!words.is_final() || is_taken(snapshot)) {
    add_progress(headers, snapshot);
  }
  if (snapshot.file_size) {
    headers.set("Upload-Length", std::to_string(*snapshot.file_size));
  } else if (!words.is_final()) {
    headers.set("Upload-Defer-Length", "1");
  }
  if (!words.metadata.empty()) {
    headers.set("Upload-Metadata", words.metadata);
  }
  if (!words.concat.empty()) {
    headers.set("Upload-Concat", words.concat);
  }
}

std::string to_imf_fixdate(Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                     fmt::gmtime(static_cast<std::time_t>(seconds.count())));
}

http::Response checksum_answer() {
  return plain_answer(460, "Upload-Checksum is not that of the bytes that came: none was kept");
}

http::Response plain_answer(int status, const std::string& text) {
  http::Response response;
  response.status = status;
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.headers.set("Tus-Resumable", version);
  response.body = to_valid_utf8(text) + "\n";
  return response;
}

http::Response error_answer(const Error& error) {
  // Clients give up at a 408, as at every 4xx but for 409 and 423.
  constexpr int timeout = 408;
  const ErrcInfo& row = info(error.code());
  const int status =
      row.http_status == timeout ? info(Errc::overloaded).http_status : row.http_status;
  const http::Response usual = http::error_response(error);
  const std::string message = told(error);
  http::Response response =
      plain_answer(status, message.empty() ? std::string(http::reason_phrase(status)) : message);
  if (const auto pause = usual.headers.find("Retry-After")) {
    response.headers.set("Retry-After", std::string(*pause));
  }
  if (error.code() == Errc::not_authorized) {
    response.headers.set("WWW-Authenticate", "Bearer");
  }
  return response;
}

}  // namespace sluice::protocol::tus
