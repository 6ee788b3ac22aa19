// SPDX-License-Identifier: MIT
#include "config/backend_types.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.h"
#include "http/message.h"
#include "outgoing/target.h"
#include "outgoing/url_template.h"

namespace sluice::config {
namespace {

constexpr std::array<std::string_view, 15> not_to_be_passed_on{"connection",
                                                               "content-length",
                                                               "date",
                                                               "expect",
                                                               "host",
                                                               "idempotency-key",
                                                               "keep-alive",
                                                               "proxy-authenticate",
                                                               "proxy-authorization",
                                                               "proxy-connection",
                                                               "te",
                                                               "trailer",
                                                               "transfer-encoding",
                                                               "upgrade",
                                                               "x-request-id"};

bool is_passed_on(std::string_view name) {
  return !name.starts_with("x-sluice-") &&
         std::ranges::find(not_to_be_passed_on, name) == not_to_be_passed_on.end();
}

}  // namespace

Parsed<std::string> BackendUrl::parse(std::string_view text) {
  if (text.empty()) {
    return std::string();
  }
  const auto url = outgoing::UrlTemplate::parse(text);
  if (!url) {
    const std::string& message = url.error().message();
    return std::unexpected(message.substr(0, message.find(", not ")));
  }
  return std::string(text);
}

Parsed<std::string> HookUrl::parse(std::string_view text) {
  if (text.empty()) {
    return std::string();
  }
  const auto target = outgoing::parse_target(text);
  if (!target) {
    const std::string& message = target.error().message();
    return std::unexpected(message.substr(0, message.find(", not ")));
  }
  return std::string(text);
}

Parsed<BackendKind> BackendKindWord::parse(std::string_view text) {
  if (text != "videos" && text != "files") {
    return std::unexpected("expected one of \"videos\", \"files\"");
  }
  return text == "files" ? BackendKind::files : BackendKind::videos;
}

Parsed<delivery::HandoffMode> HandoffModeWord::parse(std::string_view text) {
  using enum delivery::HandoffMode;
  for (const Value mode : {body, form, reference}) {
    if (print(mode) == toml_string(text)) {
      return mode;
    }
  }
  return std::unexpected("expected one of \"body\", \"form\", \"reference\"");
}

std::string HandoffModeWord::print(Value value) {
  return toml_string(delivery::to_text(value));
}

Parsed<std::string> MethodWord::parse(std::string_view text) {
  if (text != "POST" && text != "PUT") {
    return std::unexpected("expected one of \"POST\", \"PUT\"");
  }
  return std::string(text);
}

Parsed<bool> DigestWord::parse(std::string_view text) {
  if (text != "sha256" && text != "none") {
    return std::unexpected("expected one of \"sha256\", \"none\"");
  }
  return text == "sha256";
}

Parsed<std::vector<int>> StatusList::parse(std::string_view text) {
  std::vector<int> statuses;
  std::string_view rest = trimmed(text);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view word = trimmed(rest.substr(0, comma));
    int status = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), status);
    const bool whole = error == std::errc() && end == word.data() + word.size();
    if (!whole || status < 400 || status > 499) {
      return std::unexpected("expected statuses from 400 to 499 with commas between them");
    }
    statuses.push_back(status);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  std::ranges::sort(statuses);
  const auto repeated = std::ranges::unique(statuses);
  statuses.erase(repeated.begin(), repeated.end());
  return statuses;
}

std::string StatusList::print(const Value& value) {
  std::string text;
  for (const int status : value) {
    text += (text.empty() ? "" : ", ") + std::to_string(status);
  }
  return toml_string(text);
}

Parsed<std::vector<std::string>> HeaderNames::parse(std::string_view text) {
  std::vector<std::string> names;
  std::string_view rest = trimmed(text);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string name = to_lower(trimmed(rest.substr(0, comma)));
    if (!http::is_token(name) || !is_passed_on(name)) {
      return std::unexpected(
          "expected names of headers with commas between them, none of the connection's, the "
          "framing's or Sluice's own");
    }
    if (std::ranges::find(names, name) == names.end()) {
      names.push_back(std::move(name));
    }
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return names;
}

std::string HeaderNames::print(const Value& value) {
  std::string text;
  for (const std::string& name : value) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return toml_string(text);
}

}  // namespace sluice::config
