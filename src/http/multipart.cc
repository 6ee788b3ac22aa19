// SPDX-License-Identifier: MIT
#include "http/multipart.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "http/blanks.h"
#include "http/content_coding.h"
#include "http/parameter_list.h"

namespace sluice::http {
namespace {

// The only three escapes that browsers write into names (WHATWG HTML, multipart/form-data
// encoding); any other '%' is itself.
std::string without_browser_escapes(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const std::string_view head = text.substr(0, 3);
    if (head == "%22" || head == "%0D" || head == "%0A") {
      plain += head == "%22" ? '"' : head == "%0D" ? '\r' : '\n';
      text.remove_prefix(3);
    } else {
      plain += text.front();
      text.remove_prefix(1);
    }
  }
  return plain;
}

// Tools that write lines of Unix make such forms: nothing in them is where it should be.
std::unexpected<Error> bare_line_feed() {
  return fail(Errc::bad_request,
              "expected CR LF at the end of every line of the form; got LF alone (RFC 2046 4.1.1)");
}

bool has_bare_line_feed(std::string_view text) noexcept {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') {
      return true;
    }
  }
  return false;
}

// `boundary` and LF, where blanks and CR LF would make it a delimiter.
bool has_padded_line_feed(std::string_view input, std::string_view boundary) noexcept {
  const std::size_t padding_end = end_of_blanks(input, boundary.size());
  return input.starts_with(boundary) &&
         padding_end - boundary.size() <= limits::multipart_padding_bytes_max &&
         input.substr(padding_end).starts_with('\n');
}

// Field lines without the empty one behind them; folded ones are joined (RFC 5322 2.2.3).
Result<Headers> part_fields(std::string_view head) {
  if (has_bare_line_feed(head)) {
    return bare_line_feed();
  }
  std::vector<Header> fields;
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    const std::size_t colon = line.find(':');
    const bool folded = !fields.empty() && blanks.contains(line.front());
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos ||
        (!folded && (colon == std::string_view::npos || !is_token(line.substr(0, colon))))) {
      return fail(
          Errc::bad_request,
          "expected \"Name: value\" in the head of a multipart part; got " + in_quotes(line));
    }
    if (folded) {
      fields.back().value.append(" ").append(trimmed(line));
    } else {
      fields.push_back(
          {std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1)))});
    }
  }
  Headers headers;
  for (Header& field : fields) {
    headers.add(std::move(field.name), std::move(field.value));
  }
  return headers;
}

Result<PartHead> read_part_head(std::string_view text) {
  Result<Headers> headers = part_fields(text);
  if (!headers) {
    return fail(std::move(headers).error());
  }
  if (const Result<> plain = expect_no_coding(*headers); !plain) {
    return fail(plain.error());
  }
  const std::string_view disposition = headers->find("Content-Disposition").value_or("");
  const ParameterList parameters(disposition);
  const std::string* const name = parameters.find("name");
  if (name == nullptr) {
    return fail(Errc::bad_request,
                "expected Content-Disposition \"form-data; name=...\" in every multipart part; "
                "got " +
                    in_quotes(disposition));
  }
  PartHead part{.name = without_browser_escapes(*name), .file_name = {}, .headers = {}};
  part.file_name = parameters.extended_text("filename");
  if (const std::string* const plain = parameters.find("filename"); plain && !part.file_name) {
    part.file_name = without_browser_escapes(*plain);
  }
  part.headers = *std::move(headers);
  return part;
}

std::unexpected<Error> truncated() {
  return fail(Errc::bad_request,
              "expected the closing boundary of the multipart body; the body ended before it");
}

}  // namespace

Result<std::optional<std::string>> multipart_boundary(std::string_view content_type) {
  const std::string_view media_type = trimmed(content_type.substr(0, content_type.find(';')));
  if (!equals_ignoring_case(media_type, "multipart/form-data")) {
    return std::nullopt;
  }
  const ParameterList parameters(content_type);
  const std::string* const boundary = parameters.find("boundary");
  const bool usable =
      boundary != nullptr && !boundary->empty() &&
      boundary->size() <= limits::multipart_boundary_bytes_max && boundary->back() != ' ' &&
      std::ranges::all_of(*boundary, [](char c) { return c >= ' ' && c < '\x7F'; }) &&
      parameters.count("boundary") == 1;
  if (!usable) {
    return fail(Errc::bad_request, "expected one boundary of 1 to " +
                                       std::to_string(limits::multipart_boundary_bytes_max) +
                                       " printable characters in Content-Type; got " +
                                       in_quotes(content_type));
  }
  return *boundary;
}

MultipartParser::MultipartParser(std::string boundary)
    : delimiter_("\r\n--" + std::move(boundary)) {}

std::size_t MultipartParser::lookahead_bytes_max() const noexcept {
  const std::size_t delimiter_line =
      delimiter_.size() + limits::multipart_padding_bytes_max + std::strlen("\r\n");
  return std::max(delimiter_line, limits::multipart_part_head_bytes_max + std::strlen("\r\n\r\n"));
}

Result<MultipartParser::Step> MultipartParser::next(Bytes input, bool at_end) {
  const std::string_view text = as_text(input);
  switch (state_) {
    case State::preamble:
      return preamble(text, at_end);
    case State::part_head:
      return part_head(text, at_end);
    case State::part_body:
      return part_body(text, at_end);
    case State::epilogue:
      return Step{.event = Event::end, .consumed = input.size(), .data = {}};
  }
  SLUICE_CHECK(false);
}

std::string_view MultipartParser::dash_boundary() const noexcept {
  return std::string_view(delimiter_).substr(2);
}

