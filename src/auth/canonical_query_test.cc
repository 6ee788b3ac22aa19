// SPDX-License-Identifier: MIT
#include "auth/canonical_query.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace sluice::auth {
namespace {

using Fields = std::vector<http::FormField>;

const Fields awkward{{"b", "one two+~!*()'/:"}, {"B", "\xE2\x99\xA5"}, {"a", ""}, {"b_c", "%"}};

TEST(CanonicalQuery, FollowsTheDocumentation) {
  EXPECT_EQ(canonical_query(awkward, Dialect::documented),
            "B=%E2%99%A5&a=&b=one%20two%2B~%21%2A%28%29%27%2F%3A&b_c=%25");
  EXPECT_EQ(canonical_query({{"k=&%", "v"}}, Dialect::documented), "k%3D%26%25=v");
  EXPECT_EQ(canonical_query({{"m[a b]", "x"}}, Dialect::documented), "m[a%20b]=x");
  EXPECT_EQ(canonical_query({}, Dialect::documented), "");
}

TEST(CanonicalQuery, FollowsEachClientThatDeviates) {
  const std::map<Dialect, std::string> expected{
      {Dialect::php, "B=%E2%99%A5&a=&b=one%20two%2B%7E%21%2A%28%29%27%2F%3A&b_c=%25"},
      {Dialect::node, "B=%E2%99%A5&a=&b=one%20two%2B~%21*%28%29'%2F%3A&b_c=%25"},
      {Dialect::dotnet, "a=&b=one+two%2B%7E!*()%27%2F%3A&B=%E2%99%A5&b_c=%25"},
      {Dialect::coldfusion, "a=&B=%E2%99%A5&b=one%20two%2B~%21%2A%28%29%27%2F%3A&b_c=%25"},
      {Dialect::java, "B=%E2%99%A5&a=&b=one+two%2B%7E%21*%28%29%27%2F%3A&b_c=%25"},
  };
  for (const auto& [dialect, text] : expected) {
    EXPECT_EQ(canonical_query(awkward, dialect), text) << static_cast<int>(dialect);
  }
  EXPECT_EQ(canonical_query({{"b", "one two+~!*()'/:"}, {"B", "\xE2\x99\xA5"}}, Dialect::java_v3),
            "B=\xE2\x99\xA5&b=one%20two%2B~!*()'%2F%3A");
}

TEST(CanonicalQuery, SortsPairsWhereTheClientDoes) {
  const Fields fields{{"a-b", "1"}, {"a", "2"}};
  EXPECT_EQ(canonical_query(fields, Dialect::documented), "a=2&a-b=1");
  EXPECT_EQ(canonical_query(fields, Dialect::coldfusion), "a-b=1&a=2");
  EXPECT_EQ(canonical_query(fields, Dialect::java_v3), "a-b=1&a=2");
}

TEST(CanonicalQuery, LeavesOutSignatureAndFile) {
  const Fields fields{{"file", "@film.mp4"}, {"a", "1"}, {"signature", "abc="}};
  for (const Dialect dialect : dialects) {
    EXPECT_EQ(canonical_query(fields, dialect),
              dialect == Dialect::node ? "a=1&file=%40film.mp4" : "a=1");
  }
}

// A value or name of one set may contain the text of another set's parameters.
TEST(CanonicalQuery, NeverStandsForTwoSetsOfParameters) {
  const std::vector<Fields> sets{
      {{"a", "1"}, {"b", "2"}},
      {{"a", "1&b=2"}},
      {{"a=1&b", "2"}},
      {{"a", "1%26b=2"}},
      {{"a", "x y"}},
      {{"a", "x+y"}},
      {{"a", "x%20y"}},
      {{"a", "x%2By"}},
      {{"a b", "1"}},
      {{"a+b", "1"}},
      {{"a%20b", "1"}},
      {{"A", "1"}},
      {{"a", "1"}},
      {{"a=", "1"}},
      {{"a", "=1"}},
      {{"", "a"}},
      {{"a", ""}},
      {{"a", "1"}, {"", ""}},
      {{"a", "1"}, {"a", "2"}},
      {{"a", "1&a=2"}},
      {{"m[k]", "1"}},
      {{"m%5Bk%5D", "1"}},
      {{"a", "~"}},
      {{"a", "%7E"}},
  };
  std::map<std::string, const Fields*> owner;
  for (const Fields& fields : sets) {
    for (const Dialect dialect : dialects) {
      const auto text = canonical_query(fields, dialect);
      if (text) {
        EXPECT_EQ(owner.emplace(*text, &fields).first->second, &fields) << *text;
      }
    }
  }
  EXPECT_GE(owner.size(), sets.size());
}

TEST(CanonicalQuery, IsNotOfferedWhereItCouldBeMisread) {
  for (const Dialect dialect : dialects) {
    EXPECT_EQ(canonical_query({{"a=1&b", "2"}}, dialect).has_value(),
              dialect == Dialect::documented || dialect == Dialect::php);
  }
  EXPECT_FALSE(canonical_query({{"a", "1&b=2"}}, Dialect::java_v3));
  EXPECT_FALSE(canonical_query({{"a", "100%"}}, Dialect::java_v3));
}

}  // namespace
}  // namespace sluice::auth
