// SPDX-License-Identifier: MIT
#include "protocol/kept_parameters.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>
#include <utility>

namespace sluice::protocol {
namespace {

namespace json = boost::json;

// Credentials, which let a reader of the journal act for the client, and what has a field of its
// own.
constexpr std::array<std::string_view, 3> never_kept{"file_name", "signature", "token"};
// The file's size has a field of its own, and "file" stands for the file itself.
constexpr std::array<std::string_view, 2> of_the_file{"file_size", "file"};
// What a request may do is said where it is judged.
constexpr std::array<std::string_view, 2> not_without_credentials{"cloud_id", "factory_id"};

bool is_in(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::string kept_parameters(const Parameters& parameters) {
  return kept_parameters(parameters, parameters,
                         [](std::string_view name) { return is_in(of_the_file, name); });
}

std::string kept_parameters(const Parameters& described, const Parameters& vouched,
                            const std::function<bool(std::string_view name)>& is_left_out) {
  json::object kept;
  json::object metadata;
  for (const json::key_value_pair& parameter : described.values()) {
    const std::string_view name = parameter.key();
    if (is_in(never_kept, name) || is_left_out(name)) {
      continue;
    }
    if (vouched.values().contains(name)) {
      kept.emplace(name, parameter.value());
    } else if (!is_in(not_without_credentials, name)) {
      metadata.emplace(name, parameter.value());
    }
  }
  if (!metadata.empty()) {
    kept.emplace("metadata", std::move(metadata));  // Not where that name is vouched for.
  }
  return json::serialize(kept);
}

}  // namespace sluice::protocol
