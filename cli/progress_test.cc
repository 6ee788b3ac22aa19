// SPDX-License-Identifier: MIT
#include "cli/progress.h"

#include <gtest/gtest.h>

#include <string>

#include "cli/terminal.h"

namespace sluice::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t mebibyte = 1 << 20U;

ProgressState half_done() {
  return {.name = "a.mp4",
          .done = 30 * mebibyte,
          .total = 60 * mebibyte,
          .bytes_per_second = 2.0 * mebibyte};
}

TEST(FormatBytes, chooses_the_unit) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.0 KiB");
  EXPECT_EQ(format_bytes(5 * mebibyte + mebibyte / 2), "5.5 MiB");
  EXPECT_EQ(format_bytes(mebibyte - 1), "1.0 MiB");
  EXPECT_EQ(format_bytes(std::uint64_t{1} << 42U), "4.0 TiB");
}

TEST(FormatDuration, has_hours_only_when_needed) {
  EXPECT_EQ(format_duration(seconds(7)), "0:07");
  EXPECT_EQ(format_duration(seconds(750)), "12:30");
  EXPECT_EQ(format_duration(seconds(3 * 3600 + 4 * 60 + 5)), "3:04:05");
  EXPECT_EQ(format_duration(seconds(-1)), "0:00");
}

TEST(ParseSize, understands_the_usual_units) {
  EXPECT_EQ(parse_size("1048576"), mebibyte);
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("5MiB"), 5 * mebibyte);
  EXPECT_EQ(parse_size(" 5 mib "), 5 * mebibyte);
  EXPECT_EQ(parse_size("1g"), 1024 * mebibyte);
  EXPECT_EQ(parse_size("1GB"), 1024 * mebibyte);
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("7B"), 7U);
  for (const char* text : {"", "MiB", "-1", "+1", "1.5MiB", "5 parsecs", "5MiBs", "0x10",
                           "18446744073709551616", "18446744073709551615KiB"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(parse_size(text), std::nullopt);
  }
}

TEST(RateMeter, measures_the_last_seconds) {
  RateMeter meter;
  const RateMeter::Time start{};
  EXPECT_EQ(meter.bytes_per_second(), std::nullopt);
  for (int i = 0; i <= 20; ++i) {
    meter.add(start + seconds(i), static_cast<std::uint64_t>(i) * 100);
  }
  EXPECT_DOUBLE_EQ(meter.bytes_per_second().value_or(0), 100.0);
  for (int i = 21; i <= 40; ++i) {
    meter.add(start + seconds(i), 2000 + static_cast<std::uint64_t>(i - 20) * 500);
  }
  EXPECT_DOUBLE_EQ(meter.bytes_per_second().value_or(0), 500.0);
}

TEST(RateMeter, does_not_trust_a_moment) {
  RateMeter meter;
  meter.add({}, 0);
  meter.add(RateMeter::Time{} + milliseconds(1), mebibyte);
  EXPECT_EQ(meter.bytes_per_second(), std::nullopt);
}

TEST(RateMeter, begins_again_when_bytes_were_lost) {
  RateMeter meter;
  meter.add({}, 0);
  meter.add(RateMeter::Time{} + seconds(1), 1000);
  meter.add(RateMeter::Time{} + seconds(2), 500);
  EXPECT_EQ(meter.bytes_per_second(), std::nullopt);
  meter.add(RateMeter::Time{} + seconds(4), 700);
  EXPECT_DOUBLE_EQ(meter.bytes_per_second().value_or(0), 100.0);
}

TEST(Percent, is_full_only_when_everything_is_there) {
  EXPECT_EQ(percent({.name = "", .done = 0, .total = 0, .bytes_per_second = {}}), 100);
  EXPECT_EQ(percent({.name = "", .done = 99'999, .total = 100'000, .bytes_per_second = {}}), 99);
  EXPECT_EQ(percent({.name = "", .done = 100'000, .total = 100'000, .bytes_per_second = {}}), 100);
}

TEST(ProgressBar, shows_everything_when_there_is_room) {
  EXPECT_EQ(progress_bar(half_done(), 70),
            "a.mp4 [#################..................]  50%  2.0 MiB/s  0:15 left");
}

TEST(ProgressBar, never_exceeds_its_columns) {
  ProgressState state = half_done();
  state.name = "a very long name of a video that nobody wants to type.mp4";
  for (std::size_t columns = 0; columns < 200; ++columns) {
    SCOPED_TRACE(columns);
    EXPECT_LE(progress_bar(state, columns).size(), columns);
  }
}

