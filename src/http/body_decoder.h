// SPDX-License-Identifier: MIT
// The chunked transfer coding (RFC 9112 7.1), decoded strictly. Knows no socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace sluice::http {

// Feed it the body's bytes in pieces of any size. Chunk extensions are read within their bounds and
// dropped, trailers are kept. bad_request for anything else; the connection cannot go on then, and
// decode() must not be called again.
class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  // Of the input.
    std::size_t produced = 0;  // Into the output.
  };

  // Decodes as much as both sides have room for; framing that follows the data is read even when
  // the output is full. Never consumes a byte after the last trailer. `input` and `output` do not
  // overlap.
  Result<Step> decode(Bytes input, MutableBytes output);
  bool done() const noexcept { return state_ == State::done; }
  // As Trailers::trailer().
  std::optional<std::string> trailer(std::string_view name) const;

 private:
  enum class State {
    size_first,
    size,
    blank,
    extension,
    size_end,
    data,
    data_cr,
    data_lf,
    trailer_first,
    trailer_name,
    trailer_value,
    trailer_end,
    last_lf,
    done,
  };

  Result<> framing(char c);
  Result<> size_line(char c);
  Result<> trailer_byte(char c);
  Result<> trailer_syntax(char c);

  State state_ = State::size_first;
  std::uint64_t chunk_left_ = 0;
  std::size_t line_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string trailers_;  // Field lines with LF behind each.
};

}  // namespace sluice::http
