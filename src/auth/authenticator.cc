// SPDX-License-Identifier: MIT
#include "auth/authenticator.h"

#include <algorithm>
#include <array>
#include <utility>

#include "auth/mac.h"
#include "auth/signature.h"
#include "auth/timestamp.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::auth {
namespace {

using http::FormField;

std::unexpected<Error> refused(std::string message) {
  return fail(Errc::not_authorized, std::move(message));
}

std::unexpected<Error> no_match() {
  return refused("Signatures do not match");
}

// Those of the form after those of the query; a field that came in both ways counts once.
std::vector<FormField> all_fields(const Presented& presented) {
  std::vector<FormField> fields;
  for (const std::vector<FormField>* source : {&presented.query, &presented.form}) {
    for (const FormField& field : *source) {
      if (std::ranges::find(fields, field) == fields.end()) {
        fields.push_back(field);
      }
    }
  }
  return fields;
}

std::string value_of(const std::vector<FormField>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &FormField::name);
  return found == fields.end() ? std::string() : found->value;
}

Result<Grant> grant_to(CredentialPtr credential, const char* unknown) {
  if (!credential) {
    return refused(unknown);
  }
  return Grant{std::move(credential), std::nullopt};
}

Result<> check_presence(const std::vector<FormField>& fields) {
  std::string missing;
  for (const char* name : {"access_key", "signature", "timestamp"}) {
    if (value_of(fields, name).empty()) {
      missing += (missing.empty() ? "" : ", ") + std::string(name);
    }
  }
  if (!missing.empty()) {
    return fail(Errc::bad_request, "All required parameters were not supplied: " + missing);
  }
  return {};
}

// Version 2 covers the body by the digest in the query (panda-clients 5.4).
Result<> check_checksum(const Presented& presented) {
  const std::string checksum = value_of(presented.query, "checksum");
  if (checksum.empty()) {
    return fail(Errc::bad_request, "All required parameters were not supplied: checksum");
  }
  if (presented.body_checksum.empty()) {
    return fail(Errc::bad_request, "signature_version: expected 1 with a file in the body, got 2");
  }
  if (!equal_in_constant_time(to_lower(checksum), presented.body_checksum)) {
    return refused("Signatures do not match: checksum is not the SHA-256 of the body");
  }
  return {};
}

// panda-clients 7, requirement 27. Where the operator says how clients know this server, the field
// Host says nothing: a signature for another server that shares the keys would come with its name.
std::vector<std::string> names_of_this_server(const std::string& host,
                                              const std::vector<std::string>& configured) {
  if (!configured.empty()) {
    return configured;
  }
  std::vector<std::string> names{host};
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    names.push_back(host.substr(0, colon));
  }
  return names;
}

// base64 of an HMAC-SHA256.
bool may_be_signature(std::string_view text) {
  return text.size() == limits::signature_text_bytes;
}

std::size_t bytes_of(const std::vector<FormField>& fields) {
  std::size_t bytes = 0;
  for (const FormField& field : fields) {
    bytes += field.name.size() + field.value.size();
  }
  return bytes;
}

}  // namespace

bool Grant::allows_cloud(const std::string& id) const {
  return !credential || credential->cloud_ids.empty() ||
         std::ranges::find(credential->cloud_ids, id) != credential->cloud_ids.end();
}

Authenticator::Authenticator(const Keyring& keyring, const Clock& clock,
                             AuthenticatorSettings settings, Counter* failures)
    : keyring_(keyring), clock_(clock), settings_(std::move(settings)), failures_(failures) {}

Result<Grant> Authenticator::judge(const Presented& presented, Window window,
                                   Timestamp began) const {
  if (!required()) {
    return Grant{};
  }
  Result<Grant> grant = judge_shown(presented, window, began);
  if (!grant && failures_ != nullptr && grant.error().code() == Errc::not_authorized) {
    failures_->add();
  }
  return grant;
}

Result<Grant> Authenticator::judge_shown(const Presented& presented, Window window,
                                         Timestamp began) const {
  const std::vector<FormField> fields = all_fields(presented);
  if (!presented.api_key.empty()) {
    return grant_to(keyring_.with_api_key(presented.api_key), "X-Api-Key: this key is not known");
  }
  const std::string token = value_of(fields, "token");
  if (!token.empty()) {
    return grant_to(keyring_.with_token(token), "token: this token is not known");
  }
  if (!presented.bearer.empty() && value_of(fields, "signature").empty()) {
    CredentialPtr credential = keyring_.with_api_key(presented.bearer);
    return grant_to(credential ? std::move(credential) : keyring_.with_token(presented.bearer),
                    "Authorization: this key is not known");
  }
  return judge_signature(presented, window, began);
}

// Cheap questions first: a signature is computed only where its key is known.
Result<Grant> Authenticator::judge_signature(const Presented& presented, Window window,
                                             Timestamp began) const {
  const std::string version = value_of(presented.query, "signature_version");
  const bool is_v2 = version == "2";
  if (!is_v2 && !version.empty() && version != "1") {
    return fail(Errc::bad_request, "signature_version: expected 1 or 2, got " + in_quotes(version));
  }
  SignedRequest request;
  request.method = presented.method;
  request.hosts = names_of_this_server(presented.host, settings_->hosts);
  request.path = presented.path;
  request.fields = is_v2 ? presented.query : all_fields(presented);
  if (const Result<> present = check_presence(request.fields); !present) {
    return fail(present.error());
  }
  const Result<Timestamp> until = check_time(request.fields, window, began);
  if (!until) {
    return fail(until.error());
  }
  if (bytes_of(request.fields) > limits::signed_bytes_max) {
    return fail(Errc::file_too_large, "expected at most " +
                                          std::to_string(limits::signed_bytes_max) +
                                          " bytes of signed parameters");
  }
  const std::string signature = value_of(request.fields, "signature");
  const CredentialPtr credential = keyring_.with_access_key(value_of(request.fields, "access_key"));
  // A line end in the path would let one text stand for two requests.
  const bool is_one_line = request.path.find('\n') == std::string::npos;
  if (!credential || !is_one_line || !may_be_signature(signature) ||
      !verify(request, credential->secret_key, signature)) {
    return no_match();
  }
  if (is_v2) {
    if (const Result<> sound = check_checksum(presented); !sound) {
      return fail(sound.error());
    }
  }
  Grant grant{credential, std::nullopt, is_v2};
  if (request.method == "POST") {
    grant.use = SignatureUse{sha256_hex(signature), *until};
  }
  return grant;
}

Result<Timestamp> Authenticator::check_time(const std::vector<FormField>& fields, Window window,
                                            Timestamp began) const {
  const std::string timestamp = value_of(fields, "timestamp");
  const std::optional<Timestamp> time = parse_timestamp(timestamp);
  if (!time) {
    return fail(Errc::bad_request, "timestamp: expected a time like 2011-03-01T15:39:10Z, got " +
                                       in_quotes(timestamp));
  }
  const bool is_file = window == Window::file;
  const Duration allowed = is_file ? settings_->file_window : settings_->window;
  const Timestamp now = clock_.now();
  const Timestamp judged_at = is_file ? began : now;
  const bool took_too_long = is_file && now - began > limits::form_upload_time_max;
  if (*time + allowed < judged_at || *time - allowed > judged_at || took_too_long) {
    return refused("Signatures expired");
  }
  return *time + allowed + (is_file ? Duration(limits::form_upload_time_max) : Duration::zero());
}

}  // namespace sluice::auth
