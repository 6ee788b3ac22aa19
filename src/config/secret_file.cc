// SPDX-License-Identifier: MIT
#include "config/secret_file.h"

#include <fstream>
#include <string_view>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::config {

Result<std::string> read_password(const std::string& path) {
  if (path.empty()) {
    return std::string();
  }
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) {
    return fail(Errc::bad_request, path + ": expected a secret in its first line");
  }
  return std::string(trimmed(std::string_view(line).substr(0, line.find('\r'))));
}

Result<std::string> read_secret(const std::string& path) {
  Result<std::string> secret = read_password(path);
  if (!secret || path.empty()) {
    return secret;
  }
  if (secret->size() < limits::secret_bytes_min || secret->size() > limits::secret_bytes_max) {
    return fail(Errc::bad_request, path + ": expected a secret of " +
                                       std::to_string(limits::secret_bytes_min) + " to " +
                                       std::to_string(limits::secret_bytes_max) + " characters");
  }
  return secret;
}

}  // namespace sluice::config
