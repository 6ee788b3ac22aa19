// SPDX-License-Identifier: MIT
#include "net/endpoint.h"

#include <sys/un.h>

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <optional>
#include <system_error>

namespace sluice::net {
namespace {

constexpr std::string_view unix_prefix = "unix:";

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return port;
}

// Without its brackets, which IPv6 has and IPv4 has not; nullopt for anything else.
std::optional<std::string> parse_address(std::string_view text) {
  if (text == "localhost") {
    return "127.0.0.1";
  }
  boost::system::error_code error;
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    const std::string inside(text.substr(1, text.size() - 2));
    const auto address = boost::asio::ip::make_address_v6(inside, error);
    return error ? std::nullopt : std::optional(address.to_string());
  }
  const auto address = boost::asio::ip::make_address_v4(std::string(text), error);
  return error ? std::nullopt : std::optional(address.to_string());
}

Result<Endpoint> parse_path(std::string_view path) {
  // The kernel's field holds the path and a NUL.
  constexpr std::size_t path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() < 2 || path.size() > path_bytes_max || !path.starts_with('/') ||
      path.find('\0') != std::string_view::npos) {
    return fail(Errc::bad_request, "expected unix: and an absolute path of at most " +
                                       std::to_string(path_bytes_max) + " bytes, got a path of " +
                                       std::to_string(path.size()) + " bytes: \"" +
                                       std::string(path) + "\"");
  }
  return Endpoint{.address = {}, .port = 0, .path = std::string(path)};
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  if (text.starts_with(unix_prefix)) {
    return parse_path(text.substr(unix_prefix.size()));
  }
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    const auto address = parse_address(text.substr(0, colon));
    const auto port = parse_port(text.substr(colon + 1));
    if (address && port) {
      return Endpoint{*address, *port};
    }
  }
  return fail(Errc::bad_request,
              "expected ADDRESS:PORT like 127.0.0.1:8080 or [::1]:8080, or unix:/PATH, got \"" +
                  std::string(text) + "\"");
}

std::string to_text(const Endpoint& endpoint) {
  if (endpoint.is_unix()) {
    return std::string(unix_prefix) + endpoint.path;
  }
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.address + "]" : endpoint.address) + ":" +
         std::to_string(endpoint.port);
}

std::string to_url(std::string_view scheme, const Endpoint& endpoint) {
  return endpoint.is_unix() ? to_text(endpoint) : std::string(scheme) + "://" + to_text(endpoint);
}

bool is_loopback(const Endpoint& endpoint) {
  if (endpoint.is_unix()) {
    return true;
  }
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(endpoint.address, error);
  return !error && address.is_loopback();
}

}  // namespace sluice::net
