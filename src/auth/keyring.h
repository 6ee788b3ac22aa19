// SPDX-License-Identifier: MIT
// The credentials that are in force, looked up by what a request shows.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/credential.h"
#include "base/mutex.h"
#include "model/type_rules.h"

namespace sluice::auth {

using CredentialPtr = std::shared_ptr<const Credential>;

// The problems of the set as a whole and of each credential, by number from 1 on and access key;
// without a secret. Empty: none.
std::vector<std::string> problems_of(const std::vector<Credential>& credentials);

// The form that a file may hold instead of an API key or a token: `sha256:` and 64 hex digits. A
// reader of the file cannot use it.
std::string digest_text(std::string_view secret);

// Any thread. API keys and tokens are found by their digests, so that the time of a look-up says
// nothing about them.
class Keyring {
 public:
  // `required`: whether requests need a credential, also when there is none in force.
  // REQUIRES here and in replace(): problems_of(credentials) is empty.
  Keyring(std::vector<Credential> credentials, bool required);

  bool required() const noexcept { return required_; }
  void replace(std::vector<Credential> credentials);
  std::size_t size() const;
  // Whether there is more than one.
  bool has_many_owners() const;

  // Of each owner the widest of what its credentials allow.
  std::map<std::string, Quotas> quotas() const;

  // Of each owner what its credentials allow and deny together; empty where that is nothing.
  model::TypeRules types_of(const std::string& owner) const;
  // Whether an owner has any.
  bool has_types() const;

  // Null when there is none.
  CredentialPtr with_access_key(std::string_view access_key) const;
  CredentialPtr with_api_key(std::string_view api_key) const;
  CredentialPtr with_token(std::string_view token) const;

 private:
  using Index = std::unordered_map<std::string, CredentialPtr>;
  struct Set {
    std::size_t size = 0;
    bool has_many_owners = false;
    std::map<std::string, Quotas> quotas;
    std::map<std::string, model::TypeRules> types;  // Without those that say nothing.
    Index by_access_key;
    Index by_api_key_digest;
    Index by_token_digest;
  };

  static std::shared_ptr<const Set> index(std::vector<Credential> credentials);
  std::shared_ptr<const Set> current() const;

  const bool required_;
  mutable Mutex mutex_;
  std::shared_ptr<const Set> set_ GUARDED_BY(mutex_);
};

}  // namespace sluice::auth
