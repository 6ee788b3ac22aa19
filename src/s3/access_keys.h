// SPDX-License-Identifier: MIT
// The keys of an account of an object store, as the tools of AWS keep them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::s3 {

struct AccessKeys {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // Of temporary credentials; empty: none.

  friend bool operator==(const AccessKeys&, const AccessKeys&) = default;
};

// The section [default] of a credentials file: aws_access_key_id, aws_secret_access_key and, where
// there is one, aws_session_token. `internal` says what is missing, and never shows a value.
// Source: "Configuration and credential file settings" in the AWS CLI User Guide.
Result<AccessKeys> parse_access_keys(std::string_view text);

// Of the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. bad_request
// where one of the first two is missing.
using FindVariable = std::function<std::optional<std::string>(const char* name)>;
Result<AccessKeys> access_keys_of_environment(const FindVariable& find);

}  // namespace sluice::s3
