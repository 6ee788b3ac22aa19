// SPDX-License-Identifier: MIT
#include "s3/access_keys.h"

#include <algorithm>

#include "base/encoding.h"

namespace sluice::s3 {
namespace {

bool is_complete(const AccessKeys& keys) {
  return !keys.access_key.empty() && !keys.secret_key.empty();
}

}  // namespace

Result<AccessKeys> parse_access_keys(std::string_view text) {
  AccessKeys keys;
  bool is_default = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    line = trimmed(line.substr(0, line.find('\r')));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('[')) {
      is_default = line == "[default]";
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!is_default || line.starts_with('#') || equals == std::string_view::npos) {
      continue;
    }
    const std::string_view name = trimmed(line.substr(0, equals));
    const std::string value(trimmed(line.substr(equals + 1)));
    if (name == "aws_access_key_id") {
      keys.access_key = value;
    } else if (name == "aws_secret_access_key") {
      keys.secret_key = value;
    } else if (name == "aws_session_token") {
      keys.session_token = value;
    }
  }
  if (!is_complete(keys)) {
    return fail(Errc::internal,
                "expected a section [default] with aws_access_key_id and aws_secret_access_key");
  }
  return keys;
}

Result<AccessKeys> access_keys_of_environment(const FindVariable& find) {
  AccessKeys keys{find("AWS_ACCESS_KEY_ID").value_or(""),
                  find("AWS_SECRET_ACCESS_KEY").value_or(""),
                  find("AWS_SESSION_TOKEN").value_or("")};
  if (!is_complete(keys)) {
    return fail(Errc::internal,
                "expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or "
                "s3.credentials_file");
  }
  return keys;
}

}  // namespace sluice::s3
