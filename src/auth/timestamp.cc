// SPDX-License-Identifier: MIT
#include "auth/timestamp.h"

#include <algorithm>
#include <chrono>

namespace sluice::auth {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes what it understands off the front of the text; once something failed, everything does.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) {
      return false;
    }
    rest_.remove_prefix(word.size());
    return true;
  }

  void expect(std::string_view word) { failed_ |= !take(word); }

  // Exactly so many digits, at most `max`.
  int number(std::size_t digits, int max) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_.empty() || !is_digit(rest_.front())) {
        failed_ = true;
        return 0;
      }
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    failed_ |= value > max;
    return value;
  }

  // The first three of one to nine digits.
  std::chrono::milliseconds fraction() {
    const auto end = std::ranges::find_if_not(rest_, is_digit);
    const auto count = static_cast<std::size_t>(end - rest_.begin());
    failed_ |= count == 0 || count > 9;
    int value = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      value = value * 10 + (i < count ? rest_[i] - '0' : 0);
    }
    rest_.remove_prefix(count);
    return std::chrono::milliseconds(value);
  }

  // How far the written time is ahead of UTC.
  std::chrono::minutes offset() {
    if (rest_.empty() || take("Z") || take("UTC")) {
      return {};
    }
    const bool is_west = rest_.starts_with('-');
    if (!take("+") && !take("-")) {
      failed_ = true;
      return {};
    }
    const int hours = number(2, 23);
    take(":");
    const int minutes = number(2, 59);
    const std::chrono::minutes ahead = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    return is_west ? -ahead : ahead;
  }

  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) noexcept {
  using namespace std::chrono;
  Scanner scanner(text);
  const year year_number(scanner.number(4, 9999));
  scanner.expect("-");
  const month month_number(static_cast<unsigned>(scanner.number(2, 12)));
  scanner.expect("-");
  const day day_number(static_cast<unsigned>(scanner.number(2, 31)));
  scanner.expect("T");
  milliseconds clock = hours(scanner.number(2, 23));
  scanner.expect(":");
  clock += minutes(scanner.number(2, 59));
  if (scanner.take(":")) {
    clock += seconds(scanner.number(2, 60));  // 60: a leap second.
    if (scanner.take(".")) {
      clock += scanner.fraction();
    }
  }
  const minutes ahead = scanner.offset();
  const year_month_day date(year_number, month_number, day_number);
  if (scanner.failed() || !scanner.at_end() || !date.ok()) {
    return std::nullopt;
  }
  return Timestamp(sys_days(date)) + clock - ahead;
}

}  // namespace sluice::auth
