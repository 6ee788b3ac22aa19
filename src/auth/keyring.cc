// SPDX-License-Identifier: MIT
#include "auth/keyring.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "auth/mac.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::auth {
namespace {

std::string name_of(const Credential& credential, std::size_t number) {
  std::string name = "credential " + std::to_string(number);
  if (!credential.access_key.empty()) {
    name += " (access_key " + in_quotes(credential.access_key) + ")";
  }
  return name;
}

bool is_too_long(const Credential& credential) {
  std::vector<const std::string*> texts{&credential.owner, &credential.access_key,
                                        &credential.secret_key, &credential.api_key,
                                        &credential.token};
  for (const std::string& id : credential.cloud_ids) {
    texts.push_back(&id);
  }
  for (const std::string* text : texts) {
    if (text->size() > limits::credential_text_bytes_max) {
      return true;
    }
  }
  return false;
}

constexpr std::string_view digest_prefix = "sha256:";

// In lower-case hex, of an API key or a token in either form.
std::string digest_of(std::string_view text) {
  constexpr std::size_t digits = 64;
  if (text.starts_with(digest_prefix) && text.size() == digest_prefix.size() + digits) {
    std::string hex = to_lower(text.substr(digest_prefix.size()));
    if (hex.find_first_not_of("0123456789abcdef") == std::string::npos) {
      return hex;
    }
  }
  return sha256_hex(text);
}

// Of one credential.
const char* fault_of(const Credential& credential) {
  if (credential.access_key.empty() != credential.secret_key.empty()) {
    return "expected access_key and secret_key, got one without the other";
  }
  if (credential.access_key.empty() && credential.api_key.empty() && credential.token.empty()) {
    return "expected access_key and secret_key, api_key, or token, got none of them";
  }
  if (credential.owner.empty()) {
    return "expected an owner, because there is no access_key to name it";
  }
  if (is_too_long(credential)) {
    return "expected at most 256 bytes in each value";
  }
  return nullptr;
}

void widen(std::optional<std::uint64_t>& bound, const std::optional<std::uint64_t>& other) {
  bound = bound && other ? std::optional(std::max(*bound, *other)) : std::nullopt;
}

void widen(Quotas& quotas, const Quotas& other) {
  widen(quotas.file_size, other.file_size);
  widen(quotas.bytes, other.bytes);
  widen(quotas.sessions, other.sessions);
  widen(quotas.records, other.records);
}

}  // namespace

std::vector<std::string> problems_of(const std::vector<Credential>& credentials) {
  static_assert(limits::credential_text_bytes_max == 256, "the message above says it");
  std::vector<std::string> problems;
  if (credentials.size() > limits::credentials_max) {
    problems.push_back("expected at most " + std::to_string(limits::credentials_max) +
                       " credentials, got " + std::to_string(credentials.size()));
  }
  struct Unique {
    const char* name;
    std::string Credential::* member;
    bool is_digested;
    std::set<std::string> seen;
  };
  std::vector<Unique> unique{{"access_key", &Credential::access_key, false, {}},
                             {"api_key", &Credential::api_key, true, {}},
                             {"token", &Credential::token, true, {}}};
  for (std::size_t i = 0; i < credentials.size(); ++i) {
    const Credential& credential = credentials[i];
    const std::string name = name_of(credential, i + 1);
    if (const char* fault = fault_of(credential); fault != nullptr) {
      problems.push_back(name + ": " + fault);
    }
    for (Unique& value : unique) {
      const std::string& text = credential.*value.member;
      if (!text.empty() && !value.seen.insert(value.is_digested ? digest_of(text) : text).second) {
        problems.push_back(name + ": its " + value.name + " is that of another one, too");
      }
    }
  }
  return problems;
}

std::string digest_text(std::string_view secret) {
  return std::string(digest_prefix) + sha256_hex(secret);
}

Keyring::Keyring(std::vector<Credential> credentials, bool required)
    : required_(required), set_(index(std::move(credentials))) {}

std::shared_ptr<const Keyring::Set> Keyring::index(std::vector<Credential> credentials) {
  SLUICE_CHECK(problems_of(credentials).empty());
  auto set = std::make_shared<Set>();
  set->size = credentials.size();
  const std::string first_owner = credentials.empty() ? "" : credentials.front().owner;
  for (Credential& credential : credentials) {
    set->has_many_owners = set->has_many_owners || credential.owner != first_owner;
    widen(set->quotas.try_emplace(credential.owner, credential.quotas).first->second,
          credential.quotas);
    if (credential.types.are_any()) {
      set->types[credential.owner].add(credential.types);
    }
    const auto kept = std::make_shared<const Credential>(std::move(credential));
    if (!kept->access_key.empty()) {
      set->by_access_key.emplace(kept->access_key, kept);
    }
    if (!kept->api_key.empty()) {
      set->by_api_key_digest.emplace(digest_of(kept->api_key), kept);
    }
    if (!kept->token.empty()) {
      set->by_token_digest.emplace(digest_of(kept->token), kept);
    }
  }
  return set;
}

void Keyring::replace(std::vector<Credential> credentials) {
  std::shared_ptr<const Set> set = index(std::move(credentials));
  const MutexLock lock(mutex_);
  set_ = std::move(set);
}

std::shared_ptr<const Keyring::Set> Keyring::current() const {
  const MutexLock lock(mutex_);
  return set_;
}

std::size_t Keyring::size() const {
  return current()->size;
}

bool Keyring::has_many_owners() const {
  return current()->has_many_owners;
}

std::map<std::string, Quotas> Keyring::quotas() const {
  return current()->quotas;
}

model::TypeRules Keyring::types_of(const std::string& owner) const {
  const auto set = current();
  const auto found = set->types.find(owner);
  return found == set->types.end() ? model::TypeRules() : found->second;
}

bool Keyring::has_types() const {
  return !current()->types.empty();
}

CredentialPtr Keyring::with_access_key(std::string_view access_key) const {
  const auto set = current();
  const auto found = set->by_access_key.find(std::string(access_key));
  return found == set->by_access_key.end() ? nullptr : found->second;
}

CredentialPtr Keyring::with_api_key(std::string_view api_key) const {
  const auto set = current();
  const auto found = set->by_api_key_digest.find(sha256_hex(api_key));
  return found == set->by_api_key_digest.end() ? nullptr : found->second;
}

CredentialPtr Keyring::with_token(std::string_view token) const {
  const auto set = current();
  const auto found = set->by_token_digest.find(sha256_hex(token));
  return found == set->by_token_digest.end() ? nullptr : found->second;
}

}  // namespace sluice::auth
