// SPDX-License-Identifier: MIT
// The URL of an upload, as the client of a request is told it.
#pragma once

#include <string>

#include "protocol/call.h"
#include "protocol/protocol_settings.h"

namespace sluice::protocol {

// Absolute when the settings or the request say the host.
inline std::string upload_location(const Call& call, const ProtocolSettings& settings,
                                   const std::string& token) {
  std::string base = settings.base->url();
  if (base.empty() && !call.host().empty()) {
    base = call.context.secure ? "https://" : "http://";
    base += call.host();
  }
  return base + "/uploads/" + token;
}

}  // namespace sluice::protocol
