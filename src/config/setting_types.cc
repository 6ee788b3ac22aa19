// SPDX-License-Identifier: MIT
#include "config/setting_types.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/printable.h"
#include "protocol/dialect_names.h"

namespace sluice::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Smallest first.
constexpr std::array<Unit, 5> size_units{{
    {"", 1},
    {"KiB", std::uint64_t{1} << 10U},
    {"MiB", std::uint64_t{1} << 20U},
    {"GiB", std::uint64_t{1} << 30U},
    {"TiB", std::uint64_t{1} << 40U},
}};
constexpr std::string_view no_address = "none";
constexpr std::array<Unit, 5> duration_units{{
    {"ms", 1},
    {"s", 1000},
    {"m", 60'000},
    {"h", 3'600'000},
    {"d", 86'400'000},
}};

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

// A number and one of `units`, spaces between them allowed; nullopt also where it overflows.
std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<std::uint64_t> number = parse_digits(text.substr(0, digits));
  const auto unit = std::ranges::find(units, trimmed(text.substr(digits)), &Unit::name);
  if (!number || unit == units.end() ||
      *number > std::numeric_limits<std::uint64_t>::max() / unit->factor) {
    return std::nullopt;
  }
  return *number * unit->factor;
}

// In the largest unit that holds it exactly.
std::string print_with_unit(std::uint64_t value, std::span<const Unit> units) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (value != 0 && value % units[i].factor == 0) {
      best = i;
    }
  }
  return fmt::format("{}{}", value / units[best].factor, units[best].name);
}

bool is_plain_text(std::string_view text) {
  return to_valid_utf8(text) == text && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const std::optional<std::uint64_t> port = parse_digits(text);
  if (!port || *port > std::numeric_limits<std::uint16_t>::max()) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(*port);
}

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_url_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7F && std::string_view("\"<>\\^`{|}%?#@").find(c) == std::string::npos;
  });
}

// HOST, HOST:PORT or [V6]:PORT.
bool is_authority(std::string_view text) {
  std::string_view port;
  std::string_view host = text;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6(std::string(text.substr(1, close - 1)))) {
      return false;
    }
    port = text.substr(close + 1);
    host = text.substr(0, close + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    port = text.substr(colon);
    host = text.substr(0, colon);
  }
  const bool port_is_fine =
      port.empty() || (port.starts_with(':') && parse_port(port.substr(1)).value_or(0) != 0);
  return !host.empty() && port_is_fine;
}

template <class T>
struct Word {
  std::string_view text;
  T value;
};

template <class T, std::size_t count>
Parsed<T> parse_word(std::string_view text, const std::array<Word<T>, count>& words) {
  const auto found = std::ranges::find(words, text, &Word<T>::text);
  if (found != words.end()) {
    return found->value;
  }
  std::string all;
  for (const Word<T>& word : words) {
    all += (all.empty() ? "" : ", ") + toml_string(word.text);
  }
  return std::unexpected("expected one of " + all);
}

template <class T, std::size_t count>
std::string print_word(T value, const std::array<Word<T>, count>& words) {
  return toml_string(std::ranges::find(words, value, &Word<T>::value)->text);
}

constexpr std::array<Word<protocol::Downloads>, 2> downloads_words{{
    {"off", protocol::Downloads::off},
    {"capability", protocol::Downloads::capability},
}};
constexpr std::array<Word<Durability>, 3> durability_words{{
    {"commit", Durability::commit},
    {"interval", Durability::interval},
    {"none", Durability::none},
}};
constexpr std::array<Word<LogLevel>, 3> log_level_words{{
    {"info", LogLevel::info},
    {"warn", LogLevel::warn},
    {"error", LogLevel::error},
}};
constexpr std::array<Word<LogFormat>, 4> log_format_words{{
    {"auto", LogFormat::automatic},
    {"text", LogFormat::text},
    {"json", LogFormat::json},
    {"journald", LogFormat::journald},
}};

}  // namespace

std::string toml_string(std::string_view text) {
  return '"' + printable(text) + '"';
}

Parsed<std::uint64_t> parse_count(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const std::optional<std::uint64_t> value = parse_digits(text);
  if (!value || *value < min || *value > max) {
    return std::unexpected(fmt::format("expected a whole number from {} to {}", min, max));
  }
  return *value;
}

Parsed<std::uint64_t> parse_size(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const std::optional<std::uint64_t> value = parse_with_unit(text, size_units);
  if (!value) {
    return std::unexpected("expected bytes as a whole number, or one with KiB, MiB, GiB or TiB");
  }
  if (*value < min || *value > max) {
    return std::unexpected(
        fmt::format("expected a size from {} to {}", print_size(min), print_size(max)));
  }
  return *value;
}

Parsed<Duration> parse_duration(std::string_view text, Duration min, Duration max) {
  const std::optional<std::uint64_t> value = parse_with_unit(text, duration_units);
  if (!value) {
    return std::unexpected(
        "expected a duration: a whole number with ms, s, m, h or d, like \"30s\"");
  }
  if (*value < static_cast<std::uint64_t>(min.count()) ||
      *value > static_cast<std::uint64_t>(max.count())) {
    return std::unexpected(
        fmt::format("expected a duration from {} to {}", print_duration(min), print_duration(max)));
  }
  return Duration(static_cast<std::int64_t>(*value));
}

Parsed<std::string> parse_path(std::string_view text, bool may_be_empty) {
  if (text.empty() && !may_be_empty) {
    return std::unexpected("expected a path");
  }
  if (!is_plain_text(text)) {
    return std::unexpected("expected a path in UTF-8 without control characters");
  }
  return std::string(text);
}

