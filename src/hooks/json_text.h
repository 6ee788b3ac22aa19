// SPDX-License-Identifier: MIT
// JSON that others wrote.
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "base/limits.h"

namespace sluice::hooks {

// null for what is no JSON, or nested too deeply.
inline boost::json::value json_or_null(std::string_view text) {
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = limits::json_depth_max;
  boost::json::value value = boost::json::parse(text, error, {}, options);
  return error ? boost::json::value(nullptr) : value;
}

}  // namespace sluice::hooks
