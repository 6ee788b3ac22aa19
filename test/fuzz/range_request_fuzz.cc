// SPDX-License-Identifier: MIT
// A part is within the file and not empty, whatever the conditions are.
#include "http/range_request.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  http::Request request;
  request.method = http::Method::get;
  for (const char* const name : {"Range", "If-Range", "If-None-Match", "If-None-Match"}) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (!line.empty()) {
      request.headers.add(name, std::string(line));
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  for (const std::uint64_t file_size : std::array<std::uint64_t, 3>{0, 100, 1ULL << 53U}) {
    const http::WantedBytes wanted = http::wanted_bytes(request, R"("abc")", file_size);
    const bool is_part = wanted.status == 206;
    SLUICE_CHECK(is_part || wanted.status == 200 || wanted.status == 304 || wanted.status == 416);
    SLUICE_CHECK(wanted.range.begin <= wanted.range.end && wanted.range.end <= file_size);
    SLUICE_CHECK(!is_part || !wanted.range.empty());
    SLUICE_CHECK(wanted.status != 200 || wanted.range == (ByteRange{0, file_size}));
  }
  return 0;
}
