// SPDX-License-Identifier: MIT
// Ranges are in order and in bounds, and their canonical form means the same.
#include "http/content_range.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  const auto parsed = http::parse_content_range(text);
  if (!parsed) {
    SLUICE_CHECK(parsed.error().code() == Errc::bad_request);
    SLUICE_CHECK(parsed.error().message().find_first_of("\r\n") == std::string::npos);
    return 0;
  }
  SLUICE_CHECK(!parsed->total || *parsed->total <= limits::file_size_max);
  std::string written = "bytes ";
  if (!parsed->range) {
    written += '*';
  } else if (parsed->range->empty()) {
    SLUICE_CHECK(*parsed->range == ByteRange{} && parsed->total == 0U);
    written += "0--1";
  } else {
    SLUICE_CHECK(parsed->range->end <= limits::file_size_max + 1);
    written += std::to_string(parsed->range->begin) + '-' + std::to_string(parsed->range->end - 1);
  }
  written += '/' + (parsed->total ? std::to_string(*parsed->total) : "*");
  const auto again = http::parse_content_range(written);
  SLUICE_CHECK(again && again->range == parsed->range && again->total == parsed->total);
  return 0;
}
