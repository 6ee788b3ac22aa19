// SPDX-License-Identifier: MIT
#include "commands/request_fields.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "base/encoding.h"
#include "http/message.h"

namespace sluice::commands {
namespace {

// No control characters but tabs: the others could end the line (RFC 9110 5.5).
bool is_header_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return c != '\t' && (static_cast<unsigned char>(c) < ' ' || c == '\x7f');
  });
}

}  // namespace

std::string check_header(const std::string& line) {
  const std::size_t colon = line.find(':');
  const bool is_field = colon != std::string::npos && http::is_token(line.substr(0, colon)) &&
                        is_header_value(line.substr(colon + 1));
  return is_field ? "" : "expected a field like 'X-Proxy-Key: 1'";
}

std::string read_credential(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::string credential(trimmed(std::string_view(line).substr(0, line.find('\r'))));
  if (credential.empty() || !is_header_value(credential)) {
    throw CLI::ValidationError(path, "expected a credential in its first line");
  }
  return credential;
}

std::string api_key_of_environment() {
  const char* key = std::getenv("SLUICE_API_KEY");
  if (key == nullptr) {
    return {};
  }
  if (!is_header_value(key)) {
    throw CLI::ValidationError("SLUICE_API_KEY", "is no credential");
  }
  return key;
}

}  // namespace sluice::commands
