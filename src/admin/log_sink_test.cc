// SPDX-License-Identifier: MIT
#include "admin/log_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <csignal>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "support/temporary_directory.h"

namespace sluice::admin {
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
  EXPECT_EQ(json_line(noon, LogLevel::info, "e", {}),
            R"({"time":"2026-11-22T12:00:00.007Z","level":"info","event":"e"})");
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
      {{"k", all}, {"nan", std::nan("")}, {"inf", std::numeric_limits<double>::infinity()}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(line, error);
  ASSERT_FALSE(error) << line;
  EXPECT_EQ(value.at("event").as_string(), "e\n\"");
  EXPECT_EQ(std::string(value.at("k").as_string()).substr(0, 128), all.substr(0, 128));
  EXPECT_TRUE(value.at("nan").is_null());
  EXPECT_TRUE(value.at("inf").is_null());
}

TEST(JsonLine, CutsLongValues) {
  const std::string line = json_line(noon, LogLevel::info, "e", {{"f", std::string(1 << 20, 'x')}});
  EXPECT_LT(line.size(), limits::log_value_bytes_max + 100);
  EXPECT_TRUE(line.ends_with("xxx...\"}"));
}

TEST(LogKey, IsAWordThatNoLineHasAnyway) {
  static_assert(is_log_key("upload") && is_log_key("file_size"));
  static_assert(!is_log_key("time") && !is_log_key("level") && !is_log_key("event"));
  static_assert(!is_log_key("") && !is_log_key("Upload") && !is_log_key("a b") &&
                !is_log_key("a\""));
}

class LogSinkTest : public ::testing::Test {
 protected:
  LogSinkTest()
      : path_(directory_.path() + "/log"),
        descriptor_(::open(path_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)) {}
  ~LogSinkTest() override { ::close(descriptor_); }

  LogSink& open(LogLevel least, config::LogFormat format) {
    return sink_.emplace(clock_, least, format, descriptor_, dropped_);
  }

  // The lines that the sink has written at its end.
  std::vector<std::string> lines() {
    sink_.reset();
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
  Counter dropped_;
  std::optional<LogSink> sink_;
};

TEST_F(LogSinkTest, WritesJsonWhereThereIsNoTerminal) {
  open(LogLevel::info, config::LogFormat::automatic).info("started", {{"port", 1}});
  EXPECT_EQ(
      lines(),
      std::vector<std::string>{
          R"({"time":"2026-11-22T12:00:00.007Z","level":"info","event":"started","port":1})"});
}

TEST_F(LogSinkTest, WritesTextOnATerminalAndWhereAskedTo) {
  open(LogLevel::info, config::LogFormat::text).info("started");
  EXPECT_EQ(lines(), std::vector<std::string>{"2026-11-22T12:00:00.007Z info  started"});

  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(master, 0);
  ASSERT_EQ(::grantpt(master), 0);
  ASSERT_EQ(::unlockpt(master), 0);
  char name[128];
  ASSERT_EQ(::ptsname_r(master, name, sizeof name), 0);
  const int terminal = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(terminal, 0);
  LogSink on_terminal(clock_, LogLevel::info, config::LogFormat::automatic, terminal, dropped_);
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
  LogSink& sink = open(LogLevel::warn, config::LogFormat::text);
  sink.info("no");
  sink.warn("yes");
  sink.error("yes");
  EXPECT_EQ(lines().size(), 2U);
}

TEST_F(LogSinkTest, AnotherLevelCountsFromThenOn) {
  LogSink& sink = open(LogLevel::error, config::LogFormat::text);
  sink.warn("no");
  sink.set_least(LogLevel::info);
  sink.info("yes");
  EXPECT_EQ(lines().size(), 1U);
}

TEST(JournalLine, HasAFieldForEachField) {
  const std::string line = journal_line(Timestamp(), LogLevel::warn, "request failed",
                                        {{"upload", 7}, {"reason", "a\nPRIORITY=0"}});
  std::string entry = line;
  std::ranges::replace(entry, journal_separator, '\n');
  EXPECT_EQ(entry,
            "MESSAGE=request failed upload=7 reason=\"a\\nPRIORITY=0\"\nPRIORITY=4\n"
            "SYSLOG_IDENTIFIER=sluice\nSLUICE_EVENT=request failed\nSLUICE_UPLOAD=7\n"
            "SLUICE_REASON=a\\nPRIORITY=0");
}

TEST_F(LogSinkTest, LinesOfThreadsDoNotMix) {
  LogSink& sink = open(LogLevel::info, config::LogFormat::json);
  constexpr std::size_t threads = 4;
  constexpr std::size_t lines_each = 250;
  {
    std::vector<std::jthread> writers;
    writers.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i) {
      writers.emplace_back([&sink, letter = static_cast<char>('a' + i)] {
        const std::string filler(std::size_t{2000}, letter);
        for (std::size_t n = 0; n < lines_each; ++n) {
          sink.info("line", {{"filler", filler}});
        }
      });
    }
  }
  const std::vector<std::string> written = lines();
  ASSERT_EQ(written.size(), threads * lines_each);
  for (const std::string& line : written) {
    const std::size_t begin = line.find("\"filler\":\"") + 10;
    ASSERT_EQ(line.find_first_not_of(line[begin], begin), begin + 2000) << line;
  }
}

// A pipe with a reader that a test controls.
class PipeLogTest : public ::testing::Test {
 protected:
  PipeLogTest() {
    // Ignored for good: a thread that is left behind gets the signal late.
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0);
  }
  ~PipeLogTest() override { close_reader(); }

