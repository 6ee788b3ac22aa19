// SPDX-License-Identifier: MIT
#include "protocol/rufh/rufh_fields.h"

#include <string>
#include <string_view>
#include <variant>

#include "base/check.h"
#include "base/encoding.h"
#include "http/structured_fields.h"
#include "protocol/dialect_names.h"

namespace sluice::protocol::rufh {
namespace {

constexpr const char* version_field = "Upload-Draft-Interop-Version";

// Of one type. nullopt: the field is absent.
template <class Type>
Result<std::optional<Type>> value_of(const http::Headers& headers, const char* name,
                                     const char* expected) {
  const std::optional<std::string> text = http::structured_text(headers, name);
  if (!text) {
    return std::nullopt;
  }
  const std::optional<http::StructuredValue> value = http::parse_structured_item(*text);
  const Type* const typed = value ? std::get_if<Type>(&*value) : nullptr;
  if (typed == nullptr) {
    return fail(Errc::bad_request,
                std::string(name) + ": expected " + expected + ", got " + in_quotes(*text));
  }
  return *typed;
}

Result<std::optional<std::uint64_t>> number_of(const http::Headers& headers, const char* name) {
  constexpr const char* expected = "a number of bytes of at most 15 digits";
  const Result<std::optional<std::int64_t>> number =
      value_of<std::int64_t>(headers, name, expected);
  if (!number) {
    return fail(number.error());
  }
  if (*number && **number < 0) {
    return fail(Errc::bad_request,
                std::string(name) + ": expected " + expected + ", got " + std::to_string(**number));
  }
  return *number ? std::optional(static_cast<std::uint64_t>(**number)) : std::nullopt;
}

Result<std::optional<bool>> completeness_of(const http::Headers& headers,
                                            const InteropVersion& rules) {
  const char* const name = rules.says_incomplete ? "Upload-Incomplete" : "Upload-Complete";
  Result<std::optional<bool>> said = value_of<bool>(headers, name, "?0 or ?1");
  if (said && *said && rules.says_incomplete) {
    **said = !**said;
  }
  return said;
}

}  // namespace

bool is_in_rufh(const http::Request& request) noexcept {
  const http::Headers& headers = request.headers;
  return !headers.find("Tus-Resumable") &&
         (headers.find(version_field) || headers.find("Upload-Complete") ||
          headers.find("Upload-Incomplete"));
}

RufhFields parse_version(const http::Headers& headers, std::uint64_t newest) {
  RufhFields fields;
  fields.names_version = headers.find(version_field).has_value();
  const Result<std::optional<std::uint64_t>> number = number_of(headers, version_field);
  fields.rules = number && *number ? find_version(**number, newest) : nullptr;
  fields.is_spoken = fields.rules != nullptr;
  if (fields.rules == nullptr) {
    const bool is_of_3 =
        headers.find("Upload-Incomplete").has_value() && !headers.find("Upload-Complete");
    fields.rules = find_version(is_of_3 ? rufh_oldest : newest, newest);
  }
  SLUICE_CHECK(fields.rules != nullptr);
  return fields;
}

Result<> parse_state(const http::Headers& headers, RufhFields& fields) {
  const Result<std::optional<bool>> is_complete = completeness_of(headers, *fields.rules);
  const Result<std::optional<std::uint64_t>> offset = number_of(headers, "Upload-Offset");
  const Result<std::optional<std::uint64_t>> length = number_of(headers, "Upload-Length");
  if (!is_complete) {
    return fail(is_complete.error());
  }
  if (!offset || !length) {
    return fail(offset ? length.error() : offset.error());
  }
  fields.is_complete = *is_complete;
  fields.offset = *offset;
  fields.length = *length;
  return {};
}

std::optional<std::uint64_t> content_length_of(const http::Request& request) noexcept {
  switch (request.framing) {
    case http::Framing::none:
      return 0;
    case http::Framing::length:
      return request.content_length;
    case http::Framing::chunked:
      break;
  }
  return std::nullopt;
}

}  // namespace sluice::protocol::rufh
