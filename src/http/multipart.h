// SPDX-License-Identifier: MIT
// multipart/form-data (RFC 7578, RFC 2046 5.1), parsed as it streams: no part is ever held in memory. Knows no socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "http/message.h"

namespace sluice::http {

// The boundary of a Content-Type that is multipart/form-data; nullopt for any other media type, bad_request for one
// without a usable boundary (quoted ones and odd characters occur: panda-clients 1, requirement 26).
Result<std::optional<std::string>> multipart_boundary(std::string_view content_type);

struct PartHead {
  std::string name;                      // Of Content-Disposition.
  std::optional<std::string> file_name;  // filename* before filename.
  Headers headers;
};

// A pull parser: next() says what the input at its start is. Bounds: limits::multipart_*.
class MultipartParser {
 public:
  explicit MultipartParser(std::string boundary);

  enum class Event {
    need_more,   // The input is too short to tell; nothing else was found.
    part_begin,  // part() is the head of a new part.
    data,        // `data` is a piece of the current part, inside the input.
    part_end,
    end,         // The closing boundary; what follows is epilogue and is ignored.
  };
  struct Step {
    Event event = Event::need_more;
    std::size_t consumed = 0;  // Drop so many bytes from the front of the input before the next call.
    Bytes data;
  };

  // `input` is what has arrived and is not consumed yet. `at_end`: no more will come, so need_more becomes bad_request.
  Result<Step> next(Bytes input, bool at_end);
  const PartHead& part() const noexcept { return part_; }

  // An input of this size is never too short to tell.
  std::size_t lookahead_bytes_max() const noexcept;

 private:
  enum class State { preamble, part_head, part_body, epilogue };

  Result<Step> preamble(Bytes input, bool at_end);
  Result<Step> part_head(Bytes input, bool at_end);
  Result<Step> part_body(Bytes input, bool at_end);

  std::string delimiter_;  // CRLF "--" boundary.
  State state_ = State::preamble;
  bool at_start_ = true;
  bool in_part_ = false;
  std::size_t part_count_ = 0;
  PartHead part_;
};

}  // namespace sluice::http
