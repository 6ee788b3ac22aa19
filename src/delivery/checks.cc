// SPDX-License-Identifier: MIT
#include "delivery/checks.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.h"

namespace sluice::delivery {

model::Answer refusal_in_words(const std::string& words) {
  boost::json::object document;
  document["error"] = "Refused";
  document["message"] = to_valid_utf8(words);
  return {.status = 422,
          .headers = {{"Content-Type", "application/json"}},
          .body = boost::json::serialize(document)};
}

}  // namespace sluice::delivery
