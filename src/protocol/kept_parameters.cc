// SPDX-License-Identifier: MIT
#include "protocol/kept_parameters.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>

namespace sluice::protocol {
namespace {

// Not kept: the first two have fields of their own, "file" stands for the file itself, the others
// let a reader of the journal act for the client.
constexpr std::array<std::string_view, 5> not_kept{"file_size", "file_name", "file", "signature",
                                                   "token"};

}  // namespace

std::string kept_parameters(const Parameters& parameters) {
  boost::json::object kept;
  for (const boost::json::key_value_pair& field : parameters.values()) {
    if (std::ranges::find(not_kept, std::string_view(field.key())) == not_kept.end()) {
      kept.emplace(field.key(), field.value());
    }
  }
  return boost::json::serialize(kept);
}

}  // namespace sluice::protocol
