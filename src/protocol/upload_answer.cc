// SPDX-License-Identifier: MIT
#include "protocol/upload_answer.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value_from.hpp>
#include <string_view>
#include <utility>

#include "base/checked.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/told.h"
#include "http/active_content.h"
#include "protocol/media_type.h"

namespace sluice::protocol {

namespace json = boost::json;

bool is_decided(const upload::Snapshot& snapshot) noexcept {
  return snapshot.answer || snapshot.state == model::UploadState::failed;
}

bool is_whole(const upload::Snapshot& snapshot) noexcept {
  return snapshot.answer || snapshot.file_size == snapshot.stored.prefix();
}

bool is_taken(const upload::Snapshot& snapshot) noexcept {
  return snapshot.state == model::UploadState::delivered;
}

bool is_ended_badly(const upload::Snapshot& snapshot) noexcept {
  return is_decided(snapshot) && !is_taken(snapshot);
}

std::uint64_t told_offset(const upload::Snapshot& snapshot) noexcept {
  const std::uint64_t size = snapshot.file_size.value_or(0);
  if (is_taken(snapshot)) {
    return size;
  }
  return is_whole(snapshot) && !snapshot.is_partial ? saturating_subtract(size, 1)
                                                    : snapshot.acknowledged;
}

void add_progress(http::Headers& headers, const upload::Snapshot& snapshot,
                  const std::string& location) {
  const std::uint64_t count =
      snapshot.answer ? snapshot.file_size.value_or(0) : snapshot.acknowledged;
  if (count > 0) {
    headers.set("Range", "0-" + std::to_string(count - 1));
  }
  headers.set("Location", location);
}

http::Response expected_answer(const model::Answer& answer) {
  http::Response response;
  response.status = answer.status;
  response.body = answer.body;
  for (const auto& [name, value] : answer.headers) {
    const bool is_type = equals_ignoring_case(name, "Content-Type");
    response.headers.add(name, is_type ? http::passive_media_type(value) : value);
  }
  return response;
}

http::Response final_answer(const model::Answer& answer) {
  http::Response response = expected_answer(answer);
  response.headers.set("Sluice-Answer", "backend");
  return response;
}

http::Response progress_answer(const upload::Snapshot& snapshot, const std::string& location) {
  http::Response response;
  response.status = 204;
  if (snapshot.answer) {
    response = final_answer(*snapshot.answer);
  }
  // A backend that names what it has made of the file means that with Location (RFC 9110 10.2.2).
  const std::string_view made = response.headers.find("Location").value_or(location);
  add_progress(response.headers, snapshot, std::string(made));
  return response;
}

namespace {

std::string_view content_type_of(const model::Answer& answer) {
  for (const auto& [name, value] : answer.headers) {
    if (equals_ignoring_case(name, "Content-Type")) {
      return value;
    }
  }
  return {};
}

// JSON stays as it came: read and written anew its numbers could be others.
std::string body_in_json(const model::Answer& answer) {
  const std::string type = media_type(content_type_of(answer));
  if (type == "application/json" || type.ends_with("+json")) {
    json::error_code error;
    (void)json::parse(answer.body, error);
    if (!error) {
      return answer.body;
    }
  }
  return json::serialize(json::string(to_valid_utf8(answer.body)));
}

// A long body is left to those that ask for the answer itself.
std::string answer_in_json(const model::Answer& answer) {
  std::string text = "{\"status\":" + std::to_string(answer.status);
  if (const std::string_view type = content_type_of(answer); !type.empty()) {
    text += ",\"content_type\":" + json::serialize(json::string(to_valid_utf8(type)));
  }
  if (answer.spilled_bytes > 0 || answer.body.size() > limits::described_answer_bytes_max) {
    const std::uint64_t size = std::max<std::uint64_t>(answer.spilled_bytes, answer.body.size());
    return text + ",\"body_bytes\":" + std::to_string(size) + "}";
  }
  return text + ",\"body\":" + body_in_json(answer) + "}";
}

}  // namespace

Error failure_of(const upload::Snapshot& snapshot) {
  return Error(Errc::delivery_failed, snapshot.failure);
}

runtime::Task<Result<http::Response>> with_whole_body(upload::Engine& engine,
                                                      const upload::Snapshot& snapshot,
                                                      http::Response response) {
  if (snapshot.answer && snapshot.answer->spilled_bytes > 0) {
    auto body = co_await engine.open_answer(snapshot.id, *snapshot.answer);
    if (!body) {
      co_return fail(body.error());
    }
    response.source = *std::move(body);
  }
  co_return response;
}

http::Response description_answer(const upload::Snapshot& snapshot) {
  json::array stored;
  for (const ByteRange& range : snapshot.stored.ranges()) {
    json::array bounds;
    bounds.emplace_back(range.begin);
    bounds.emplace_back(saturating_subtract(range.end, 1));
    stored.emplace_back(std::move(bounds));
  }
  json::object document;
  document["id"] = snapshot.id;
  document["file_name"] = to_valid_utf8(snapshot.file_name);
  document["file_size"] = json::value_from(snapshot.file_size);
  document["state"] = model::to_text(snapshot.state);
  if (snapshot.state == model::UploadState::failed) {
    document["failure"] = told(failure_of(snapshot));
  }
  document["received"] = snapshot.answer ? snapshot.file_size.value_or(0) : snapshot.acknowledged;
  document["stored"] = std::move(stored);
  document["created_at"] = to_iso8601(snapshot.created_at);
  document["expires_at"] = to_iso8601(snapshot.expires_at);
  std::string text = json::serialize(document);
  if (snapshot.answer) {
    text.pop_back();  // The bracket at the end.
    text += ",\"answer\":" + answer_in_json(*snapshot.answer) + "}";
  }
  http::Response response = http::json_response(200, std::move(text));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace sluice::protocol
