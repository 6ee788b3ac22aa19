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
  const ByteRange range = parsed->range.value_or(ByteRange{});
  const std::uint64_t total = parsed->total.value_or(0);
  SLUICE_CHECK(total <= limits::file_size_max && range.end <= limits::file_size_max + 1);
  std::string written = "bytes ";
  if (!parsed->range) {
    written += '*';
  } else if (range.empty()) {
    SLUICE_CHECK(range == ByteRange{} && parsed->total == 0U);
    written += "0--1";
  } else {
    written += std::to_string(range.begin) + '-' + std::to_string(range.end - 1);
  }
  written += '/' + (parsed->total ? std::to_string(total) : "*");
  const auto again = http::parse_content_range(written);
  SLUICE_CHECK(again && again->range == parsed->range && again->total == parsed->total);
  return 0;
}
