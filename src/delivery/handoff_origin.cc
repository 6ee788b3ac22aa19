// SPDX-License-Identifier: MIT
#include "delivery/handoff_origin.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

namespace sluice::delivery {
namespace {

namespace json = boost::json;

std::string text_of(const json::value* value) {
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

}  // namespace

HandoffOrigin parse_origin(std::string_view text) {
  HandoffOrigin origin;
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr) {
    return origin;
  }
  origin.address = text_of(object->if_contains("address"));
  const json::value* headers = object->if_contains("headers");
  if (headers != nullptr && headers->is_object()) {
    for (const json::key_value_pair& field : headers->get_object()) {
      origin.headers.emplace_back(field.key(), text_of(&field.value()));
    }
  }
  return origin;
}

}  // namespace sluice::delivery
