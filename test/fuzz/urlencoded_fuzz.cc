// SPDX-License-Identifier: MIT
// Parsed parameters that are written and parsed again are the same, and the bounds hold.
#include "http/urlencoded.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  const auto fields = http::parse_urlencoded(text);
  if (!fields) {
    SLUICE_CHECK(fields.error().code() == Errc::bad_request);
    return 0;
  }
  SLUICE_CHECK(fields->size() <= limits::form_field_count_max);
  std::string written;
  for (const http::FormField& field : *fields) {
    written += percent_encode(field.name) + '=' + percent_encode(field.value) + '&';
  }
  const auto again = http::parse_urlencoded(written);
  SLUICE_CHECK(again && *again == *fields);
  return 0;
}
