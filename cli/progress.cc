// SPDX-License-Identifier: MIT
#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <vector>

#include "base/encoding.h"
#include "cli/terminal.h"

namespace sluice::cli {
namespace {

constexpr std::chrono::seconds rate_window{8};
constexpr std::chrono::milliseconds rate_time_min{300};
constexpr std::chrono::milliseconds sample_distance{100};
constexpr std::size_t bar_columns_max = 40;
constexpr std::size_t bar_columns_min = 10;
constexpr std::size_t name_columns_max = 32;

std::optional<std::uint64_t> unit_factor(std::string_view unit) {
  const std::string lower = to_lower(trimmed(unit));
  constexpr std::array<std::string_view, 4> prefixes{"k", "m", "g", "t"};
  if (lower.empty() || lower == "b") {
    return 1;
  }
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    const std::string prefix(prefixes[i]);
    if (lower == prefix || lower == prefix + "b" || lower == prefix + "ib") {
      return std::uint64_t{1} << (10 * (i + 1));
    }
  }
  return std::nullopt;
}

std::string rate_text(const ProgressState& state) {
  if (!state.bytes_per_second) {
    return "";
  }
  return format_bytes(static_cast<std::uint64_t>(*state.bytes_per_second)) + "/s";
}

std::string left_text(const ProgressState& state) {
  const auto left = time_left(state);
  return left ? format_duration(*left) + " left" : "";
}

// Of a known total, from 0 to 1.
double share(const ProgressState& state) {
  return state.total == 0U ? 1.0
                           : std::min(1.0, static_cast<double>(state.done) /
                                               static_cast<double>(state.total.value_or(1)));
}

// The folders of a name go first.
std::string_view shown_name(std::string_view name, std::size_t columns_max) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos || columns_of(name) <= columns_max
             ? name
             : name.substr(slash + 1);
}

std::size_t name_columns_in(std::size_t columns) {
  return std::min(name_columns_max, columns / 3);
}

// Those that are known.
std::vector<std::string> figures_of(const ProgressState& state) {
  if (state.waits_for_answer) {
    return {"waiting for the application"};
  }
  std::vector<std::string> figures{rate_text(state), left_text(state)};
  std::erase(figures, "");
  return figures;
}

// "  50%  2.0 MiB/s  0:15 left"
std::string bar_figures(const ProgressState& state) {
  const std::optional<int> done = percent(state);
  std::string figures = done ? fmt::format("{:3}%", *done) : format_bytes(state.done);
  for (const std::string& figure : figures_of(state)) {
    figures += "  " + figure;
  }
  return figures;
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) {
    return fmt::format("{} B", bytes);
  }
  double value = static_cast<double>(bytes) / 1024.0;
  std::size_t unit = 0;
  // 1023.95 would be printed as 1024.0.
  while (value >= 1023.95 && unit + 1 < units.size()) {
    value /= 1024.0;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string format_duration(std::chrono::seconds duration) {
  const auto seconds = std::max<std::int64_t>(duration.count(), 0);
  if (seconds < 3600) {
    return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  }
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const std::string_view spaceless = trimmed(text);
  std::uint64_t count = 0;
  const auto [stop, error] =
      std::from_chars(spaceless.data(), spaceless.data() + spaceless.size(), count);
  if (error != std::errc()) {
    return std::nullopt;
  }
  const auto digits = static_cast<std::size_t>(stop - spaceless.data());
  const std::optional<std::uint64_t> factor = unit_factor(spaceless.substr(digits));
  if (!factor || count > std::numeric_limits<std::uint64_t>::max() / *factor) {
    return std::nullopt;
  }
  return count * *factor;
}

void RateMeter::add(Time now, std::uint64_t position) {
  // After a lost connection the position falls back; bytes sent again are no gain.
  if (!samples_.empty() && position < samples_.back().position) {
    samples_.clear();
  }
  if (samples_.size() >= 2 && now - samples_[samples_.size() - 2].time < sample_distance) {
    samples_.back() = {now, position};
  } else {
    samples_.push_back({now, position});
  }
  while (samples_.size() > 2 && now - samples_.front().time > rate_window) {
    samples_.pop_front();
  }
}

std::optional<double> RateMeter::bytes_per_second() const {
  if (samples_.size() < 2 || samples_.back().time - samples_.front().time < rate_time_min) {
    return std::nullopt;
  }
  const std::chrono::duration<double> time = samples_.back().time - samples_.front().time;
  return static_cast<double>(samples_.back().position - samples_.front().position) / time.count();
}

std::optional<int> percent(const ProgressState& state) {
  if (!state.total) {
    return std::nullopt;
  }
  // 100 only when it is true.
  return state.done >= *state.total ? 100 : std::min(99, static_cast<int>(share(state) * 100.0));
}

std::optional<std::chrono::seconds> time_left(const ProgressState& state) {
  if (!state.total || !state.bytes_per_second || *state.bytes_per_second < 1.0 ||
      state.done >= *state.total) {
    return std::nullopt;
  }
  const double seconds = static_cast<double>(*state.total - state.done) / *state.bytes_per_second;
  constexpr double shown_seconds_max = 360'000;
  return std::chrono::seconds(static_cast<std::int64_t>(std::min(seconds, shown_seconds_max)));
}

BarWidths widths_of(const ProgressState& state, std::size_t columns) {
  return {std::min(columns_of(shown_name(state.name, name_columns_in(columns))),
                   name_columns_in(columns)),
          bar_figures(state).size()};
}

std::string progress_bar(const ProgressState& state, std::size_t columns, BarWidths widths) {
  const std::size_t name_columns = name_columns_in(columns);
  std::string name = first_columns(shown_name(state.name, name_columns), name_columns);
  name.append(widths.name - std::min(widths.name, columns_of(name)), ' ');
  const std::string figures = bar_figures(state);
  const std::size_t taken = columns_of(name) + 1 + 2 + 1 + std::max(widths.figures, figures.size());
  if (!state.total || taken + bar_columns_min > columns) {
    return first_columns(name + " " + figures, columns);
  }
  const std::size_t width = std::min(bar_columns_max, columns - taken);
  const auto filled = static_cast<std::size_t>(static_cast<double>(width) * share(state));
  return fmt::format("{} [{}{}] {}", name, std::string(filled, '#'),
                     std::string(width - filled, '.'), figures);
}

std::string progress_line(const ProgressState& state) {
  std::string line = state.name + ": " + format_bytes(state.done);
  if (state.total) {
    line += fmt::format(" of {} ({}%)", format_bytes(*state.total), *percent(state));
  }
  for (const std::string& figure : figures_of(state)) {
    line += ", " + figure;
  }
  return line;
}

std::string comparison_text(std::uint64_t compared, std::uint64_t total) {
  const std::string how_many = compared >= total ? "every byte"
                               : compared == 0
                                   ? "no byte"
                                   : format_bytes(compared) + " of " + format_bytes(total);
  return how_many + " verified";
}

}  // namespace sluice::cli
