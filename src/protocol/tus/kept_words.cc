// SPDX-License-Identifier: MIT
#include "protocol/tus/kept_words.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.h"

namespace sluice::protocol::tus {
namespace {

namespace json = boost::json;

std::string text_at(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

}  // namespace

KeptWords KeptWords::parse(std::string_view text) {
  json::error_code error;
  const json::value document = json::parse(text, error);
  const json::object* const object = error ? nullptr : document.if_object();
  return object == nullptr ? KeptWords()
                           : KeptWords{text_at(*object, "metadata"), text_at(*object, "concat")};
}

std::string KeptWords::text() const {
  json::object object;
  for (const auto& [name, value] : {std::pair("metadata", metadata), std::pair("concat", concat)}) {
    if (!value.empty()) {
      object[name] = to_valid_utf8(value);
    }
  }
  return object.empty() ? std::string() : json::serialize(object);
}

}  // namespace sluice::protocol::tus
