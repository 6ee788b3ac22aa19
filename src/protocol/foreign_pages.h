// SPDX-License-Identifier: MIT
// Requests that a stranger's page makes the browser of a person send who can reach this server: to
// a name of the page's own that leads here (DNS rebinding), or across origins (request forgery).
// Clients that are no browsers send neither Origin nor Sec-Fetch-Site.
#pragma once

#include "base/error.h"
#include "protocol/call.h"
#include "protocol/protocol_settings.h"

namespace sluice::protocol {

// misdirected unless the names that the request gives the server are its own: an address (rebinding
// needs a name), a name of loopback, or one of the settings. Both names count where a proxy tells
// of one, as a page may write the proxy's field. A request of HTTP/1.0 may name none.
Result<> expect_own_name(const Call& call, const ProtocolSettings& settings);

// forbidden where the request comes from a page of another origin that `api_origins` does not list.
Result<> expect_allowed_page(const Call& call, const ProtocolSettings& settings);

}  // namespace sluice::protocol
