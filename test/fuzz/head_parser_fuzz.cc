// SPDX-License-Identifier: MIT
// The verdict on a head does not depend on the number of bytes that have arrived behind it, and an
// accepted head keeps every promise of http/head_parser.h.
#include "http/head_parser.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace {

using namespace sluice;

void check_request(const http::Request& request) {
  SLUICE_CHECK(http::is_token(request.method_text));
  SLUICE_CHECK(request.path.starts_with('/') ||
               (request.path == "*" && request.method == http::Method::options));
  for (const char c : request.path + request.query) {
    SLUICE_CHECK(c > ' ' && c < '\x7F');
  }
  SLUICE_CHECK(request.headers.count("Host") <= 1);
  SLUICE_CHECK(request.headers.fields().size() <= limits::header_count_max + 1);
  for (const http::Header& field : request.headers.fields()) {
    SLUICE_CHECK(http::is_token(field.name));
    SLUICE_CHECK(field.value == trimmed(field.value));
    SLUICE_CHECK(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
  const bool chunked = request.framing == http::Framing::chunked;
  const bool length = request.framing == http::Framing::length;
  SLUICE_CHECK(request.headers.count("Transfer-Encoding") == (chunked ? 1U : 0U));
  SLUICE_CHECK(request.headers.count("Content-Length") == (length ? 1U : 0U));
  SLUICE_CHECK(length || request.content_length == 0);
  SLUICE_CHECK(request.content_length <=
               static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  SLUICE_CHECK(!request.expects_continue || request.framing != http::Framing::none);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  const auto verdict = http::parse_head(input);
  const auto whole = verdict.value_or(std::nullopt);
  if (whole) {
    SLUICE_CHECK(whole->size <= size && whole->size <= limits::head_bytes_max);
    SLUICE_CHECK(as_text(input.first(whole->size)).ends_with("\r\n\r\n"));
    check_request(whole->request);
  } else {
    SLUICE_CHECK(!verdict || size < limits::head_bytes_max);
  }
  // Once there is a verdict, more bytes do not change it.
  bool decided = false;
  const std::size_t stride = size / 64 + 1;
  for (std::size_t arrived = 0; arrived <= size; arrived += stride) {
    const auto early_verdict = http::parse_head(input.first(arrived));
    const auto early = early_verdict.value_or(std::nullopt);
    const bool says = !early_verdict || early;
    SLUICE_CHECK(says || !decided);
    decided = says;
    if (!early_verdict) {
      SLUICE_CHECK(!verdict && verdict.error().code() == early_verdict.error().code());
    } else if (early) {
      SLUICE_CHECK(whole && whole->size == early->size);
    }
  }
  return 0;
}
