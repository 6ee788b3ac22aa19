// SPDX-License-Identifier: MIT
#include "protocol/rufh/rufh_answer.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <utility>

#include "base/encoding.h"
#include "http/structured_fields.h"
#include "protocol/upload_answer.h"

namespace sluice::protocol::rufh {
namespace {

namespace json = boost::json;

// RFC 9651 3.3.1
constexpr std::uint64_t structured_integer_max = 999'999'999'999'999;

http::Response problem(int status, const char* type, const char* title, json::object more) {
  json::object document;
  document["type"] = std::string("https://iana.org/assignments/http-problem-types#") + type;
  document["title"] = title;
  document["status"] = status;
  for (json::key_value_pair& member : more) {
    document.emplace(member.key(), std::move(member.value()));
  }
  http::Response response = http::json_response(status, json::serialize(document));
  response.headers.set("Content-Type", "application/problem+json");
  return response;
}

}  // namespace

void add_version(http::Headers& headers, const RufhFields& fields) {
  if (fields.is_spoken) {
    headers.set("Upload-Draft-Interop-Version", std::to_string(fields.rules->number));
  }
}

void add_completeness(http::Headers& headers, const InteropVersion& rules, bool is_complete) {
  headers.set(rules.says_incomplete ? "Upload-Incomplete" : "Upload-Complete",
              http::structured_boolean(rules.says_incomplete != is_complete));
}

void add_offset(http::Headers& headers, const upload::Snapshot& snapshot) {
  headers.set("Upload-Offset", std::to_string(told_offset(snapshot)));
}

std::string upload_limit(const InteropVersion& rules, std::uint64_t file_size_max,
                         std::optional<Duration> life) {
  std::string text = "max-size=" + std::to_string(std::min(file_size_max, structured_integer_max)) +
                     ", min-size=0";
  if (life && rules.lifetime_key != nullptr) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*life).count();
    text += std::string(", ") + rules.lifetime_key + '=' +
            std::to_string(std::max<std::int64_t>(seconds, 0));
  }
  return text;
}

http::Response offset_problem(std::uint64_t expected, std::uint64_t provided) {
  return problem(409, "mismatching-upload-offset",
                 "offset from request does not match offset of resource",
                 {{"expected-offset", expected}, {"provided-offset", provided}});
}

http::Response length_problem(const std::string& detail) {
  return problem(400, "inconsistent-upload-length", "inconsistent length values for upload",
                 {{"detail", to_valid_utf8(detail)}});
}

http::Response completed_problem() {
  return problem(400, "completed-upload", "upload is already completed", {});
}

}  // namespace sluice::protocol::rufh