// transport-padding and CRLF, or "--" (RFC 2046 5.1.1). A longer line that only begins like the
// boundary is data.
MultipartParser::Delimiter MultipartParser::delimiter_at(std::string_view input,
                                                         std::string_view boundary) const noexcept {
  constexpr Delimiter unknown{.tail = Tail::unknown};
  constexpr Delimiter none{.tail = Tail::none};
  if (input.size() <= boundary.size()) {
    return boundary.starts_with(input) ? unknown : none;
  }
  if (!input.starts_with(boundary)) {
    return none;
  }
  const std::string_view rest = input.substr(boundary.size());
  if (rest.starts_with("--")) {
    return {.tail = Tail::close, .size = boundary.size() + 2};
  }
  const std::size_t padding = end_of_blanks(rest, 0);
  const std::string_view end = rest.substr(padding);
  if (padding > limits::multipart_padding_bytes_max) {
    return none;
  }
  if (end.starts_with("\r\n")) {
    return {.tail = Tail::part, .size = boundary.size() + padding + 2};
  }
  return end.empty() || end == "\r" || rest == "-" ? unknown : none;
}

std::size_t MultipartParser::find_delimiter(std::string_view input,
                                            std::size_t from) const noexcept {
  const std::string_view text = input.substr(from);
  if (const void* const found =
          memmem(text.data(), text.size(), delimiter_.data(), delimiter_.size())) {
    return static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
  }
  for (std::size_t at = input.size() - std::min(text.size(), delimiter_.size() - 1);
       at < input.size(); ++at) {
    if (delimiter_.starts_with(input.substr(at))) {
      return at;
    }
  }
  return input.size();
}

void MultipartParser::pass(Tail tail) noexcept {
  state_ = tail == Tail::close ? State::epilogue : State::part_head;
  at_start_ = false;
}

Result<MultipartParser::Step> MultipartParser::preamble(std::string_view input, bool at_end) {
  std::size_t at = 0;
  Delimiter delimiter = delimiter_at(input, at_start_ ? dash_boundary() : delimiter_);
  if (at_start_ && delimiter.tail == Tail::none) {
    at_start_ = false;
    if (has_padded_line_feed(input, dash_boundary())) {
      return bare_line_feed();
    }
    delimiter = delimiter_at(input, delimiter_);
  }
  while (delimiter.tail == Tail::none && at < input.size()) {
    at = find_delimiter(input, at + 1);
    delimiter = delimiter_at(input.substr(at), delimiter_);
  }
  preamble_bytes_ += at;
  if (preamble_bytes_ > limits::multipart_preamble_bytes_max) {
    return fail(Errc::bad_request, "expected the boundary " + in_quotes(dash_boundary()) +
                                       " within the first " +
                                       std::to_string(limits::multipart_preamble_bytes_max) +
                                       " bytes of the multipart body");
  }
  if (delimiter.tail == Tail::unknown) {
    if (at_end) {
      return truncated();
    }
    return Step{.event = Event::need_more, .consumed = at, .data = {}};
  }
  pass(delimiter.tail);
  Result<Step> step = next(as_bytes(input.substr(at + delimiter.size)), at_end);
  if (step) {
    step->consumed += at + delimiter.size;
  }
  return step;
}

Result<MultipartParser::Step> MultipartParser::part_head(std::string_view input, bool at_end) {
  constexpr std::string_view empty_line = "\r\n\r\n";
  const std::string_view window =
      input.substr(0, limits::multipart_part_head_bytes_max + empty_line.size());
  const std::size_t end = window.starts_with("\r\n") ? 0 : window.find(empty_line);
  if (end == std::string_view::npos) {
    if (has_bare_line_feed(window)) {
      return bare_line_feed();
    }
    if (window.size() == limits::multipart_part_head_bytes_max + empty_line.size()) {
      return fail(Errc::bad_request, "expected the head of a multipart part in at most " +
                                         std::to_string(limits::multipart_part_head_bytes_max) +
                                         " bytes");
    }
    if (at_end) {
      return truncated();
    }
    return Step{};
  }
  if (++part_count_ > limits::multipart_part_count_max) {
    return fail(Errc::bad_request, "expected at most " +
                                       std::to_string(limits::multipart_part_count_max) +
                                       " multipart parts; got more");
  }
  Result<PartHead> part = read_part_head(window.substr(0, end));
  if (!part) {
    return fail(std::move(part).error());
  }
  part_ = *std::move(part);
  state_ = State::part_body;
  at_start_ = true;
  return Step{.event = Event::part_begin, .consumed = end + empty_line.size(), .data = {}};
}

// The CRLF in front of a boundary belongs to the boundary, and an empty part may lend it the empty
// line of its head.
Result<MultipartParser::Step> MultipartParser::part_body(std::string_view input, bool at_end) {
  Delimiter delimiter = delimiter_at(input, at_start_ ? dash_boundary() : delimiter_);
  if (at_start_ && delimiter.tail == Tail::none) {
    at_start_ = false;
    delimiter = delimiter_at(input, delimiter_);
  }
  if (delimiter.tail == Tail::none) {
    const std::size_t size = find_delimiter(input, 1);
    return Step{.event = Event::data, .consumed = size, .data = as_bytes(input.substr(0, size))};
  }
  if (delimiter.tail == Tail::unknown) {
    if (at_end) {
      return truncated();
    }
    return Step{};
  }
  pass(delimiter.tail);
  return Step{.event = Event::part_end, .consumed = delimiter.size, .data = {}};
}

}  // namespace sluice::http
