// SPDX-License-Identifier: MIT
#include "auth/signature.h"

#include <algorithm>
#include <utility>

#include "auth/mac.h"
#include "base/encoding.h"

namespace sluice::auth {

std::string string_to_sign(std::string_view method, std::string_view host, std::string_view path,
                           std::string_view canonical_query) {
  std::string text(method);
  text += '\n';
  text += to_lower(host);
  text += '\n';
  text += path;
  text += '\n';
  text += canonical_query;
  return text;
}

std::string sign(std::string_view secret_key, std::string_view text) {
  return hmac_sha256_base64(secret_key, text);
}

bool verify(const SignedRequest& request, std::string_view secret_key, std::string_view signature) {
  std::vector<std::string> tried;  // Most dialects write most parameters alike.
  bool matches = false;
  for (const Dialect dialect : dialects) {
    std::string query = unproved_query(request.fields, dialect);
    if (std::ranges::find(tried, query) != tried.end()) {
      continue;
    }
    bool fits = false;
    for (const std::string& host : request.hosts) {
      const std::string expected =
          sign(secret_key, string_to_sign(request.method, host, request.path, query));
      fits |= equal_in_constant_time(expected, signature);
    }
    matches |= fits && canonical_query(request.fields, dialect).has_value();
    tried.push_back(std::move(query));
  }
  return matches;
}

}  // namespace sluice::auth
