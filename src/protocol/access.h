// SPDX-License-Identifier: MIT
// The owner of an API request, and the owner's rights: from the words of HTTP to those of the
// authenticator, and from its grant to a new upload.
#pragma once

#include "auth/authenticator.h"
#include "base/error.h"
#include "protocol/call.h"
#include "protocol/parameters.h"
#include "protocol/protocol_settings.h"
#include "upload/upload.h"

namespace sluice::protocol {

class Access {
 public:
  // Both outlive this. Any thread may call.
  Access(const auth::Authenticator& authenticator, const ProtocolSettings& settings)
      : authenticator_(authenticator), settings_(settings) {}

  bool required() const noexcept { return authenticator_.required(); }
  Timestamp now() const noexcept { return authenticator_.now(); }

  // Whether judge() has all to go by, or credentials may still come.
  bool shows_credentials(const Call& call, const Parameters& parameters) const;
  // Whose request it is. Leaves in `parameters`, which are those of the request, what the
  // credential vouches for: nothing else may be kept. not_authorized also for clouds that are not
  // the credential's.
  Result<auth::Grant> judge(const Call& call, Parameters& parameters, auth::Window window) const;
  // The same for the clouds in parameters that were made of judged ones.
  static Result<> check_clouds(const auth::Grant& grant, const Parameters& parameters);
  // The part of judge() that needs no credentials: a request that shows none may not come from a
  // page of another origin, which a browser sends without its user's consent.
  Result<> judge_page(const Call& call, const Parameters& parameters) const;

  // The largest file that the holder of the grant may send.
  std::uint64_t file_size_max(const auth::Grant& grant) const;
  // Owner, limits, whose share of the room it is, and the signature that is used up by it.
  void apply(const auth::Grant& grant, const Call& call, upload::NewUpload& request) const;

  // too_many_creations, and the time to wait in the answer's headers, where the holder of the grant
  // has opened uploads too often. Otherwise this one counts.
  Result<> count_creation(const auth::Grant& grant, const Call& call) const;

 private:
  std::string room_of(const auth::Grant& grant, const Call& call) const;

  const auth::Authenticator& authenticator_;
  const ProtocolSettings& settings_;
};

}  // namespace sluice::protocol