  void close_reader() {
    if (ends_[0] >= 0) {
      ::close(std::exchange(ends_[0], -1));
    }
  }
  // The sink keeps the writer's end open until it has ended; then the reader sees the end of the
  // pipe.
  std::string everything() {
    std::string text;
    char buffer[64 * 1024];
    for (ssize_t count = 1; count > 0;) {
      count = ::read(ends_[0], buffer, sizeof buffer);
      text.append(buffer, count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    return text;
  }
  // Writes more lines than the queue and the pipe hold. Returns their number.
  static std::uint64_t overfill(LogSink& sink) {
    const std::string filler(4000, 'x');
    constexpr std::uint64_t count = 2 * limits::log_queue_bytes_max / 4000;
    for (std::uint64_t i = 0; i < count; ++i) {
      sink.info("line", {{"filler", filler}});
    }
    return count;
  }

  int ends_[2] = {-1, -1};
  FixedClock clock_;
  Counter dropped_;
};

TEST_F(PipeLogTest, NobodyWaitsForAPipeThatNobodyReads) {
  {
    LogSink sink(clock_, LogLevel::info, config::LogFormat::json, ends_[1], dropped_, Duration(1));
    overfill(sink);
    EXPECT_GT(dropped_.value(), 0U);
  }
  close_reader();  // Ends the thread that was left behind.
}

TEST_F(PipeLogTest, LineSaysHowManyWereDropped) {
  std::uint64_t count = 0;
  std::string text;
  {
    std::optional<LogSink> sink;
    sink.emplace(clock_, LogLevel::info, config::LogFormat::json, ends_[1], dropped_,
                 std::chrono::minutes(1));
    count = overfill(*sink);
    const std::jthread reader([&] { text = everything(); });
    sink->info("and on");
    sink.reset();
    ::close(ends_[1]);
  }
  const std::uint64_t dropped = dropped_.value();
  EXPECT_GT(dropped, 0U);
  std::uint64_t told = 0;
  std::uint64_t written = 0;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const boost::json::value value = boost::json::parse(line);
    if (value.at("event").as_string() == "log lines were dropped") {
      told += value.at("lines").to_number<std::uint64_t>();
    } else {
      ++written;
    }
  }
  EXPECT_EQ(told, dropped);
  EXPECT_EQ(written + dropped, count + 1);
}

TEST_F(PipeLogTest, CountsWhatADescriptorRefuses) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  LogSink sink(clock_, LogLevel::info, config::LogFormat::json, full, dropped_);
  while (dropped_.value() == 0) {
    sink.info("line");
    std::this_thread::yield();
  }
  ::close(full);
}

}  // namespace
}  // namespace sluice::admin
