// SPDX-License-Identifier: MIT
#include "protocol/foreign_pages.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "http/authority.h"

namespace sluice::protocol {
namespace {

bool is_own_name(std::string_view authority, const ProtocolSettings& settings) {
  const std::string name = http::host_name(authority);
  // Browsers resolve names of loopback themselves (RFC 6761 6.3), so that no page owns one.
  return name.empty() || http::is_address(name) || name == "localhost" ||
         name.ends_with(".localhost") ||
         std::ranges::find(settings.hosts, name) != settings.hosts.end();
}

// The scheme is not compared: a proxy may have taken TLS away.
bool is_origin_of(std::string_view origin, std::string_view authority) {
  const std::string_view default_port = origin.starts_with("https:") ? ":443" : ":80";
  std::string_view own = http::authority_of(origin);
  if (own.ends_with(default_port)) {
    own.remove_suffix(default_port.size());
  }
  if (authority.ends_with(default_port)) {
    authority.remove_suffix(default_port.size());
  }
  return !own.empty() && equals_ignoring_case(own, authority);
}

}  // namespace

Result<> expect_own_name(const Call& call, const ProtocolSettings& settings) {
  if (settings.serves_every_host) {
    return {};
  }
  for (const std::string_view authority :
       {call.request.headers.find("Host").value_or(""), std::string_view(call.context.host)}) {
    if (!is_own_name(authority, settings)) {
      return fail(Errc::misdirected,
                  in_quotes(authority) +
                      " is none of the names of this server, which asks for no credentials: "
                      "expected an address, localhost, the host of server.public_url or one of "
                      "server.hosts");
    }
  }
  return {};
}

Result<> expect_allowed_page(const Call& call, const ProtocolSettings& settings) {
  const auto origin = call.request.headers.find("Origin");
  const auto site = call.request.headers.find("Sec-Fetch-Site");
  if (!origin && !site) {
    return {};
  }
  // The browser's own word, where it gives it (not to plain http outside of loopback), knows of no
  // proxy that changes Host. "none" is the person at the address bar.
  const bool is_own = site ? *site == "same-origin" || *site == "none"
                           : is_origin_of(*origin, call.host()) ||
                                 is_origin_of(*origin, http::authority_of(settings.base->url()));
  const Origins& allowed = settings.api_origins;
  if (is_own || allowed.allows_all() || (origin && allowed.allows(*origin))) {
    return {};
  }
  return fail(Errc::forbidden, "the page that sends this belongs to another origin, " +
                                   in_quotes(origin.value_or("unknown")) +
                                   ", that cors.api_origins does not list");
}

}  // namespace sluice::protocol
