// SPDX-License-Identifier: MIT
#include "protocol/origins.h"

#include <algorithm>

#include "base/encoding.h"

namespace sluice::protocol {
namespace {

constexpr std::string_view any_port = "*";

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ')) {
    text.remove_prefix(1);
  }
  while (text.ends_with(' ')) {
    text.remove_suffix(1);
  }
  return text;
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_letter_or_digit(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z');
}

bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_letter_or_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

// A name, an address, or an IPv6 address in brackets.
bool is_host(std::string_view text) noexcept {
  if (text.starts_with('[') && text.ends_with(']')) {
    return std::ranges::all_of(text.substr(1, text.size() - 2), [](char c) {
      return is_letter_or_digit(c) || c == ':' || c == '.';
    });
  }
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

// Browsers leave it away.
bool is_default_port(std::string_view scheme, std::string_view port) noexcept {
  return (scheme == "http" && port == "80") || (scheme == "https" && port == "443");
}

}  // namespace

// Takes "*" as a port; the host is judged by is_host() and may not hold a star.
bool Origins::split(std::string_view text, Pattern& parts) {
  const std::string lower = to_lower(text);
  const std::size_t scheme_end = lower.find("://");
  if (scheme_end == std::string::npos) {
    return false;
  }
  parts.scheme = lower.substr(0, scheme_end);
  parts.host = lower.substr(scheme_end + 3);
  const std::size_t colon = parts.host.rfind(':');
  if (colon != std::string::npos && !parts.host.ends_with(']')) {
    parts.port = parts.host.substr(colon + 1);
    parts.host.resize(colon);
    if (parts.port.empty() ||
        (parts.port != any_port && !std::ranges::all_of(parts.port, is_digit))) {
      return false;
    }
  }
  if (is_default_port(parts.scheme, parts.port)) {
    parts.port.clear();
  }
  return is_scheme(parts.scheme) && is_host(parts.host);
}

Result<Origins> Origins::parse(std::string_view text) {
  Origins origins;
  origins.text_ = without_blanks(text);
  for (std::string_view rest = origins.text_; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view word = without_blanks(rest.substr(0, comma));
    rest.remove_prefix(std::min(rest.size(), comma + 1));
    Pattern pattern;
    if (word == "*") {
      origins.allows_all_ = true;
      continue;
    }
    if (word == "null") {
      pattern.scheme = word;
      origins.patterns_.push_back(pattern);
      continue;
    }
    std::string plain(word);
    if (const std::size_t star = plain.find("://*."); star != std::string::npos) {
      plain.erase(star + 3, 2);
      pattern.subdomains = true;
    }
    if (!split(plain, pattern)) {
      return fail(Errc::bad_request,
                  "expected \"*\", \"null\" or origins like \"https://app.example.com\" and "
                  "\"https://*.example.com:*\" with commas between them, got " +
                      in_quotes(word));
    }
    if (pattern.subdomains) {
      pattern.host.insert(0, ".");
    }
    origins.patterns_.push_back(pattern);
  }
  return origins;
}

Origins Origins::all() {
  Origins origins;
  origins.text_ = "*";
  origins.allows_all_ = true;
  return origins;
}

std::vector<std::string> Origins::domains() const {
  if (allows_all_) {
    return {"*"};
  }
  std::vector<std::string> domains;
  for (const Pattern& pattern : patterns_) {
    if (!pattern.host.empty()) {
      domains.push_back((pattern.subdomains ? "*" : "") + pattern.host);
    }
  }
  return domains;
}

bool Origins::allows(std::string_view origin) const {
  if (allows_all_) {
    return true;
  }
  Pattern given;
  if (origin == "null") {
    given.scheme = origin;
  } else if (!split(origin, given) || given.port == any_port) {
    return false;
  }
  return std::ranges::any_of(patterns_, [&given](const Pattern& pattern) {
    const bool host_fits = pattern.subdomains ? given.host.size() > pattern.host.size() &&
                                                    given.host.ends_with(pattern.host)
                                              : given.host == pattern.host;
    return host_fits && given.scheme == pattern.scheme &&
           (pattern.port == any_port || given.port == pattern.port);
  });
}

}  // namespace sluice::protocol
