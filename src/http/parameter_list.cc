// SPDX-License-Identifier: MIT
#include "http/parameter_list.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "http/blanks.h"
#include "http/message.h"

namespace sluice::http {
namespace {

// Whether a value may end in front of text[at]: the field ends there, or `; name` follows.
bool may_end(std::string_view text, std::size_t at) noexcept {
  at = end_of_blanks(text, at);
  if (at == text.size()) {
    return true;
  }
  if (text[at] != ';') {
    return false;
  }
  const std::string_view rest = text.substr(at + 1);
  const std::string_view name = trimmed(rest.substr(0, rest.find_first_of(";=")));
  return name.empty() || is_token(name);
}

// `at` is behind the opening quote, and is left behind the closing one. nullopt for a string that
// is not closed; then no later one is either, because every quote where a value may end closes.
std::optional<std::string> quoted_string(std::string_view text, std::size_t& at) {
  std::string value;
  for (std::size_t i = at; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    const bool escapes_quote = text[i] == '\\' && next == '"';
    if ((text[i] == '"' && may_end(text, i + 1)) || (escapes_quote && may_end(text, i + 2))) {
      value += escapes_quote ? "\\" : "";
      at = i + (escapes_quote ? 2 : 1);
      return value;
    }
    if (escapes_quote || (text[i] == '\\' && next == '\\')) {
      ++i;
    }
    value += text[i];
  }
  return std::nullopt;
}

std::string latin1_to_utf8(std::string_view text) {
  std::string utf8;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80U) {
      utf8 += c;
    } else {
      utf8 += static_cast<char>(0xC0U | (byte >> 6U));
      utf8 += static_cast<char>(0x80U | (byte & 0x3FU));
    }
  }
  return utf8;
}

std::optional<std::string> in_utf8(std::string_view bytes, std::string_view charset) {
  if (equals_ignoring_case(charset, "ISO-8859-1")) {
    return latin1_to_utf8(bytes);
  }
  const bool is_utf8 = equals_ignoring_case(charset, "UTF-8") && to_valid_utf8(bytes) == bytes;
  return is_utf8 ? std::optional(std::string(bytes)) : std::nullopt;
}

// charset'language'rest
struct Extended {
  std::string_view charset;
  std::string_view rest;
};

std::optional<Extended> extended(std::string_view text) noexcept {
  const std::size_t charset_end = text.find('\'');
  const std::size_t language_end =
      charset_end == std::string_view::npos ? charset_end : text.find('\'', charset_end + 1);
  if (language_end == std::string_view::npos) {
    return std::nullopt;
  }
  return Extended{text.substr(0, charset_end), text.substr(language_end + 1)};
}

std::optional<std::string> extended_value(std::string_view text) {
  const std::optional<Extended> parts = extended(text);
  const std::optional<std::string> bytes =
      parts ? percent_decode(parts->rest, false) : std::nullopt;
  return bytes ? in_utf8(*bytes, parts->charset) : std::nullopt;
}

}  // namespace

ParameterList::ParameterList(std::string_view field) {
  bool is_closed = true;
  std::size_t at = field.find(';');
  while (at < field.size()) {
    at = end_of_blanks(field, at + 1);
    const std::size_t name_end = std::min(field.find_first_of(";=", at), field.size());
    const std::string_view name = trimmed(field.substr(at, name_end - at));
    at = name_end;
    if (at == field.size() || field[at] == ';') {
      continue;
    }
    at = end_of_blanks(field, at + 1);
    const std::size_t value_end = std::min(field.find(';', at), field.size());
    std::optional<std::string> value(trimmed(field.substr(at, value_end - at)));
    std::size_t end = value_end;
    if (at < field.size() && field[at] == '"') {
      end = at + 1;
      value = is_closed ? quoted_string(field, end) : std::nullopt;
      is_closed = value.has_value();
      end = value ? end_of_blanks(field, end) : value_end;
    }
    at = end;
    if (value) {
      parameters_.push_back({to_lower(name), *std::move(value)});
    }
  }
}

const std::string* ParameterList::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(parameters_, name, &Parameter::name);
  return found == parameters_.end() ? nullptr : &found->value;
}

std::size_t ParameterList::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(parameters_, name, &Parameter::name));
}

std::optional<std::string> ParameterList::extended_text(std::string_view name) const {
  const std::string* const whole = find(std::string(name) + "*");
  std::optional<std::string> value = whole != nullptr ? extended_value(*whole) : std::nullopt;
  return value ? std::move(value) : joined_pieces(name);
}

// The first piece says the charset, for all that have a star at their end.
std::optional<std::string> ParameterList::joined_pieces(std::string_view name) const {
  std::string bytes;
  std::string_view charset;
  std::size_t count = 0;
  for (const Parameter& parameter : parameters_) {
    const std::string piece = std::string(name) + "*" + std::to_string(count);
    if (parameter.name == piece) {
      bytes += parameter.value;
    } else if (parameter.name == piece + "*") {
      const std::optional<Extended> parts = count == 0 ? extended(parameter.value) : std::nullopt;
      charset = parts ? parts->charset : charset;
      const auto decoded = percent_decode(parts ? parts->rest : parameter.value, false);
      if (!decoded) {
        return std::nullopt;
      }
      bytes += *decoded;
    } else {
      continue;
    }
    ++count;
  }
  if (count == 0) {
    return std::nullopt;
  }
  return in_utf8(bytes, charset.empty() ? "UTF-8" : charset);
}

}  // namespace sluice::http
