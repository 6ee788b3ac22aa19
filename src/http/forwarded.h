// SPDX-License-Identifier: MIT
// The client of a request and the host it was sent to, when a proxy stands between.
#pragma once

#include <string>

#include "http/message.h"
#include "net/trusted_proxies.h"

namespace sluice::http {

struct Sender {
  std::string address;     // Without port.
  bool secure = false;     // The client spoke TLS.
  std::string host;        // That the client asked for; empty: what the Host field says.
  bool untrusted = false;  // A proxy, says the request, has passed it on, and is not trusted.
};

// `direct` is what the connection itself tells, and all that counts unless its peer is trusted.
// Then `Forwarded` (RFC 7239) or the fields X-Forwarded-For, -Proto and -Host tell: the client is
// the last address that is no trusted proxy. A request with both kinds of fields is not believed: a
// proxy sets one of them and may pass on what a client wrote into the other.
Sender sender_of(const Request& request, Sender direct, const net::TrustedProxies& trusted);

// The request was made by this machine or by a trusted peer itself: its connection comes from
// there, and no field says that it is passed on for another. A proxy that adds no such field cannot
// be told apart.
bool is_from_inside(const Request& request, const std::string& peer_address,
                    const net::TrustedProxies& trusted);

}  // namespace sluice::http
