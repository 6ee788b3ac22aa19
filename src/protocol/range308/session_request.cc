// SPDX-License-Identifier: MIT
#include "protocol/range308/session_request.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "http/urlencoded.h"
#include "protocol/dialect_names.h"

namespace sluice::protocol::range308 {
namespace {

namespace json = boost::json;

constexpr const char* size_field = "X-Upload-Content-Length";
constexpr const char* type_field = "X-Upload-Content-Type";

// The first has a field of its own, the next two are the protocol's, the last let a reader of the
// journal act for the client.
constexpr std::array<std::string_view, 5> not_kept{"file_name", "uploadType", "upload_type",
                                                   "signature", "token"};
// What a request may do is said where it is judged.
constexpr std::array<std::string_view, 2> not_without_credentials{"cloud_id", "factory_id"};

// Of a file that came without one. The backend needs a name.
constexpr const char* unnamed = "upload";

bool is_in(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string first_of(const Parameters& parameters, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const std::optional<std::string> text = parameters.text(name);
    if (text && !text->empty()) {
      return *text;
    }
  }
  return {};
}

Result<std::uint64_t> number_in(std::string_view name, std::string_view text) {
  const bool is_number =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) {
    return fail(
        Errc::bad_request,
        std::string(name) + ": expected the size of the file in bytes, got " + in_quotes(text));
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? number : std::numeric_limits<std::uint64_t>::max();
}

Result<std::uint64_t> size_of(const http::Request& request, const Parameters& described) {
  if (request.headers.count(size_field) > 1) {
    return fail(Errc::bad_request, std::string(size_field) + ": expected it once");
  }
  const auto field = request.headers.find(size_field);
  const std::optional<std::string> parameter = described.text("size");
  if (!field && !parameter) {
    return fail(Errc::bad_request,
                std::string("expected the size of the file, in ") + size_field + " or in \"size\"");
  }
  const Result<std::uint64_t> size =
      field ? number_in(size_field, trimmed(*field)) : number_in("size", *parameter);
  if (size && *size > limits::file_size_max) {
    return fail(Errc::file_too_large, "expected at most " + std::to_string(limits::file_size_max) +
                                          " bytes, got " + std::to_string(*size));
  }
  return size;
}

std::string kept_parameters(const Parameters& described, const Parameters& vouched) {
  json::object kept;
  json::object metadata;
  for (const json::key_value_pair& parameter : described.values()) {
    const std::string_view name = parameter.key();
    if (is_in(not_kept, name)) {
      continue;
    }
    if (vouched.values().contains(name)) {
      kept.emplace(name, parameter.value());
    } else if (!is_in(not_without_credentials, name)) {
      metadata.emplace(name, parameter.value());
    }
  }
  if (!metadata.empty()) {
    kept.emplace("metadata", std::move(metadata));  // Not where that name is vouched for.
  }
  return json::serialize(kept);
}

}  // namespace

bool asks_for_session(const http::Request& request) {
  if (request.headers.find(size_field) || request.headers.find(type_field)) {
    return true;
  }
  const Result<std::vector<http::FormField>> query = http::parse_urlencoded(request.query);
  return query && std::ranges::any_of(*query, [](const http::FormField& field) {
           return (field.name == "uploadType" || field.name == "upload_type") &&
                  field.value == "resumable";
         });
}

Result<upload::NewUpload> parse_session(const http::Request& request, const Parameters& described,
                                        const Parameters& vouched) {
  const Result<std::uint64_t> size = size_of(request, described);
  if (!size) {
    return fail(size.error());
  }
  upload::NewUpload session;
  session.dialect = range308_name;
  session.file_size = *size;
  session.file_name = first_of(described, {"file_name", "name", "title"});
  if (session.file_name.size() > limits::file_name_bytes_max) {
    return fail(Errc::bad_request, "the name of the file: expected at most " +
                                       std::to_string(limits::file_name_bytes_max) +
                                       " bytes, got " + std::to_string(session.file_name.size()));
  }
  if (session.file_name.empty()) {
    session.file_name = unnamed;
  }
  session.content_type = to_valid_utf8(trimmed(request.headers.find(type_field).value_or("")));
  if (session.content_type.empty()) {
    session.content_type = first_of(described, {"content_type", "contentType", "mimeType"});
  }
  session.parameters = kept_parameters(described, vouched);
  return session;
}

}  // namespace sluice::protocol::range308
