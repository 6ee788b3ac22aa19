// SPDX-License-Identifier: MIT
#include "http/parameter_list.h"

#include <gtest/gtest.h>

#include <map>

namespace sluice::http {
namespace {

using Values = std::map<std::string, std::string>;

TEST(ParameterList, IsReadAsClientsWriteIt) {
  struct Row {
    const char* field;
    Values values;
  };
  const Row rows[] = {
      {"form-data", {}},
      {"form-data;", {}},
      {"form-data; name=a; filename=\"b c\"", {{"name", "a"}, {"filename", "b c"}}},
      {"form-data ;NAME = \"a\" ;; x; b = c d ;", {{"name", "a"}, {"b", "c d"}}},
      // Quotes inside of quotes.
      {R"(f; name="file"; filename="my "best" film.mp4")",
       {{"name", "file"}, {"filename", R"(my "best" film.mp4)"}}},
      {R"(f; filename="a"b.mp4"; name="file")", {{"filename", R"(a"b.mp4)"}, {"name", "file"}}},
      {R"(f; filename=""a""; name="file")", {{"filename", R"("a")"}, {"name", "file"}}},
      {R"(f; filename="a"; "b.mp4"; name="file")",
       {{"filename", R"(a"; "b.mp4)"}, {"name", "file"}}},
      {R"(f; filename="a\"; b"; name="file")", {{"filename", R"(a"; b)"}, {"name", "file"}}},
      {R"(f; filename="say \"hi\""; name="file")", {{"filename", R"(say "hi")"}, {"name", "file"}}},
      // Backslashes at the end.
      {R"(f; filename="C:\dir\"; name="file")", {{"filename", R"(C:\dir\)"}, {"name", "file"}}},
      {R"(f; name="file"; filename="C:\dir\")", {{"filename", R"(C:\dir\)"}, {"name", "file"}}},
      {R"(f; name="file"; filename="C:\\dir\\x.mp4")",
       {{"filename", R"(C:\dir\x.mp4)"}, {"name", "file"}}},
      {R"(f; name="file"; filename="\")", {{"filename", "\\"}, {"name", "file"}}},
      // A parameter that cannot be parsed leaves the others.
      {R"(f; filename="open; name=file)", {{"name", "file"}}},
      {R"(f; name="file"; x="open)", {{"name", "file"}}},
      {R"(f; name="file"; flag; filename="a")", {{"name", "file"}, {"filename", "a"}}},
      {R"(f; name="file";; =x; filename="a")", {{"name", "file"}, {"", "x"}, {"filename", "a"}}},
      {R"(f; a="x; a="y; a="z; name=file)", {{"name", "file"}}},
  };
  for (const Row& row : rows) {
    const ParameterList list(row.field);
    for (const auto& [name, value] : row.values) {
      ASSERT_NE(list.find(name), nullptr) << row.field << ": " << name;
      EXPECT_EQ(*list.find(name), value) << row.field;
      EXPECT_EQ(list.count(name), 1U) << row.field;
    }
    for (const char* name : {"name", "filename", "x", "a", "flag"}) {
      EXPECT_EQ(list.find(name) != nullptr, row.values.contains(name)) << row.field << ": " << name;
    }
  }
}

TEST(ParameterList, FindsTheFirstOfSeveral) {
  const ParameterList list("f; a=1; A=2");
  EXPECT_EQ(*list.find("a"), "1");
  EXPECT_EQ(list.count("a"), 2U);
}

TEST(ParameterList, HasExtendedText) {
  struct Row {
    const char* field;
    std::optional<std::string> text;
  };
  const Row rows[] = {
      {"f; n=plain", {}},
      {"f; n*=UTF-8''%e2%99%a5", "\xE2\x99\xA5"},
      {"f; n*=utf-8'en'%E2%82%AC%20x; n=plain", "\xE2\x82\xAC x"},
      {"f; n*=iso-8859-1''%e4", "\xC3\xA4"},
      {"f; n*=\"UTF-8''a%20b\"", "a b"},
      {"f; n*=UTF-8''%FF", {}},
      {"f; n*=KOI8-R''a", {}},
      {"f; n*=UTF-8''%zz", {}},
      {"f; n*=bare", {}},
      // RFC 2231 3: pieces.
      {"f; n*0=\"a long\"; n*1=\" name\"", "a long name"},
      {"f; n*0=a; name=x; n*1=b; n*2=c", "abc"},
      {"f; n*0=only", "only"},
      // RFC 2231 4.1: both at once; a character may be cut.
      {"f; n*0*=UTF-8''%e2; n*1*=%99; n*2*=%a5", "\xE2\x99\xA5"},
      {"f; n*0*=us-ascii'en'a; n*1=b", {}},
      {"f; n*0*=UTF-8''%e2%99%a5%20; n*1=\"100%25\"", "\xE2\x99\xA5 100%25"},
      {"f; n*0*=iso-8859-1''%e4; n*1*=%f6", "\xC3\xA4\xC3\xB6"},
      {"f; n*0*=a; n*1*=b", "ab"},
      {"f; n*0*=UTF-8''%zz; n*1=b", {}},
      {"f; n*0*=UTF-8''%ff", {}},
      // A missing piece ends the value, and a whole value goes before pieces.
      {"f; n*0=a; n*2=c", "a"},
      {"f; n*1=b", {}},
      {"f; n*0=a; n*=UTF-8''b", "b"},
      {"f; n*0=a; n*=UTF-8''%ff", "a"},
      {"f; n*00=a", {}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ParameterList(row.field).extended_text("n"), row.text) << row.field;
  }
}

}  // namespace
}  // namespace sluice::http
