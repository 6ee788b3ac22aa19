// SPDX-License-Identifier: MIT
#include "http/urlencoded.h"

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::http {
namespace {

Result<std::string> decoded(std::string_view text) {
  std::optional<std::string> plain = percent_decode(text, true);
  if (!plain) {
    return fail(Errc::bad_request,
                "expected %XX with two hex digits behind every '%' of a form field; got " +
                    in_quotes(text));
  }
  return *std::move(plain);
}

}  // namespace

Result<std::vector<FormField>> parse_urlencoded(std::string_view text) {
  std::vector<FormField> fields;
  while (!text.empty()) {
    const std::string_view segment = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(segment.size() + 1, text.size()));
    if (segment.empty()) {
      continue;
    }
    if (fields.size() == limits::form_field_count_max) {
      return fail(Errc::bad_request, "expected at most " +
                                         std::to_string(limits::form_field_count_max) +
                                         " form fields; got more");
    }
    const std::string_view name = segment.substr(0, segment.find('='));
    Result<std::string> plain_name = decoded(name);
    if (!plain_name) {
      return fail(std::move(plain_name).error());
    }
    Result<std::string> plain_value =
        decoded(segment.substr(std::min(name.size() + 1, segment.size())));
    if (!plain_value) {
      return fail(std::move(plain_value).error());
    }
    fields.push_back({*std::move(plain_name), *std::move(plain_value)});
  }
  return fields;
}

}  // namespace sluice::http
