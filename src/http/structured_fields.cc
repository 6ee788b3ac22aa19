// SPDX-License-Identifier: MIT
#include "http/structured_fields.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/bytes.h"
#include "base/encoding.h"

namespace sluice::http {
namespace {

// RFC 9651 3.3.1 and 3.3.2
constexpr std::size_t integer_digits_max = 15;
constexpr std::size_t whole_digits_max = 12;
constexpr std::size_t fraction_digits_max = 3;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}

bool is_letter(char c) noexcept {
  return is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool is_printable(char c) noexcept {
  return c >= ' ' && c <= '~';
}

bool is_lower_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool is_key_char(char c) noexcept {
  return is_lower(c) || is_digit(c) || std::string_view("_-.*").contains(c);
}

// Reads from the front of a text, as the algorithms of RFC 9651 4.2 do.
class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }
  // NUL at the end, which stands in no field.
  char next() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) noexcept {
    const bool is_there = next() == c && !at_end();
    rest_.remove_prefix(is_there ? 1 : 0);
    return is_there;
  }
  template <class Predicate>
  std::string_view take_while(Predicate belongs) noexcept {
    const auto* const end = std::ranges::find_if_not(rest_, belongs);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  void skip_spaces() noexcept {
    take_while([](char c) { return c == ' '; });
  }
  void skip_blanks() noexcept {
    take_while([](char c) { return c == ' ' || c == '\t'; });
  }

  std::optional<StructuredValue> item();
  std::optional<StructuredValue> item_or_inner_list();
  std::optional<std::string> key();
  bool parameters();

 private:
  std::optional<StructuredValue> bare_item();
  std::optional<StructuredValue> number();
  std::optional<StructuredValue> boolean();
  std::optional<StructuredValue> bytes();
  bool string();
  bool display_string();
  bool token();
  bool date();
  bool inner_list();

  std::string_view rest_;
};

std::optional<StructuredValue> other_if(bool is_sound) {
  return is_sound ? std::optional<StructuredValue>(StructuredOther()) : std::nullopt;
}

std::optional<StructuredValue> Reader::bare_item() {
  const char first = next();
  if (first == '-' || is_digit(first)) {
    return number();
  }
  switch (first) {
    case '"':
      return other_if(string());
    case '?':
      return boolean();
    case ':':
      return bytes();
    case '@':
      return other_if(date());
    case '%':
      return other_if(display_string());
    default:
      return other_if(token());
  }
}

std::optional<StructuredValue> Reader::number() {
  const bool is_negative = take('-');
  const std::string_view whole = take_while(is_digit);
  if (whole.empty()) {
    return std::nullopt;
  }
  if (take('.')) {
    const std::size_t fraction = take_while(is_digit).size();
    return other_if(whole.size() <= whole_digits_max && fraction > 0 &&
                    fraction <= fraction_digits_max);
  }
  if (whole.size() > integer_digits_max) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  for (const char digit : whole) {
    value = value * 10 + (digit - '0');
  }
  return is_negative ? -value : value;
}

std::optional<StructuredValue> Reader::boolean() {
  take('?');
  if (take('1')) {
    return true;
  }
  return take('0') ? std::optional<StructuredValue>(false) : std::nullopt;
}

std::optional<StructuredValue> Reader::bytes() {
  take(':');
  const std::string_view text = take_while([](char c) { return c != ':'; });
  std::optional<std::string> decoded = from_base64(text);
  if (!decoded || !take(':')) {
    return std::nullopt;
  }
  return StructuredBytes{*std::move(decoded)};
}

bool Reader::string() {
  take('"');
  while (!at_end()) {
    if (take('"')) {
      return true;
    }
    if (take('\\')) {
      if (!take('"') && !take('\\')) {
        return false;
      }
    } else if (!is_printable(next())) {
      return false;
    } else {
      rest_.remove_prefix(1);
    }
  }
  return false;
}

// The text's escapes are checked, what they make is not: nothing reads it.
bool Reader::display_string() {
  take('%');
  if (!take('"')) {
    return false;
  }
  while (!at_end()) {
    if (take('"')) {
      return true;
    }
    if (take('%')) {
      if (rest_.size() < 2 || !is_lower_hex(rest_[0]) || !is_lower_hex(rest_[1])) {
        return false;
      }
      rest_.remove_prefix(2);
    } else if (!is_printable(next())) {
      return false;
    } else {
      rest_.remove_prefix(1);
    }
  }
  return false;
}

bool Reader::token() {
  if (!is_letter(next()) && next() != '*') {
    return false;
  }
  take_while([](char c) { return c == ':' || c == '/' || is_token({&c, 1}); });
  return true;
}

bool Reader::date() {
  take('@');
  const std::optional<StructuredValue> seconds = number();
  return seconds && std::holds_alternative<std::int64_t>(*seconds);
}

bool Reader::inner_list() {
  take('(');
  while (!at_end()) {
    skip_spaces();
    if (take(')')) {
      return parameters();
    }
    if (!item() || (next() != ' ' && next() != ')')) {
      return false;
    }
  }
  return false;
}

std::optional<std::string> Reader::key() {
  if (!is_lower(next()) && next() != '*') {
    return std::nullopt;
  }
  return std::string(take_while(is_key_char));
}

bool Reader::parameters() {
  while (take(';')) {
    skip_spaces();
    if (!key() || (take('=') && !bare_item())) {
      return false;
    }
  }
  return true;
}

std::optional<StructuredValue> Reader::item() {
  std::optional<StructuredValue> value = bare_item();
  return value && parameters() ? std::move(value) : std::nullopt;
}

std::optional<StructuredValue> Reader::item_or_inner_list() {
  return next() == '(' ? other_if(inner_list()) : item();
}

void put(std::vector<StructuredMember>& members, StructuredMember member) {
  const auto found = std::ranges::find(members, member.key, &StructuredMember::key);
  if (found != members.end()) {
    *found = std::move(member);
  } else {
    members.push_back(std::move(member));
  }
}

}  // namespace

std::optional<StructuredValue> parse_structured_item(std::string_view text) {
  Reader reader(text);
  reader.skip_spaces();
  std::optional<StructuredValue> value = reader.item();
  reader.skip_spaces();
  return reader.at_end() ? std::move(value) : std::nullopt;
}

std::optional<std::vector<StructuredMember>> parse_structured_dictionary(std::string_view text) {
  std::vector<StructuredMember> members;
  Reader reader(text);
  reader.skip_spaces();
  while (!reader.at_end()) {
    std::optional<std::string> key = reader.key();
    if (!key) {
      return std::nullopt;
    }
    std::optional<StructuredValue> value = true;
    if (reader.take('=')) {
      value = reader.item_or_inner_list();
    } else if (!reader.parameters()) {
      return std::nullopt;
    }
    if (!value) {
      return std::nullopt;
    }
    put(members, {*std::move(key), *std::move(value)});
    reader.skip_blanks();
    if (reader.at_end()) {
      break;
    }
    const bool goes_on = reader.take(',');
    reader.skip_blanks();
    if (!goes_on || reader.at_end()) {
      return std::nullopt;
    }
  }
  return members;
}

std::optional<std::string> structured_text(const Headers& headers, std::string_view name) {
  std::optional<std::string> text;
  for (const Header& field : headers.fields()) {
    if (equals_ignoring_case(field.name, name)) {
      text = text ? *text + ", " + field.value : field.value;
    }
  }
  return text;
}

std::string structured_bytes(std::string_view bytes) {
  return ':' + to_base64(as_bytes(bytes)) + ':';
}

}  // namespace sluice::http