TEST(ProgressBar, leaves_the_bar_out_first) {
  EXPECT_EQ(progress_bar(half_done(), 40), "a.mp4  50%  2.0 MiB/s  0:15 left");
}

TEST(ProgressBar, does_not_cut_a_character_in_two) {
  ProgressState state = half_done();
  state.name = "übergrößenträger.mp4";
  EXPECT_EQ(progress_bar(state, 12).substr(0, 5), "über");
}

TEST(ProgressBar, promises_no_time_it_does_not_know) {
  ProgressState state = half_done();
  state.bytes_per_second = 0.0;
  EXPECT_EQ(time_left(state), std::nullopt);
  state.bytes_per_second.reset();
  EXPECT_EQ(progress_bar(state, 30), "a.mp4 [########.........]  50%");
}

TEST(ProgressBar, says_that_the_application_is_waited_for) {
  ProgressState state = half_done();
  state.done = *state.total;
  state.waits_for_answer = true;
  EXPECT_EQ(progress_bar(state, 60),
            "a.mp4 [##################] 100%  waiting for the application");
  EXPECT_EQ(progress_line(state),
            "a.mp4: 60.0 MiB of 60.0 MiB (100%), waiting for the application");
}

TEST(ProgressBar, knows_no_share_and_no_time_without_a_total) {
  ProgressState state = half_done();
  state.total.reset();
  EXPECT_EQ(percent(state), std::nullopt);
  EXPECT_EQ(time_left(state), std::nullopt);
  EXPECT_EQ(progress_bar(state, 80), "a.mp4 30.0 MiB  2.0 MiB/s");
  EXPECT_EQ(progress_line(state), "a.mp4: 30.0 MiB, 2.0 MiB/s");
  for (std::size_t columns = 0; columns < 100; ++columns) {
    EXPECT_LE(progress_bar(state, columns).size(), columns);
  }
}

TEST(ProgressBar, begins_in_the_same_column_as_those_beside_it) {
  ProgressState state = half_done();
  EXPECT_EQ(progress_bar(state, 40, {.name = 9}), progress_bar(state, 36).replace(5, 1, "     "));
  EXPECT_EQ(widths_of(state, 80).name, 5U);
  EXPECT_EQ(widths_of(state, 9).name, 3U);
}

TEST(ProgressBar, ends_in_the_same_column_as_those_beside_it) {
  ProgressState begun = half_done();
  begun.bytes_per_second.reset();
  const BarWidths widths = widths_of(half_done(), 70);
  EXPECT_EQ(progress_bar(begun, 70, widths), "a.mp4 [#################..................]  50%");
  EXPECT_EQ(progress_bar(half_done(), 70, widths), progress_bar(half_done(), 70));
}

TEST(ProgressBar, knows_that_some_letters_are_wide_and_some_stand_on_others) {
  ProgressState state = half_done();
  state.name = "東京の映画.mp4";
  EXPECT_EQ(widths_of(state, 80).name, 14U);
  EXPECT_EQ(progress_bar(state, 80, {.name = 16}).substr(0, state.name.size() + 4),
            "東京の映画.mp4   [");
  state.name = "a\u0308.mp4";  // An ä in two characters.
  EXPECT_EQ(widths_of(state, 80).name, 5U);
  EXPECT_EQ(progress_bar(state, 12).substr(0, 6), "a\u0308.mp");
  EXPECT_EQ(columns_of("a\xff\u3042"), 4U);
  EXPECT_EQ(first_columns("東京", 3), "東");
}

TEST(ProgressBar, leaves_out_the_folders_of_a_long_name) {
  ProgressState state = half_done();
  state.name = "films/2024/summer/a film of ours.mp4";
  EXPECT_TRUE(progress_bar(state, 80).starts_with("a film of ours.mp4 ["));
  EXPECT_TRUE(progress_bar(state, 30).starts_with("a film of  "));
  EXPECT_EQ(widths_of(state, 30).name, 10U);
  state.name = "films/a.mp4";
  EXPECT_TRUE(progress_bar(state, 80).starts_with("films/a.mp4 ["));
}

TEST(ProgressLine, reads_as_a_sentence) {
  EXPECT_EQ(progress_line(half_done()), "a.mp4: 30.0 MiB of 60.0 MiB (50%), 2.0 MiB/s, 0:15 left");
}

}  // namespace
}  // namespace sluice::cli
