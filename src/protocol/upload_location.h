// SPDX-License-Identifier: MIT
// The location of an upload: the token in it, and its URL as the client of a request is told it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "protocol/call.h"
#include "protocol/protocol_settings.h"

namespace sluice::protocol {

// 256 bits.
inline bool is_upload_token(std::string_view text) noexcept {
  constexpr std::size_t characters = 43;
  return text.size() == characters && is_base64url(text);
}

// Absolute when the settings or the request say the host.
inline std::string upload_location(const Call& call, const ProtocolSettings& settings,
                                   const std::string& token) {
  std::string base = settings.base->url();
  if (base.empty() && !call.host().empty()) {
    base = call.context.secure ? "https://" : "http://";
    base += call.host();
    if (call.context.untrusted_proxy) {
      settings.base->warn_of_proxy(call.context.peer_address);
    }
  }
  return base + "/uploads/" + token;
}

}  // namespace sluice::protocol
