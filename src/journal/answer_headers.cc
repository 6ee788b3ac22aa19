// SPDX-License-Identifier: MIT
#include "journal/answer_headers.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/system/error_code.hpp>
#include <utility>

namespace sluice::journal {
namespace {

namespace json = boost::json;

json::string characters_of(std::string_view bytes) {
  json::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text.push_back(c);
    } else {
      text.push_back(static_cast<char>(0xC0U | (byte >> 6U)));
      text.push_back(static_cast<char>(0x80U | (byte & 0x3FU)));
    }
  }
  return text;
}

// `text` is valid UTF-8: the JSON parser has seen to that. nullopt for a character above U+00FF.
std::optional<std::string> bytes_of(const json::string& text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      bytes.push_back(text[i]);
      continue;
    }
    if (lead > 0xC3 || i + 1 == text.size()) {
      return std::nullopt;
    }
    const auto trail = static_cast<unsigned char>(text[++i]);
    bytes.push_back(static_cast<char>(((lead & 0x03U) << 6U) | (trail & 0x3FU)));
  }
  return bytes;
}

}  // namespace

std::string answer_headers_to_text(const decltype(model::Answer::headers)& headers) {
  json::array list;
  for (const auto& [name, value] : headers) {
    json::array pair;
    pair.emplace_back(characters_of(name));
    pair.emplace_back(characters_of(value));
    list.emplace_back(std::move(pair));
  }
  return json::serialize(list);
}

std::optional<decltype(model::Answer::headers)> answer_headers_from_text(std::string_view text) {
  boost::system::error_code error;
  const json::value document = json::parse({text.data(), text.size()}, error);
  const json::array* const list = error ? nullptr : document.if_array();
  if (list == nullptr) {
    return std::nullopt;
  }
  decltype(model::Answer::headers) headers;
  for (const json::value& item : *list) {
    const json::array* const pair = item.if_array();
    if (pair == nullptr || pair->size() != 2 || !pair->front().is_string() ||
        !pair->back().is_string()) {
      return std::nullopt;
    }
    std::optional<std::string> name = bytes_of(pair->front().get_string());
    std::optional<std::string> value = bytes_of(pair->back().get_string());
    if (!name || !value) {
      return std::nullopt;
    }
    headers.emplace_back(std::move(*name), std::move(*value));
  }
  return headers;
}

}  // namespace sluice::journal
