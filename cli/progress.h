// SPDX-License-Identifier: MIT
// How much of a file is there, in words and as a bar. Text only; cli/report prints it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::cli {

// "512 B", "5.0 MiB".
std::string format_bytes(std::uint64_t bytes);
// "0:07", "12:30", "3:04:05".
std::string format_duration(std::chrono::seconds duration);
// "5MiB", "64 KiB", "1g", "1048576": a factor of 1024 whatever the spelling; nullopt when it is no
// size or does not fit.
std::optional<std::uint64_t> parse_size(std::string_view text);

// Bytes per second over the last seconds. Bytes that are sent again do not count twice.
class RateMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void add(Time now, std::uint64_t position);
  // nullopt until there is something to measure.
  std::optional<double> bytes_per_second() const;

 private:
  struct Sample {
    Time time;
    std::uint64_t position;
  };
  std::deque<Sample> samples_;
};

struct ProgressState {
  std::string name;
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total = 0;  // Unknown while the end of the bytes is still to come.
  std::optional<double> bytes_per_second = std::nullopt;
  bool waits_for_answer = false;  // Everything is sent, for some time.
};

// nullopt without a total.
std::optional<int> percent(const ProgressState& state);
// nullopt while the rate is not known or nothing moves.
std::optional<std::chrono::seconds> time_left(const ProgressState& state);

// The columns before and behind a bar.
struct BarWidths {
  std::size_t name = 0;
  std::size_t figures = 0;
};

// Those that one takes at most, of a line of so many columns.
BarWidths widths_of(const ProgressState& state, std::size_t columns);
// One line of at most `columns` columns: name, bar, percent, rate, time left; without a total name,
// bytes and rate. Parts that do not fit are left out, the folders of the name first, then the bar.
// Name and figures take at least `widths`: bars below each other begin and end in the same columns.
std::string progress_bar(const ProgressState& state, std::size_t columns, BarWidths widths = {});
// The same in words, for a log.
std::string progress_line(const ProgressState& state);
// How many of `total` bytes were compared by their digests.
std::string comparison_text(std::uint64_t compared, std::uint64_t total);

}  // namespace sluice::cli
