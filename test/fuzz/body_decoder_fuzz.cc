// SPDX-License-Identifier: MIT
// A chunked body means the same in one piece and in many. The first byte of the input chooses the
// pieces.
#include "http/body_decoder.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"

namespace {

using namespace sluice;

struct Outcome {
  std::string body;
  std::size_t consumed = 0;
  bool done = false;
  bool refused = false;
};

Outcome decode(Bytes wire, std::size_t piece_bytes, std::size_t room) {
  http::ChunkedDecoder decoder;
  Outcome outcome;
  std::vector<std::byte> output(room);
  while (outcome.consumed < wire.size() && !decoder.done()) {
    const Bytes rest = wire.subspan(outcome.consumed);
    const Bytes piece = rest.first(std::min(piece_bytes, rest.size()));
    const auto step = decoder.decode(piece, output);
    if (!step) {
      SLUICE_CHECK(step.error().code() == Errc::bad_request);
      outcome.refused = true;
      return outcome;
    }
    SLUICE_CHECK(step->consumed > 0 && step->consumed <= piece.size());
    SLUICE_CHECK(step->produced <= step->consumed && step->produced <= room);
    outcome.body += as_text(Bytes(output).first(step->produced));
    outcome.consumed += step->consumed;
  }
  outcome.done = decoder.done();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const Bytes wire = std::as_bytes(std::span(data + 1, size - 1));
  const Outcome whole = decode(wire, size, size);
  const Outcome pieces = decode(wire, data[0] % 16U + 1, data[0] / 16U + 1);
  SLUICE_CHECK(whole.refused == pieces.refused);
  if (!whole.refused) {
    SLUICE_CHECK(whole.body == pieces.body && whole.consumed == pieces.consumed);
    SLUICE_CHECK(whole.done == pieces.done);
    SLUICE_CHECK(!whole.done || as_text(wire.first(whole.consumed)).ends_with("\r\n\r\n"));
  }
  return 0;
}
