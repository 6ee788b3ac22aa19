// SPDX-License-Identifier: MIT
// Who may use the API, and how much.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/type_rules.h"

namespace sluice::auth {

// Unset: the server's own limit.
struct Quotas {
  std::optional<std::uint64_t> file_size;  // Bytes of one file.
  std::optional<std::uint64_t> bytes;      // Of videos and of unfinished uploads, together.
  std::optional<std::uint64_t> sessions;   // Unfinished uploads.
  std::optional<std::uint64_t> records;    // As in journal::OwnerLimits.

  friend bool operator==(const Quotas&, const Quotas&) = default;
};

// Empty fields are unset. Holds secrets: never logged, never part of a message.
struct Credential {
  std::string owner;       // Whose the uploads and videos are; several credentials may share one.
  std::string access_key;  // With secret_key, for signatures.
  std::string secret_key;
  // Each of these two as it is, or what digest_text() makes of it.
  std::string api_key;                 // In the field X-Api-Key.
  std::string token;                   // In the parameter `token`.
  std::vector<std::string> cloud_ids;  // The accepted cloud_id or factory_id; none: every one.
  Quotas quotas;
  model::TypeRules types;  // Beside those of the settings, as model::rules_of_owner() has it.

  friend bool operator==(const Credential&, const Credential&) = default;
};

}  // namespace sluice::auth
