// SPDX-License-Identifier: MIT
#include "ops/log_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "support/temporary_directory.h"

namespace sluice::ops {
namespace {

constexpr Timestamp noon{std::chrono::milliseconds(1'795'348'800'007)};

class FixedClock final : public Clock {
 public:
  Timestamp now() const noexcept override { return noon; }
};

TEST(TextLine, IsForPeople) {
  EXPECT_EQ(
      text_line(noon, LogLevel::info, "listening", {{"address", "127.0.0.1:1"}, {"workers", 2}}),
      "2026-11-22T12:00:00.007Z info  listening address=127.0.0.1:1 workers=2");
  EXPECT_EQ(text_line(noon, LogLevel::error, "e",
                      {{"ok", false}, {"seconds", 0.25}, {"n", std::uint64_t{1} << 63U}}),
            "2026-11-22T12:00:00.007Z error e ok=false seconds=0.25 n=9223372036854775808");
}

TEST(TextLine, QuotesWhatCouldBeTakenForSomethingElse) {
  const std::pair<std::string_view, const char*> cases[] = {
      {"", R"(f="")"},
      {"a b", R"(f="a b")"},
      {"x=1", R"(f="x=1")"},
      {"a\"b", R"(f="a\"b")"},
      {"a\\b", R"(f="a\\b")"},
      {"a\nERROR forged", R"(f="a\nERROR forged")"},
      {"\x1B[31m", R"(f="\u001b[31m")"},
      {"\xFF", "f=\"\xEF\xBF\xBD\""},
      {"Käse.mp4", "f=Käse.mp4"},
  };
  for (const auto& [value, expected] : cases) {
    EXPECT_EQ(text_line(noon, LogLevel::warn, "e", {{"f", value}}),
              std::string("2026-11-22T12:00:00.007Z warn  e ") + expected);
  }
}

TEST(JsonLine, IsAnObjectWithTheFieldsAsTheyAre) {
  EXPECT_EQ(json_line(noon, LogLevel::debug, "e", {}),
            R"({"time":"2026-11-22T12:00:00.007Z","level":"debug","event":"e"})");
  EXPECT_EQ(
      json_line(
          noon, LogLevel::warn, "e",
          {{"upload", std::uint64_t{7}}, {"request", "r"}, {"n", -1}, {"b", true}, {"d", 0.5}}),
      R"({"time":"2026-11-22T12:00:00.007Z","level":"warn","event":"e","upload":7,"request":"r","n":-1,)"
      R"("b":true,"d":0.5})");
}

TEST(JsonLine, ParsesWhateverTheFieldsHold) {
  std::string all;
  for (int c = 0; c < 256; ++c) {
    all += static_cast<char>(c);
  }
  const std::string line = json_line(
      noon, LogLevel::error, "e\n\"",
      {{"k\"", all}, {"nan", std::nan("")}, {"inf", std::numeric_limits<double>::infinity()}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(line, error);
  ASSERT_FALSE(error) << line;
  EXPECT_EQ(value.at("event").as_string(), "e\n\"");
  EXPECT_EQ(std::string(value.at("k\"").as_string()).substr(0, 128), all.substr(0, 128));
  EXPECT_TRUE(value.at("nan").is_null());
  EXPECT_TRUE(value.at("inf").is_null());
}

TEST(JsonLine, CutsLongValues) {
  const std::string line = json_line(noon, LogLevel::info, "e", {{"f", std::string(1 << 20, 'x')}});
  EXPECT_LT(line.size(), limits::log_value_bytes_max + 100);
  EXPECT_TRUE(line.ends_with("xxx...\"}"));
}

class LogSinkTest : public ::testing::Test {
 protected:
  LogSinkTest()
      : path_(directory_.path() + "/log"),
        descriptor_(::open(path_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)) {}
  ~LogSinkTest() override { ::close(descriptor_); }

  std::vector<std::string> lines() const {
    std::ifstream stream(path_);
    std::vector<std::string> result;
    for (std::string line; std::getline(stream, line);) {
      result.push_back(line);
    }
    return result;
  }

  testing::TemporaryDirectory directory_;
  std::string path_;
  int descriptor_;
  FixedClock clock_;
};

TEST_F(LogSinkTest, WritesJsonWhereThereIsNoTerminal) {
  LogSink sink(clock_, LogLevel::info, LogFormat::automatic, descriptor_);
  sink.info("started", {{"port", 1}});
  EXPECT_EQ(
      lines(),
      std::vector<std::string>{
          R"({"time":"2026-11-22T12:00:00.007Z","level":"info","event":"started","port":1})"});
}

TEST_F(LogSinkTest, WritesTextOnATerminalAndWhereAskedTo) {
  LogSink sink(clock_, LogLevel::info, LogFormat::text, descriptor_);
  sink.info("started");
  EXPECT_EQ(lines(), std::vector<std::string>{"2026-11-22T12:00:00.007Z info  started"});

  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(master, 0);
  ASSERT_EQ(::grantpt(master), 0);
  ASSERT_EQ(::unlockpt(master), 0);
  char name[128];
  ASSERT_EQ(::ptsname_r(master, name, sizeof name), 0);
  const int terminal = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(terminal, 0);
  LogSink on_terminal(clock_, LogLevel::info, LogFormat::automatic, terminal);
  on_terminal.info("started");
  char buffer[256];
  const ssize_t count = ::read(master, buffer, sizeof buffer);
  ASSERT_GT(count, 0);
  EXPECT_TRUE(std::string_view(buffer, static_cast<std::size_t>(count))
                  .starts_with("2026-11-22T12:00:00.007Z info"));
  ::close(terminal);
  ::close(master);
}

TEST_F(LogSinkTest, LeavesOutWhatIsLessImportant) {
  LogSink sink(clock_, LogLevel::warn, LogFormat::text, descriptor_);
  sink.debug("no");
  sink.info("no");
  sink.warn("yes");
  sink.error("yes");
  EXPECT_EQ(lines().size(), 2U);
}

TEST_F(LogSinkTest, LinesOfThreadsDoNotMix) {
  LogSink sink(clock_, LogLevel::info, LogFormat::json, descriptor_);
  constexpr int threads = 4;
  constexpr int lines_each = 250;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < threads; ++i) {
      writers.emplace_back([&sink, i] {
        const std::string filler(2000, static_cast<char>('a' + i));
        for (int n = 0; n < lines_each; ++n) {
          sink.info("line", {{"filler", filler}});
        }
      });
    }
  }
  const std::vector<std::string> written = lines();
  ASSERT_EQ(written.size(), std::size_t{threads * lines_each});
  for (const std::string& line : written) {
    const std::size_t begin = line.find("\"filler\":\"") + 10;
    ASSERT_EQ(line.find_first_not_of(line[begin], begin), begin + 2000) << line;
  }
}

TEST(LogSink, SurvivesADescriptorThatTakesNothing) {
  const FixedClock clock;
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  LogSink sink(clock, LogLevel::info, LogFormat::json, ends[1]);
  const std::string filler(4000, 'x');
  for (int i = 0; i < 100; ++i) {
    sink.info("line", {{"filler", filler}});
  }
  char buffer[64];
  ASSERT_EQ(::read(ends[0], buffer, sizeof buffer), 64);
  EXPECT_TRUE(std::string_view(buffer, sizeof buffer).starts_with(R"({"time":)"));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace sluice::ops
