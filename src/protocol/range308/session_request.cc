// SPDX-License-Identifier: MIT
#include "protocol/range308/session_request.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"
#include "http/urlencoded.h"
#include "protocol/dialect_names.h"
#include "protocol/kept_parameters.h"
#include "protocol/number_field.h"

namespace sluice::protocol::range308 {
namespace {

constexpr const char* size_field = "X-Upload-Content-Length";
constexpr const char* type_field = "X-Upload-Content-Type";

// Of a file that came without one. The backend needs a name.
constexpr const char* unnamed = "upload";

std::string first_of(const Parameters& parameters, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const std::optional<std::string> text = parameters.text(name);
    if (text && !text->empty()) {
      return *text;
    }
  }
  return {};
}

Result<std::optional<std::uint64_t>> size_of(const http::Request& request,
                                             const Parameters& described) {
  const auto field = number_field(request.headers, size_field);
  const auto parameter = described.integer("size", 0);
  for (const auto* const one : {&field, &parameter}) {
    if (!*one) {
      return fail(one->error());
    }
  }
  const std::optional<std::uint64_t> size = *field ? *field : *parameter;
  if (size && *size > limits::file_size_max) {
    return fail(Errc::file_too_large, "expected at most " + std::to_string(limits::file_size_max) +
                                          " bytes, got " + std::to_string(*size));
  }
  return size;
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
  const Result<std::optional<std::uint64_t>> size = size_of(request, described);
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
  session.parameters = kept_parameters(described, vouched, [](std::string_view name) {
    return name == "uploadType" || name == "upload_type";
  });
  return session;
}

}  // namespace sluice::protocol::range308
