// SPDX-License-Identifier: MIT
#include "protocol/access.h"

#include <algorithm>

#include "base/encoding.h"
#include "protocol/foreign_pages.h"
#include "protocol/path.h"

namespace sluice::protocol {
namespace {

// Empty without one.
std::string bearer_of(const http::Request& request) {
  constexpr std::string_view scheme = "bearer ";
  const std::string_view value = request.headers.find("Authorization").value_or("");
  return equals_ignoring_case(value.substr(0, scheme.size()), scheme)
             ? std::string(trimmed(value.substr(scheme.size())))
             : std::string();
}

}  // namespace

bool Access::shows_credentials(const Call& call, const Parameters& parameters) const {
  const auto has = [&parameters](const char* name) {
    return !parameters.text(name).value_or("").empty();
  };
  return !required() || !call.request.headers.find("X-Api-Key").value_or("").empty() ||
         !bearer_of(call.request).empty() || has("token") ||
         (has("access_key") && has("timestamp") && has("signature"));
}

Result<auth::Grant> Access::judge(const Call& call, Parameters& parameters,
                                  auth::Window window) const {
  if (const Result<> allowed = judge_page(call, parameters); !allowed) {
    return fail(allowed.error());
  }
  if (!required()) {
    return auth::Grant{};
  }
  const http::Headers& headers = call.request.headers;
  auth::Presented presented;
  presented.method = call.request.method_text;
  presented.path = signed_path(call.request.path);
  presented.host = headers.find("Host").value_or("");
  presented.query = parameters.query_fields();
  presented.form = parameters.form_fields();
  presented.api_key = headers.find("X-Api-Key").value_or("");
  presented.bearer = bearer_of(call.request);
  presented.body_checksum = parameters.body_checksum();
  Result<auth::Grant> grant = authenticator_.judge(presented, window, call.began);
  if (!grant) {
    return grant;
  }
  if (!grant->covers_json) {
    parameters.drop_json();
  }
  if (const Result<> allowed = check_clouds(*grant, parameters); !allowed) {
    return fail(allowed.error());
  }
  return grant;
}

Result<> Access::check_clouds(const auth::Grant& grant, const Parameters& parameters) {
  for (const char* const name : {"cloud_id", "factory_id"}) {
    const std::optional<std::string> id = parameters.text(name);
    if (id && !grant.allows_cloud(*id)) {
      return fail(Errc::not_authorized,
                  std::string(name) + ": these credentials are not for " + in_quotes(*id));
    }
  }
  return {};
}

// A file for which the whole quota is too small never has room: that is final, unlike a quota that
// others' files have filled.
Result<> Access::judge_page(const Call& call, const Parameters& parameters) const {
  return required() && shows_credentials(call, parameters) ? Result<>()
                                                           : expect_allowed_page(call, settings_);
}

std::uint64_t Access::file_size_max(const auth::Grant& grant) const {
  std::uint64_t most = settings_.file_size_max;
  if (grant.credential) {
    const auth::Quotas& quotas = grant.credential->quotas;
    most = std::min({most, quotas.file_size.value_or(most), quotas.bytes.value_or(most)});
  }
  return most;
}

// One owner alone, or addresses that stand for many clients, take no room from others.
std::string Access::room_of(const auth::Grant& grant, const Call& call) const {
  if (grant.credential) {
    return authenticator_.has_many_owners() ? upload::room_of_owner(grant.owner()) : "";
  }
  const std::string client = settings_.client_of(call.context.peer_address);
  return client.empty() ? "" : "address " + client;
}

Result<> Access::count_creation(const auth::Grant& grant, const Call& call) const {
  const auto wait = settings_.creation_rates->take(settings_.client_of(call.context.peer_address),
                                                   grant.owner(), std::chrono::steady_clock::now());
  if (!wait) {
    return {};
  }
  const std::string seconds = std::to_string(wait->count());
  call.headers.set("Retry-After", seconds);
  return fail(Errc::too_many_creations,
              "too many uploads were opened in the last minute: expected this one in " + seconds +
                  " seconds");
}

void Access::apply(const auth::Grant& grant, const Call& call, upload::NewUpload& request) const {
  request.limits.sessions = settings_.sessions_max;
  request.limits.records = settings_.records_max;
  if (grant.credential) {
    const auth::Quotas& quotas = grant.credential->quotas;
    request.limits.sessions = quotas.sessions.value_or(settings_.sessions_max);
    request.limits.bytes = quotas.bytes;
    request.limits.records = quotas.records.value_or(settings_.records_max);
  }
  request.owner = grant.owner();
  request.room_of = room_of(grant, call);
  if (grant.use) {
    request.use = journal::UseSignature{grant.use->digest, now(), grant.use->expires_at};
  }
}

}  // namespace sluice::protocol
