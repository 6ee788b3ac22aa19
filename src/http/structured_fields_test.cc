// SPDX-License-Identifier: MIT
#include "http/structured_fields.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

StructuredValue bytes_of(const char* bytes) {
  return StructuredBytes{bytes};
}

TEST(StructuredFields, ReadsItems) {
  struct Case {
    const char* text;
    StructuredValue value;
  };
  for (const Case& c : {
           Case{"0", std::int64_t{0}},
           Case{"-0", std::int64_t{0}},
           Case{"00042", std::int64_t{42}},
           Case{"-17", std::int64_t{-17}},
           Case{"999999999999999", std::int64_t{999'999'999'999'999}},
           Case{"  5  ", std::int64_t{5}},
           Case{"5;a;b=1;*c=\"x\"; d=?0", std::int64_t{5}},
           Case{"?1", true},
           Case{"?0", false},
           Case{"?1;x=:AA==:", true},
           Case{"::", bytes_of("")},
           Case{":Zm9vYmFy:", bytes_of("foobar")},
           Case{"1.5", StructuredOther()},
           Case{"123456789012.123", StructuredOther()},
           Case{"\"a\\\"b\\\\\"", StructuredOther()},
           Case{"*a/b:c!#$%&'+-.^_`|~", StructuredOther()},
           Case{"Zm9vYmFy:", StructuredOther()},
           Case{"@1659578233", StructuredOther()},
           Case{"%\"f%c3%bc\"", StructuredOther()},
       }) {
    EXPECT_EQ(parse_structured_item(c.text), c.value) << c.text;
  }
}

TEST(StructuredFields, RefusesWhatIsNoItem) {
  for (const char* text : {"",
                           " ",
                           "\t5",
                           "5\t",
                           "5,6",
                           "5 6",
                           "?1, ?1",
                           "-",
                           "--1",
                           "+1",
                           "1.",
                           "1.2345",
                           "1234567890123.1",
                           "1000000000000000",
                           "99999999999999999999999",
                           "?",
                           "?2",
                           "?true",
                           "?10",
                           ":Zm9vYmFy",
                           ":Zm9v YmFy:",
                           ":Zg:",
                           ":-_8=:",
                           "\"a",
                           "\"\\a\"",
                           "\"\xC3\xBC\"",
                           "\"\x7F\"",
                           "@",
                           "@1.5",
                           "@a",
                           "%a",
                           "%\"%C3\"",
                           "%\"%c\"",
                           "%\"a",
                           "(1 2)",
                           "5;",
                           "5;A=1",
                           "5;a=",
                           "5; =1",
                           "\xC3\xBC"}) {
    EXPECT_FALSE(parse_structured_item(text)) << text;
  }
  EXPECT_FALSE(parse_structured_item(std::string_view("5\0", 2)));
}

std::string written(const std::optional<std::vector<StructuredMember>>& members) {
  std::string text;
  for (const StructuredMember& member : members.value_or(std::vector<StructuredMember>{})) {
    text += member.key + ' ';
    if (const auto* const number = std::get_if<std::int64_t>(&member.value)) {
      text += std::to_string(*number);
    } else if (const auto* const boolean = std::get_if<bool>(&member.value)) {
      text += structured_boolean(*boolean);
    } else if (const auto* const bytes = std::get_if<StructuredBytes>(&member.value)) {
      text += structured_bytes(bytes->bytes);
    } else {
      text += "other";
    }
    text += '\n';
  }
  return members ? text : "none";
}

TEST(StructuredFields, ReadsDictionaries) {
  struct Case {
    const char* text;
    const char* members;
  };
  for (const Case& c : {
           Case{"", ""},
           Case{"  ", ""},
           Case{"a=1", "a 1\n"},
           Case{"max-size=100, min-size=0", "max-size 100\nmin-size 0\n"},
           Case{"a,b;x,c=?0", "a ?1\nb ?1\nc ?0\n"},
           Case{"a=1 \t,\t b=2  ", "a 1\nb 2\n"},
           Case{"a=1,b=2,a=3", "a 3\nb 2\n"},
           Case{"sha-256=:Zm9v:, md5=:YmFy:", "sha-256 :Zm9v:\nmd5 :YmFy:\n"},
           Case{"a=(1 \"x\";p ( ", "none"},
           Case{"a=(1 \"x\";p  ?0);q, b=()", "a other\nb other\n"},
           Case{"*a.b_c-d*9=tok", "*a.b_c-d*9 other\n"},
           Case{"A=1", "none"},
           Case{"a=1,", "none"},
           Case{",a=1", "none"},
           Case{"a=1,,b=2", "none"},
           Case{"a=1 b=2", "none"},
           Case{"a= 1", "none"},
           Case{"a =1", "none"},
           Case{"a=(1 2", "none"},
           Case{"a=(1,2)", "none"},
           Case{"a=(1\"x\")", "none"},
           Case{"a=((1))", "none"},
           Case{"a;=1", "none"},
           Case{"1a=1", "none"},
       }) {
    EXPECT_EQ(written(parse_structured_dictionary(c.text)), c.members) << c.text;
  }
}

TEST(StructuredFields, JoinsTheFieldsOfOneName) {
  Headers headers;
  EXPECT_FALSE(structured_text(headers, "A"));
  headers.add("A", "a=1");
  headers.add("B", "x");
  headers.add("a", "b=2");
  EXPECT_EQ(structured_text(headers, "a"), "a=1, b=2");
}

}  // namespace
}  // namespace sluice::http
