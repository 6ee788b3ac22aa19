// SPDX-License-Identifier: MIT
// What the operator decides about the protocol.
#pragma once

#include <cstdint>
#include <string>

#include "base/limits.h"
#include "protocol/origins.h"

namespace sluice::protocol {

struct ProtocolSettings {
  // Scheme, host, port and path in front of "/uploads/...", without a slash at the end. Empty:
  // http:// and the request's Host.
  std::string public_url;
  std::uint64_t file_size_max = limits::file_size_max_default;
  // Whose pages may read answers of upload locations: the URL itself is the capability.
  Origins origins = Origins::all();
  // Whose pages may call the API.
  Origins api_origins;
  bool page_sessions = false;    // POST /panda/authorize_upload is there.
  bool crossdomain_xml = false;  // For Flash; names `origins`.
};

}  // namespace sluice::protocol
