// SPDX-License-Identifier: MIT
// What `sluice doctor` found: one line a check, in words that say what to do.
#pragma once

#include <string>
#include <string_view>

namespace sluice::cli {

// In the order of their weight.
enum class Mark {
  ok,
  skipped,  // Could not be looked at, for a reason that is no trouble by itself.
  warning,  // Uploads work, with less than they could have.
  problem,
};

// Prints each finding to standard output as it comes.
class Findings {
 public:
  explicit Findings(bool as_json) : as_json_(as_json) {}

  // `check` is one word. `text` may hold other people's words.
  void add(Mark mark, std::string_view check, const std::string& text);
  // 0; 1 after a warning; 2 after a problem.
  int exit_code() const noexcept;

 private:
  const bool as_json_;
  Mark worst_ = Mark::ok;
};

}  // namespace sluice::cli
