// SPDX-License-Identifier: MIT
// Which web pages may talk to the server from another origin (RFC 6454), as the operator lists
// them. Knows no socket.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::protocol {

// A value; without any pattern it allows no origin.
class Origins {
 public:
  // Patterns with commas between them: "*" for every origin, "null", or SCHEME://HOST[:PORT], where
  // "*." in front of HOST stands for one or more labels and "*" as PORT for any port or none.
  // bad_request names the pattern that is none of these.
  static Result<Origins> parse(std::string_view text);
  static Origins all();

  bool allows_all() const noexcept { return allows_all_; }
  bool allows_none() const noexcept { return !allows_all_ && patterns_.empty(); }
  // `origin` as in the request's Origin.
  bool allows(std::string_view origin) const;

  // The hosts as Flash writes them: "*", "app.example.com", "*.example.com".
  std::vector<std::string> domains() const;

  // The text that parse() was given; it reads back to the same value.
  const std::string& text() const noexcept { return text_; }

  friend bool operator==(const Origins& left, const Origins& right) {
    return left.text_ == right.text_;
  }

 private:
  struct Pattern {
    std::string scheme;  // "null" stands here alone.
    std::string host;
    std::string port;         // Empty: the scheme's own.
    bool subdomains = false;  // `host` begins with a dot, something must stand in front of it.
  };

  static bool split(std::string_view text, Pattern& parts);

  std::string text_;
  std::vector<Pattern> patterns_;
  bool allows_all_ = false;
};

}  // namespace sluice::protocol
