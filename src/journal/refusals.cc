// SPDX-License-Identifier: MIT
#include "journal/refusals.h"

namespace sluice::journal {

Result<> within(const OwnerUsage& usage, const OwnerLimits& limits) {
  if (limits.sessions && usage.sessions > *limits.sessions) {
    return fail(Errc::too_many_sessions,
                "expected at most " + std::to_string(*limits.sessions) +
                    " unfinished uploads at the same time; finish or abort one of them");
  }
  if (limits.bytes && usage.bytes > *limits.bytes) {
    return fail(Errc::quota_exceeded, "the quota is " + std::to_string(*limits.bytes) +
                                          " bytes; with this file it would be " +
                                          std::to_string(usage.bytes));
  }
  if (limits.records && usage.records > *limits.records) {
    return fail(Errc::quota_exceeded,
                "the quota is " + std::to_string(*limits.records) +
                    " records, of uploads until they are forgotten and of videos; with this one "
                    "it would be " +
                    std::to_string(usage.records));
  }
  return {};
}

Error signature_was_used() {
  return Error(Errc::not_authorized,
               "Signatures expired: a signature serves one POST, and this one has been used");
}

Error signature_has_expired() {
  return Error(Errc::not_authorized,
               "Signatures expired: while this request waited, its signature has");
}

Error token_is_taken() {
  return Error(Errc::conflict, "there is an upload with this token already");
}

Error has_another_version(std::uint64_t upload_id) {
  return Error(Errc::conflict,
               "upload " + std::to_string(upload_id) + " has another version, or is gone");
}

Error has_other_extents(std::uint64_t upload_id) {
  return Error(Errc::conflict,
               "upload " + std::to_string(upload_id) + " has other extents, or is gone");
}

Error extents_of_other_bytes() {
  return Error(Errc::conflict, "other extents are not of the same bytes");
}

}  // namespace sluice::journal
