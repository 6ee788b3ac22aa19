// SPDX-License-Identifier: MIT
// multipart/form-data (RFC 7578, RFC 2046 5.1), parsed as it streams: no part is ever held in
// memory. Knows no socket.
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

// The boundary of a Content-Type that is multipart/form-data; nullopt for any other media type,
// bad_request for one without a usable boundary (quoted ones and odd characters occur:
// panda-clients 1, requirement 26).
Result<std::optional<std::string>> multipart_boundary(std::string_view content_type);

struct PartHead {
  std::string name;                      // Of Content-Disposition.
  std::optional<std::string> file_name;  // filename* before filename.
  Headers headers;
};

// A pull parser: next() says what the input at its start is. Bounds: limits::multipart_*. After an
// error, or after `end` with all input consumed, there is nothing more to learn from it. How the
// input is cut changes how many pieces the data comes in, and nothing else.
class MultipartParser {
 public:
  explicit MultipartParser(std::string boundary);

  enum class Event {
    need_more,   // Behind what is consumed (a preamble, or nothing) the input is too short to tell.
    part_begin,  // part() is the head of a new part.
    data,        // `data` is a piece of the current part, inside the input, never empty.
    part_end,
    end,  // The closing boundary; the epilogue behind it is consumed and ignored.
  };
  struct Step {
    Event event = Event::need_more;
    std::size_t consumed =
        0;  // Drop so many bytes from the front of the input before the next call.
    Bytes data;
  };

  // `input` is what has arrived and is not consumed yet. `at_end`: no more will come, so need_more
  // becomes bad_request.
  Result<Step> next(Bytes input, bool at_end);
  // The head of the last part that began.
  const PartHead& part() const noexcept { return part_; }

  // With an input of this size next() always consumes something or fails.
  std::size_t lookahead_bytes_max() const noexcept;

 private:
  enum class State { preamble, part_head, part_body, epilogue };
  // The meaning of the bytes behind the boundary's own characters.
  enum class Tail { part, close, none, unknown };
  struct Delimiter {
    Tail tail = Tail::none;
    std::size_t size = 0;  // Of boundary and tail.
  };

  Result<Step> preamble(std::string_view input, bool at_end);
  Result<Step> part_head(std::string_view input, bool at_end);
  Result<Step> part_body(std::string_view input, bool at_end);
  // Whether a delimiter stands at the start of `input`; `boundary` is what it begins with.
  Delimiter delimiter_at(std::string_view input, std::string_view boundary) const noexcept;
  std::string_view dash_boundary() const noexcept;
  // Where the first thing that may be a delimiter begins, at or behind `from`; input.size() for
  // nowhere.
  std::size_t find_delimiter(std::string_view input, std::size_t from) const noexcept;
  void pass(Tail tail) noexcept;

  std::string delimiter_;  // CRLF "--" boundary.
  State state_ = State::preamble;
  bool at_start_ = true;  // Of the whole input or of a part's body: a boundary needs no CRLF there.
  std::size_t preamble_bytes_ = 0;
  std::size_t part_count_ = 0;
  PartHead part_;
};

}  // namespace sluice::http
