// SPDX-License-Identifier: MIT
// Decides whether a request of the API shows a credential, and whose.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/keyring.h"
#include "base/changeable.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "http/urlencoded.h"

namespace sluice::auth {

// The parts of a request that authentication looks at, decoded.
struct Presented {
  std::string method;                  // In capitals.
  std::string path;                    // Without the version prefix.
  std::string host;                    // The field Host, as it came.
  std::vector<http::FormField> query;  // The query's parameters.
  std::vector<http::FormField> form;   // The fields of an urlencoded or multipart body.
  std::string api_key;                 // The field X-Api-Key.
  std::string body_checksum;           // SHA-256 of the body in hex; empty: not known.
  // Of "Authorization: Bearer" (RFC 6750 2.1): an API key or a token. It may also be meant for the
  // application, so it counts only where the request shows nothing else.
  std::string bearer = {};
};

// How old a signature may be.
enum class Window {
  usual,
  file,  // Of a request that brings the file, counted to the request's beginning.
};

struct AuthenticatorSettings {
  // Names under which clients know this server; empty: the field Host.
  std::vector<std::string> hosts;
  Duration window = limits::signature_window_default;
  Duration file_window = limits::file_signature_window_default;
};

// A signature that serves once. To be remembered until `expires_at`: before, it could be accepted
// again.
struct SignatureUse {
  std::string digest;
  Timestamp expires_at;
};

struct Grant {
  CredentialPtr credential;         // Null: no credential is needed.
  std::optional<SignatureUse> use;  // Of a POST with a signature.
  // A signature of version 1 knows nothing of a JSON body.
  bool covers_json = true;

  // Empty: no owner.
  std::string owner() const { return credential ? credential->owner : std::string(); }
  // Whether requests may name this cloud_id or factory_id.
  bool allows_cloud(const std::string& id) const;
};

// Any thread.
class Authenticator {
 public:
  // All outlive this. `failures`, where it is there, counts requests that are not authorized.
  Authenticator(const Keyring& keyring, const Clock& clock, AuthenticatorSettings settings,
                Counter* failures = nullptr);

  // For requests that are judged from now on. Any thread.
  void change(AuthenticatorSettings settings) { settings_.replace(std::move(settings)); }

  bool required() const noexcept { return keyring_.required(); }
  // Whether what one owner takes may be at the cost of another.
  bool has_many_owners() const { return keyring_.has_many_owners(); }
  Timestamp now() const noexcept { return clock_.now(); }

  // not_authorized, or bad_request for parameters that are missing or no sense, in the words of
  // panda-clients 5.2. `began`: when the request did, for Window::file. The caller judges whether
  // the grant allows the clouds that the request names.
  Result<Grant> judge(const Presented& presented, Window window, Timestamp began) const;

 private:
  Result<Grant> judge_shown(const Presented& presented, Window window, Timestamp began) const;
  Result<Grant> judge_signature(const Presented& presented, Window window, Timestamp began) const;
  // Until when a request with this timestamp could be accepted.
  Result<Timestamp> check_time(const std::vector<http::FormField>& fields, Window window,
                               Timestamp began) const;

  const Keyring& keyring_;
  const Clock& clock_;
  Changeable<AuthenticatorSettings> settings_;
  Counter* const failures_;
};

}  // namespace sluice::auth
