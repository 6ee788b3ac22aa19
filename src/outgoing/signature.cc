// SPDX-License-Identifier: MIT
#include "outgoing/signature.h"

#include "base/digest.h"
#include "base/encoding.h"

namespace sluice::outgoing {

std::optional<std::string_view> find_header(const HeaderFields& headers, std::string_view name) {
  for (const auto& [known, value] : headers) {
    if (equals_ignoring_case(known, name)) {
      return value;
    }
  }
  return std::nullopt;
}

void sign(HttpRequest& request, std::string_view secret, Timestamp now) {
  if (request.body && request.body->text() != nullptr &&
      !find_header(request.headers, "X-Sluice-Body-SHA256")) {
    request.headers.emplace_back("X-Sluice-Body-SHA256", to_hex(sha256(*request.body->text())));
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const std::string time = std::to_string(seconds);
  std::string names;
  std::string values;
  for (const auto& [name, value] : request.headers) {
    names += (names.empty() ? "" : " ") + to_lower(name);
    values += "\n" + value;
  }
  std::string content = time + "." + request.method + " " + request.target.path + "\n";
  content += names;
  content += values;
  request.headers.emplace_back("X-Sluice-Signed", names);
  request.headers.emplace_back("X-Sluice-Signature",
                               "t=" + time + ",v1=" + to_hex(hmac_sha256(secret, content)));
}

}  // namespace sluice::outgoing
