// SPDX-License-Identifier: MIT
#include "console/owner_document.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace sluice::console {
namespace {

TEST(OwnersDocument, SaysWhatOwnersHaveAndMayHave) {
  const auth::Quotas some{
      .file_size = 1, .bytes = 9, .sessions = std::nullopt, .records = std::nullopt};
  EXPECT_EQ(boost::json::serialize(owners_document(
                {{.owner = "ann", .sessions = 1, .bytes = 7, .records = 2}, {.owner = "\xff"}},
                {{"ann", some}, {"bob", {}}})),
            R"({"owners":[{"owner":"ann","sessions":1,"bytes":7,"records":2,"bytes_max":9},)"
            "{\"owner\":\"\xEF\xBF\xBD\",\"sessions\":0,\"bytes\":0,\"records\":0},"
            R"({"owner":"bob","sessions":0,"bytes":0,"records":0}]})");
}

}  // namespace
}  // namespace sluice::console
