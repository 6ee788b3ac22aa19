// SPDX-License-Identifier: MIT
// A multipart body means the same in one piece and in many. The input is one byte that chooses the
// pieces, a Content-Type, a line feed, and the body.
#include "http/multipart.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/limits.h"

namespace {

using namespace sluice;

// The names and contents of the parts as text, so that two readings compare.
struct Outcome {
  std::vector<std::string> parts;
  bool refused = false;
};

Outcome read(const std::string& boundary, Bytes wire, std::size_t piece_bytes) {
  using Event = http::MultipartParser::Event;
  http::MultipartParser parser(boundary);
  Outcome outcome;
  std::size_t begin = 0;
  std::size_t end = std::min(piece_bytes, wire.size());
  bool in_part = false;
  for (;;) {
    const Bytes input = wire.subspan(begin, end - begin);
    const auto step = parser.next(input, end == wire.size());
    if (!step) {
      SLUICE_CHECK(step.error().code() == Errc::bad_request ||
                   step.error().code() == Errc::unsupported_media_type);
      outcome.refused = true;
      return outcome;
    }
    SLUICE_CHECK(step->consumed <= input.size());
    begin += step->consumed;
    switch (step->event) {
      case Event::need_more:
        SLUICE_CHECK(end < wire.size());
        SLUICE_CHECK(input.size() - step->consumed < parser.lookahead_bytes_max());
        end = std::min(end + piece_bytes, wire.size());
        break;
      case Event::part_begin:
        SLUICE_CHECK(!in_part);
        in_part = true;
        outcome.parts.push_back(parser.part().name + '\0' + parser.part().file_name.value_or("") +
                                '\0');
        break;
      case Event::data:
        SLUICE_CHECK(in_part && !step->data.empty());
        SLUICE_CHECK(step->data.data() >= input.data() && step->data.size() <= step->consumed);
        outcome.parts.back() += as_text(step->data);
        break;
      case Event::part_end:
        SLUICE_CHECK(in_part);
        in_part = false;
        break;
      case Event::end:
        SLUICE_CHECK(!in_part && outcome.parts.size() <= limits::multipart_part_count_max);
        return outcome;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  const std::size_t line_end = as_text(input).find('\n');
  if (size < 2 || line_end == 0 || line_end == std::string_view::npos) {
    return 0;
  }
  const std::optional<std::string> boundary =
      http::multipart_boundary(as_text(input.subspan(1, line_end - 1))).value_or(std::nullopt);
  if (!boundary) {
    return 0;
  }
  SLUICE_CHECK(!boundary->empty() && boundary->size() <= limits::multipart_boundary_bytes_max);
  const Bytes wire = input.subspan(line_end + 1);
  const Outcome whole = read(*boundary, wire, size);
  const Outcome pieces = read(*boundary, wire, data[0] % 32U + 1);
  SLUICE_CHECK(whole.refused == pieces.refused);
  SLUICE_CHECK(whole.refused || whole.parts == pieces.parts);
  return 0;
}
