// SPDX-License-Identifier: MIT
#include "http/forwarded.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "net/network.h"

namespace sluice::http {
namespace {

constexpr std::size_t host_bytes_max = 255;

// One proxy's description of the request that reached it.
struct Hop {
  std::string client;
  std::string scheme;
  std::string host;
};

// The parts of `text` between the separators that stand outside of quotes; none is empty (RFC 9110
// 5.6.1).
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == separator && !quoted) {
      parts.push_back(trimmed(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  parts.push_back(trimmed(text.substr(std::min(begin, text.size()))));
  std::erase(parts, std::string_view());
  return parts;
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') {
    return std::string(text);
  }
  std::string value;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    i += text[i] == '\\' && i + 2 < text.size() ? 1 : 0;
    value += text[i];
  }
  return value;
}

// All fields of that name as one list.
std::string joined(const Request& request, std::string_view name) {
  std::string all;
  for (const Header& header : request.headers.fields()) {
    if (equals_ignoring_case(header.name, name)) {
      all += (all.empty() ? "" : ",") + header.value;
    }
  }
  return all;
}

std::vector<Hop> hops_of_forwarded(std::string_view field) {
  std::vector<Hop> hops;
  for (const std::string_view element : split(field, ',')) {
    Hop hop;
    for (const std::string_view pair : split(element, ';')) {
      const std::size_t equals = std::min(pair.find('='), pair.size());
      const std::string_view name = pair.substr(0, equals);
      std::string value = unquoted(pair.substr(std::min(equals + 1, pair.size())));
      if (equals_ignoring_case(name, "for")) {
        hop.client = std::move(value);
      } else if (equals_ignoring_case(name, "proto")) {
        hop.scheme = std::move(value);
      } else if (equals_ignoring_case(name, "host")) {
        hop.host = std::move(value);
      }
    }
    hops.push_back(std::move(hop));
  }
  return hops;
}

// The last elements are of the proxy that sent the request. The lists need not be equally long: a
// proxy may set one value for all before it, or none.
std::vector<Hop> hops_of_x_forwarded(const Request& request) {
  const std::string clients = joined(request, "X-Forwarded-For");
  const std::string schemes = joined(request, "X-Forwarded-Proto");
  const std::string hosts = joined(request, "X-Forwarded-Host");
  const auto all_clients = split(clients, ',');
  const auto all_schemes = split(schemes, ',');
  const auto all_hosts = split(hosts, ',');
  std::vector<Hop> hops(std::max<std::size_t>(all_clients.size(), 1));
  for (std::size_t from_end = 0; from_end < hops.size(); ++from_end) {
    const auto at = [from_end](const std::vector<std::string_view>& all) {
      return all.empty() ? std::string()
                         : std::string(all[all.size() - 1 - std::min(from_end, all.size() - 1)]);
    };
    hops[hops.size() - 1 - from_end] = {at(all_clients), at(all_schemes), at(all_hosts)};
  }
  return hops;
}

// An address without port and brackets; nullopt for `unknown` and hidden names.
std::optional<std::string> address_in(std::string_view node) {
  if (node.starts_with('[')) {
    node = node.substr(1, std::min(node.find(']'), node.size()) - 1);
  } else if (std::ranges::count(node, ':') == 1) {
    node = node.substr(0, node.find(':'));
  }
  return net::parse_address(node) ? std::optional(std::string(node)) : std::nullopt;
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= host_bytes_max &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             ".-_:[]") == std::string_view::npos;
}

}  // namespace

Sender sender_of(const Request& request, Sender direct, const net::TrustedProxies& trusted) {
  const bool has_forwarded = request.headers.count("Forwarded") > 0;
  const bool has_x_forwarded = request.headers.count("X-Forwarded-For") > 0 ||
                               request.headers.count("X-Forwarded-Proto") > 0 ||
                               request.headers.count("X-Forwarded-Host") > 0;
  direct.untrusted = (has_forwarded || has_x_forwarded) && !trusted.contains(direct.address);
  if (has_forwarded == has_x_forwarded || direct.untrusted) {
    return direct;
  }
  const std::vector<Hop> hops = has_forwarded ? hops_of_forwarded(joined(request, "Forwarded"))
                                              : hops_of_x_forwarded(request);
  Sender sender = std::move(direct);
  for (auto hop = hops.rbegin(); hop != hops.rend() && trusted.contains(sender.address); ++hop) {
    if (equals_ignoring_case(hop->scheme, "https") || equals_ignoring_case(hop->scheme, "http")) {
      sender.secure = hop->scheme.size() == std::string_view("https").size();
    }
    if (is_host(hop->host)) {
      sender.host = hop->host;
    }
    const std::optional<std::string> client = address_in(hop->client);
    if (!client) {
      break;
    }
    sender.address = *client;
  }
  return sender;
}

bool is_from_inside(const Request& request, const std::string& peer_address,
                    const net::TrustedProxies& trusted) {
  constexpr std::array<std::string_view, 6> passed_on{
      "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Via"};
  const bool is_passed_on = std::ranges::any_of(
      passed_on, [&request](std::string_view name) { return request.headers.count(name) > 0; });
  const std::optional<net::AddressBytes> address = net::parse_address(peer_address);
  const bool is_near = address ? net::is_loopback(*address) : peer_address == "unix";
  return !is_passed_on && (is_near || trusted.contains(peer_address));
}

}  // namespace sluice::http
