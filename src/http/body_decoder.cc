// SPDX-License-Identifier: MIT
#include "http/body_decoder.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "http/message.h"

namespace sluice::http {
namespace {

std::unexpected<Error> refuse(const char* expected, char c) {
  return fail(Errc::bad_request, std::string("expected ") + expected +
                                     " in the chunked body; got " + in_quotes({&c, 1}));
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_control(char c) noexcept {
  return (static_cast<unsigned char>(c) < 0x20U && c != '\t') || c == '\x7F';
}

}  // namespace

Result<ChunkedDecoder::Step> ChunkedDecoder::decode(Bytes input, MutableBytes output) {
  Step step;
  while (step.consumed < input.size() && state_ != State::done) {
    if (state_ == State::data) {
      const std::size_t room =
          std::min(input.size() - step.consumed, output.size() - step.produced);
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(room, chunk_left_));
      if (size == 0) {
        break;
      }
      std::ranges::copy(input.subspan(step.consumed, size), output.subspan(step.produced).begin());
      step.consumed += size;
      step.produced += size;
      chunk_left_ -= size;
      if (chunk_left_ == 0) {
        state_ = State::data_cr;
      }
      continue;
    }
    if (auto read = framing(std::to_integer<char>(input[step.consumed])); !read) {
      return fail(std::move(read).error());
    }
    ++step.consumed;
  }
  return step;
}

Result<> ChunkedDecoder::framing(char c) {
  switch (state_) {
    case State::data_cr:
      if (c != '\r') {
        return refuse("CR LF behind a chunk's data", c);
      }
      state_ = State::data_lf;
      return {};
    case State::data_lf:
      if (c != '\n') {
        return refuse("CR LF behind a chunk's data", c);
      }
      line_bytes_ = 0;
      state_ = State::size_first;
      return {};
    case State::size_first:
    case State::size:
    case State::blank:
    case State::extension:
    case State::size_end:
      if (++line_bytes_ > limits::chunk_line_bytes_max) {
        return fail(Errc::bad_request, "expected chunk size lines of at most " +
                                           std::to_string(limits::chunk_line_bytes_max) +
                                           " bytes; got a longer one");
      }
      return size_line(c);
    case State::trailer_first:
    case State::trailer_name:
    case State::trailer_value:
    case State::trailer_end:
    case State::last_lf:
      if (++trailer_bytes_ > limits::trailer_bytes_max) {
        return fail(Errc::bad_request, "expected trailers of at most " +
                                           std::to_string(limits::trailer_bytes_max) +
                                           " bytes; got more");
      }
      return trailer_byte(c);
    case State::data:
    case State::done:
      break;
  }
  SLUICE_CHECK(false);
}

// chunk-size [ BWS chunk-ext ] CRLF
Result<> ChunkedDecoder::size_line(char c) {
  if (state_ == State::size_end) {
    if (c != '\n') {
      return refuse("LF behind the CR of a chunk size", c);
    }
    state_ = chunk_left_ == 0 ? State::trailer_first : State::data;
    return {};
  }
  if (state_ == State::size_first || state_ == State::size) {
    if (const int digit = hex_digit(c); digit >= 0) {
      constexpr auto size_max =
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      if (chunk_left_ > (size_max >> 4U)) {
        return refuse("a chunk size below 2^63", c);
      }
      chunk_left_ = (chunk_left_ << 4U) | static_cast<std::uint64_t>(digit);
      state_ = State::size;
      return {};
    }
    if (state_ == State::size_first) {
      return refuse("a hexadecimal chunk size", c);
    }
  }
  if (c == '\r' && state_ != State::blank) {
    state_ = State::size_end;
    return {};
  }
  if (state_ == State::extension) {
    return is_control(c) ? refuse("text in a chunk extension", c) : Result<>();
  }
  if (c == ' ' || c == '\t') {
    state_ = State::blank;
    return {};
  }
  if (c == ';') {
    state_ = State::extension;
    return {};
  }
  return refuse("CR LF or ';' behind a chunk size", c);
}

Result<> ChunkedDecoder::trailer_byte(char c) {
  const State before = state_;
  Result<> read = trailer_syntax(c);
  if (read && c != '\r' && before != State::last_lf) {
    trailers_ += c;
  }
  return read;
}

std::optional<std::string> ChunkedDecoder::trailer(std::string_view name) const {
  std::string_view lines = done() ? std::string_view(trailers_) : std::string_view();
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    const std::size_t colon = line.find(':');
    if (equals_ignoring_case(line.substr(0, colon), name)) {
      return std::string(trimmed(line.substr(colon + 1)));
    }
  }
  return std::nullopt;
}

// *( field-line CRLF ) CRLF. A line that is no field line would be a request to a parser that ends
// the body earlier.
Result<> ChunkedDecoder::trailer_syntax(char c) {
  switch (state_) {
    case State::trailer_first:
    case State::trailer_name:
      if (state_ == State::trailer_first && c == '\r') {
        state_ = State::last_lf;
      } else if (state_ == State::trailer_name && c == ':') {
        state_ = State::trailer_value;
      } else if (is_token({&c, 1})) {
        state_ = State::trailer_name;
      } else {
        return refuse("a trailer field or an empty line", c);
      }
      return {};
    case State::trailer_value:
      if (c == '\r') {
        state_ = State::trailer_end;
      } else if (is_control(c)) {
        return refuse("text in a trailer field", c);
      }
      return {};
    case State::trailer_end:
    case State::last_lf:
      if (c != '\n') {
        return refuse("LF behind the CR of a trailer", c);
      }
      state_ = state_ == State::last_lf ? State::done : State::trailer_first;
      return {};
    default:
      SLUICE_CHECK(false);
  }
}

}  // namespace sluice::http
