// SPDX-License-Identifier: MIT
// Signatures of API requests (panda-clients 5.1 to 5.4). Knows no socket, no clock and no
// credentials.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/canonical_query.h"

namespace sluice::auth {

struct SignedRequest {
  std::string method;              // In capitals.
  std::vector<std::string> hosts;  // Names under which the client may know this server.
  std::string path;                // Without the version prefix.
  // Decoded. Version 1 signs those of the query and of forms, version 2 those of the query.
  std::vector<http::FormField> fields;
};

// METHOD, host, path and parameters, a line each. The host is put into lower case.
std::string string_to_sign(std::string_view method, std::string_view host, std::string_view path,
                           std::string_view canonical_query);

// base64(HMAC-SHA256(secret_key, text))
std::string sign(std::string_view secret_key, std::string_view text);

// Whether `signature` is that of the request for one of its hosts, in one of the dialects. The
// comparisons take the same time for every wrong signature of the right length.
bool verify(const SignedRequest& request, std::string_view secret_key, std::string_view signature);

}  // namespace sluice::auth
