// SPDX-License-Identifier: MIT
#include "config/setting_types.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::config {
namespace {

constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();

TEST(Size, ReadsBytesAndBinaryUnits) {
  const std::pair<const char*, std::uint64_t> cases[] = {
      {"0", 0},
      {"1", 1},
      {"64MiB", std::uint64_t{64} << 20U},
      {"64 MiB", std::uint64_t{64} << 20U},
      {"3KiB", 3072},
      {"1GiB", std::uint64_t{1} << 30U},
      {"4TiB", std::uint64_t{1} << 42U},
      {"18446744073709551615", any},
  };
  for (const auto& [text, bytes] : cases) {
    EXPECT_EQ(parse_size(text, 0, any), bytes) << text;
  }
}

TEST(Size, RefusesWhatIsNoSize) {
  for (const char* text :
       {"", " ", "MiB", "1MB", "1mib", "1.5GiB", "-1", "+1", "0x10", "1 2", "1GiBx", " 1GiB",
        "18446744073709551616", "16777216TiB", "9999999999999TiB"}) {
    EXPECT_FALSE(parse_size(text, 0, any)) << text;
  }
}

TEST(Size, SaysWhichRangeIsExpected) {
  EXPECT_EQ(parse_size("1KiB", 2048, 1 << 20).error(), "expected a size from 2KiB to 1MiB");
  EXPECT_EQ(parse_size("2MiB", 2048, 1 << 20).error(), "expected a size from 2KiB to 1MiB");
  EXPECT_EQ(parse_size("2KiB", 2048, 1 << 20), 2048U);
  EXPECT_EQ(parse_size("1MiB", 2048, 1 << 20), 1U << 20U);
}

TEST(Size, PrintsWhatReadsBackTheSame) {
  EXPECT_EQ(print_size(std::uint64_t{1} << 42U), "4TiB");
  EXPECT_EQ(print_size(1536), "1536");
  EXPECT_EQ(print_size(3072), "3KiB");
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{1023}, std::uint64_t{1} << 50U, any}) {
    EXPECT_EQ(parse_size(print_size(value), 0, any), value);
  }
}