std::string print_size(std::uint64_t bytes) {
  return print_with_unit(bytes, size_units);
}

std::string print_duration(Duration duration) {
  return print_with_unit(static_cast<std::uint64_t>(duration.count()), duration_units);
}

Parsed<bool> Switch::parse(std::string_view text) {
  if (text == "true" || text == "1") {
    return true;
  }
  if (text == "false" || text == "0") {
    return false;
  }
  return std::unexpected("expected true or false");
}

Parsed<std::uint32_t> FileMode::parse(std::string_view text) {
  std::uint32_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc() || end != text.data() + text.size() || mode > 0777) {
    return std::unexpected("expected permissions in octal digits, like \"0660\"");
  }
  return mode;
}

std::string FileMode::print(std::uint32_t value) {
  return toml_string(fmt::format("{:04o}", value));
}

Parsed<net::Endpoint> Address::parse(std::string_view text) {
  if (text == no_address) {
    return net::Endpoint();
  }
  Result<net::Endpoint> endpoint = net::parse_endpoint(text);
  if (!endpoint || !is_plain_text(text)) {
    return std::unexpected(
        "expected ADDR:PORT or [IPv6]:PORT, like \"127.0.0.1:8080\", or unix:/PATH, or none");
  }
  return *std::move(endpoint);
}

std::string Address::print(const net::Endpoint& value) {
  return toml_string(value.is_set() ? net::to_text(value) : std::string(no_address));
}

Parsed<net::TrustedProxies> ProxyList::parse(std::string_view text) {
  Result<net::TrustedProxies> proxies = net::TrustedProxies::parse(text);
  if (!proxies || !is_plain_text(text)) {
    return std::unexpected(
        "expected addresses and networks like \"127.0.0.1, 10.0.0.0/8\", and unix");
  }
  return *std::move(proxies);
}

Parsed<std::string> BaseUrl::parse(std::string_view text) {
  std::string_view url = text;
  if (url.empty()) {
    return std::string();
  }
  const std::size_t scheme = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  while (url.size() > scheme && url.ends_with('/')) {
    url.remove_suffix(1);
  }
  const std::string_view rest = url.substr(scheme);
  if (scheme == 0 || !is_url_text(rest) || !is_authority(rest.substr(0, rest.find('/')))) {
    return std::unexpected(
        "expected an absolute http or https URL without query, fragment, user name or percent "
        "escapes, like \"https://upload.example.com\"");
  }
  return std::string(url);
}

Parsed<protocol::Origins> OriginList::parse(std::string_view text) {
  Result<protocol::Origins> origins = protocol::Origins::parse(text);
  if (!origins) {
    return std::unexpected(origins.error().message());
  }
  return *std::move(origins);
}

Parsed<std::vector<std::string>> HostList::parse(std::string_view text) {
  const auto is_of_host = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == ':' ||
           c == '[' || c == ']' || c == '_';
  };
  std::vector<std::string> hosts;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    std::string host = to_lower(trimmed(item));
    if (host.empty() || !std::ranges::all_of(host, is_of_host) ||
        hosts.size() == limits::host_names_max) {
      return std::unexpected(
          fmt::format("expected at most {} host names with commas between them, like "
                      "\"api.example.com, 192.0.2.1:8080\"",
                      limits::host_names_max));
    }
    hosts.push_back(std::move(host));
  }
  return hosts;
}

std::string HostList::print(const Value& value) {
  return toml_string(fmt::format("{}", fmt::join(value, ", ")));
}

Parsed<std::vector<std::string>> DialectList::parse(std::string_view text) {
  std::vector<std::string> dialects;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const std::string_view name = trimmed(item);
    if (std::ranges::find(protocol::dialect_names, name) == protocol::dialect_names.end() ||
        std::ranges::find(dialects, name) != dialects.end()) {
      dialects.clear();
      break;
    }
    dialects.emplace_back(name);
  }
  if (dialects.empty()) {
    return std::unexpected(fmt::format("expected some of {}, each once, with commas between them",
                                       fmt::join(protocol::dialect_names, ", ")));
  }
  return dialects;
}

std::string DialectList::print(const Value& value) {
  return toml_string(fmt::format("{}", fmt::join(value, ", ")));
}

Parsed<std::string> UrlPath::parse(std::string_view text) {
  const auto is_of_path = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '/';
  };
  while (text.size() > 1 && text.ends_with('/')) {
    text.remove_suffix(1);
  }
  if (text.size() < 2 || text.size() > limits::files_path_bytes_max || text.front() != '/' ||
      !std::ranges::all_of(text, is_of_path)) {
    return std::unexpected("expected a path like /files, of letters, digits and - . _ /");
  }
  return std::string(text);
}

Parsed<protocol::Downloads> DownloadsWord::parse(std::string_view text) {
  return parse_word(text, downloads_words);
}
std::string DownloadsWord::print(protocol::Downloads value) {
  return print_word(value, downloads_words);
}

Parsed<Durability> DurabilityWord::parse(std::string_view text) {
  return parse_word(text, durability_words);
}
std::string DurabilityWord::print(Durability value) {
  return print_word(value, durability_words);
}

Parsed<LogLevel> LogLevelWord::parse(std::string_view text) {
  return parse_word(text, log_level_words);
}
std::string LogLevelWord::print(LogLevel value) {
  return print_word(value, log_level_words);
}

Parsed<LogFormat> LogFormatWord::parse(std::string_view text) {
  return parse_word(text, log_format_words);
}
std::string LogFormatWord::print(LogFormat value) {
  return print_word(value, log_format_words);
}

}  // namespace sluice::config
