// SPDX-License-Identifier: MIT
#include "protocol/kept_parameters.h"

#include <gtest/gtest.h>

#include <string_view>

namespace sluice::protocol {
namespace {

std::string kept(const char* described, const char* vouched) {
  return kept_parameters(Parameters::from_json(described).value(),
                         Parameters::from_json(vouched).value(),
                         [](std::string_view name) { return name == "chunk"; });
}

TEST(KeptParameters, AreWhatTheCredentialVouchesFor) {
  EXPECT_EQ(kept(R"({"a":"1","b":[2],"cloud_id":"c"})", R"({"a":"1","b":[2],"cloud_id":"c"})"),
            R"({"a":"1","b":[2],"cloud_id":"c"})");
}

TEST(KeptParameters, HoldTheRestApart) {
  EXPECT_EQ(kept(R"({"a":"1","b":2,"cloud_id":"c"})", R"({"a":"1"})"),
            R"({"a":"1","metadata":{"b":2}})");
  EXPECT_EQ(kept(R"({"metadata":"mine","b":2})", R"({"metadata":"mine"})"),
            R"({"metadata":"mine"})");
}

TEST(KeptParameters, AreNoCredentialsAndNotOfTheProtocol) {
  const char* const all = R"({"file_name":"f","signature":"s","token":"t","chunk":"1","a":"2"})";
  EXPECT_EQ(kept(all, all), R"({"a":"2"})");
  EXPECT_EQ(kept(all, "{}"), R"({"metadata":{"a":"2"}})");
}

}  // namespace
}  // namespace sluice::protocol
