// SPDX-License-Identifier: MIT
#include "net/trusted_proxies.h"

#include <algorithm>

#include "base/encoding.h"

namespace sluice::net {
namespace {

constexpr std::string_view unix_word = "unix";

}  // namespace

Result<TrustedProxies> TrustedProxies::parse(std::string_view text) {
  TrustedProxies proxies;
  proxies.text_ = std::string(text);
  while (!trimmed(text).empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view word = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (word == unix_word) {
      proxies.unix_sockets_ = true;
      continue;
    }
    const std::optional<Network> network = parse_network(word);
    if (!network) {
      return fail(Errc::bad_request,
                  "expected addresses and networks like 10.0.0.0/8, or unix, "
                  "got \"" +
                      std::string(word) + "\"");
    }
    proxies.networks_.push_back(*network);
  }
  return proxies;
}

bool TrustedProxies::contains(std::string_view peer) const {
  if (peer == unix_word) {
    return unix_sockets_;
  }
  const std::optional<AddressBytes> address = parse_address(peer);
  return address && std::ranges::any_of(networks_, [&address](const Network& network) {
           return network.contains(*address);
         });
}

}  // namespace sluice::net