TEST(Span, ReadsEveryUnit) {
  const std::pair<const char*, std::int64_t> cases[] = {{"250ms", 250},      {"30s", 30'000},
                                                        {"90m", 5'400'000},  {"36h", 129'600'000},
                                                        {"7d", 604'800'000}, {"0s", 0}};
  for (const auto& [text, milliseconds] : cases) {
    EXPECT_EQ(parse_duration(text, Duration(0), Duration::max()), Duration(milliseconds)) << text;
  }
}

TEST(Span, RefusesWhatIsNoDuration) {
  for (const char* text :
       {"", "30", "s", "1.5h", "-1s", "1w", "1h30m", "30S", "9223372036854775807d"}) {
    EXPECT_FALSE(parse_duration(text, Duration(0), Duration::max())) << text;
  }
  EXPECT_EQ(parse_duration("0s", Duration(1), Duration(1000)).error(),
            "expected a duration from 1ms to 1s");
}

TEST(Span, PrintsWhatReadsBackTheSame) {
  EXPECT_EQ(print_duration(Duration(604'800'000)), "7d");
  EXPECT_EQ(print_duration(Duration(5'400'000)), "90m");
  EXPECT_EQ(print_duration(Duration(1'001)), "1001ms");
  EXPECT_EQ(parse_duration(print_duration(Duration(0)), Duration(0), Duration(1)), Duration(0));
}

TEST(Address, ReadsBothFamilies) {
  EXPECT_EQ(Address::parse("127.0.0.1:8080"), (net::Endpoint{"127.0.0.1", 8080}));
  EXPECT_EQ(Address::parse("localhost:0"), (net::Endpoint{"127.0.0.1", 0}));
  EXPECT_EQ(Address::parse("[::1]:65535"), (net::Endpoint{"::1", 65535}));
  EXPECT_EQ(Address::parse("unix:/run/sluice.sock"), (net::Endpoint{"", 0, "/run/sluice.sock"}));
  EXPECT_EQ(Address::print({"", 0, "/a\"b"}), R"("unix:/a\"b")");
  EXPECT_EQ(Address::print({"::1", 80}), "\"[::1]:80\"");
  EXPECT_EQ(Address::print({"0.0.0.0", 80}), "\"0.0.0.0:80\"");
}

TEST(Address, RefusesWhatCannotBeListenedOn) {
  for (const char* text :
       {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:80 ", "example.com:80", "::1:80", "[::1]", "[::1", "[127.0.0.1]:80", "127.1:80",
        "[localhost]:80", "unix:a", "unix:/a\nb", "unix:/\xFF"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(FileMode, IsOctal) {
  EXPECT_EQ(FileMode::parse("0660"), 0660U);
  EXPECT_EQ(FileMode::parse("777"), 0777U);
  EXPECT_EQ(FileMode::print(0600), "\"0600\"");
  for (const char* text : {"", "0680", "1777", "rw", "0o660", "-1", " 660"}) {
    EXPECT_FALSE(FileMode::parse(text)) << text;
  }
}

TEST(BaseUrl, DropsSlashesAtTheEnd) {
  EXPECT_EQ(BaseUrl::parse(""), "");
  EXPECT_EQ(BaseUrl::parse("https://u.example.com"), "https://u.example.com");
  EXPECT_EQ(BaseUrl::parse("https://u.example.com/"), "https://u.example.com");
  EXPECT_EQ(BaseUrl::parse("http://10.0.0.1:8080/up/load//"), "http://10.0.0.1:8080/up/load");
  EXPECT_EQ(BaseUrl::parse("http://[::1]:8080"), "http://[::1]:8080");
}

TEST(BaseUrl, RefusesWhatPathsCannotBeAppendedTo) {
  for (const char* text : {"example.com",       "/up",
                           "ftp://x",           "http://",
                           "http:///",          "https:///up",
                           "http://x?y",        "http://x#y",
                           "http://x/%41",      "http://u:p@x",
                           "http://x y",        "http://x:0",
                           "http://x:",         "http://x:65536",
                           "http://x:80:80",    "http://[::1",
                           "http://[x]:80",     "HTTP://x",
                           "http://x/\xC3\xA4", "http://x\r\nSet-Cookie: a",
                           "http://:80"}) {
    EXPECT_FALSE(BaseUrl::parse(text)) << text;
  }
}

TEST(Switch, TakesFourWords) {
  EXPECT_EQ(Switch::parse("true"), true);
  EXPECT_EQ(Switch::parse("1"), true);
  EXPECT_EQ(Switch::parse("false"), false);
  EXPECT_EQ(Switch::parse("0"), false);
  for (const char* text : {"", "yes", "TRUE", "2"}) {
    EXPECT_FALSE(Switch::parse(text)) << text;
  }
}

TEST(OriginList, NamesThePatternThatIsNone) {
  EXPECT_EQ(OriginList::parse("https://a.example")->text(), "https://a.example");
  const auto wrong = OriginList::parse("https://a.example, b.example");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().find("got \"b.example\""), std::string::npos) << wrong.error();
}

TEST(Words, AreListedWhenNoneMatches) {
  EXPECT_EQ(LogLevelWord::parse("warn"), LogLevel::warn);
  EXPECT_EQ(LogLevelWord::parse("Warn").error(), R"(expected one of "info", "warn", "error")");
  EXPECT_EQ(DurabilityWord::parse("none"), Durability::none);
  EXPECT_EQ(DurabilityWord::parse("interval"), Durability::interval);
  EXPECT_EQ(DurabilityWord::parse("Commit").error(),
            R"(expected one of "commit", "interval", "none")");
  EXPECT_EQ(LogFormatWord::parse("auto"), LogFormat::automatic);
  EXPECT_EQ(LogFormatWord::print(LogFormat::json), "\"json\"");
}

TEST(Path, RefusesWhatTomlCannotHold) {
  EXPECT_EQ(parse_path("/var/lib/\xC3\xA4", false), "/var/lib/\xC3\xA4");
  EXPECT_EQ(parse_path("", true), "");
  EXPECT_FALSE(parse_path("", false));
  EXPECT_FALSE(parse_path("a\nb", false));
  EXPECT_FALSE(parse_path("a\xFF", false));
  EXPECT_FALSE(parse_path(std::string_view("a\0b", 3), false));
}

}  // namespace
}  // namespace sluice::config
