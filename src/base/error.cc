// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <array>
#include <cerrno>
#include <system_error>

#include "base/check.h"
#include "base/told.h"

namespace sluice {
namespace {

struct Row {
  Errc code;
  ErrcInfo info;
  // Sent to clients in place of the message, which is the operator's. Null: the message.
  const char* told = nullptr;
};

constexpr const char* storage_fault =
    "the server could not store or read what this request is about";

constexpr std::array rows{
    Row{Errc::bad_request, {400, false, "BadRequest"}},
    Row{Errc::not_authorized, {401, false, "NotAuthorized"}},
    Row{Errc::forbidden, {403, false, "Forbidden"}},
    Row{Errc::length_required, {411, false, "LengthRequired"}},
    Row{Errc::not_found, {404, false, "RecordNotFound"}},
    Row{Errc::method_not_allowed, {405, false, "MethodNotAllowed"}},
    Row{Errc::content_mismatch, {409, false, "ContentMismatch"}},
    Row{Errc::digest_mismatch, {400, false, "DigestMismatch"}},
    Row{Errc::offset_mismatch, {409, false, "OffsetMismatch"}},
    Row{Errc::not_delivered, {409, false, "NotDelivered"}},
    Row{Errc::size_mismatch, {400, false, "SizeMismatch"}},
    Row{Errc::file_too_large, {413, false, "FileSizeLimitExceeded"}},
    Row{Errc::target_too_long, {414, false, "UriTooLong"}},
    Row{Errc::unsupported_media_type, {415, false, "UnsupportedMediaType"}},
    Row{Errc::expectation_failed, {417, false, "ExpectationFailed"}},
    Row{Errc::misdirected, {421, false, "MisdirectedRequest"}},
    Row{Errc::head_too_large, {431, false, "RequestHeaderFieldsTooLarge"}},
    Row{Errc::head_timeout, {408, false, "RequestTimeout"}},
    Row{Errc::too_many_creations, {503, true, "TooManyUploads"}},
    Row{Errc::internal,
        {500, true, "InternalError"},
        "the server failed to answer; its log tells why, under the id of this request"},
    Row{Errc::not_implemented, {501, false, "NotImplemented"}},
    Row{Errc::version_not_supported, {505, false, "HttpVersionNotSupported"}},
    Row{Errc::overloaded, {503, true, "Overloaded"}},
    Row{Errc::conflict,
        {503, true, "Overloaded"},
        "other requests change this upload at the same time: try again"},
    Row{Errc::taken_over, {503, true, "TakenOver"}},
    Row{Errc::too_many_sessions, {503, true, "TooManySessions"}},
    Row{Errc::draining, {503, true, "Draining"}},
    Row{Errc::delivery_pending, {503, true, "DeliveryPending"}},
    Row{Errc::delivery_failed,
        {502, true, "DeliveryFailed"},
        "all bytes are stored, but the backend did not take the file, and is not asked again "
        "unless the operator wants it"},
    Row{Errc::disk_full,
        {507, true, "InsufficientStorage"},
        "there is no room on the server's disk for this file at the moment"},
    Row{Errc::quota_exceeded, {507, true, "QuotaExceeded"}},
    Row{Errc::storage_failed, {503, true, "StorageFailed"}, storage_fault},
    // A file of the server's own; `not_found` is what a client asked for.
    Row{Errc::file_missing, {503, true, "StorageFailed"}, storage_fault},
    Row{Errc::unavailable, {503, true, "Unavailable"}, storage_fault},
    Row{Errc::record_damaged, {500, false, "RecordDamaged"}},
    Row{Errc::closed_by_peer, {503, true, "ConnectionLost"}},
    Row{Errc::idle_timeout, {408, false, "RequestTimeout"}},
};

// info() indexes the table by the enumerator's value.
constexpr bool in_enumerator_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].code) != i) {
      return false;
    }
  }
  return true;
}
static_assert(in_enumerator_order());
static_assert(rows.size() == static_cast<std::size_t>(Errc::idle_timeout) + 1);

const Row& row(Errc code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  SLUICE_CHECK(index < rows.size());
  return rows[index];
}

}  // namespace

const ErrcInfo& info(Errc code) noexcept {
  return row(code).info;
}

std::string told(const Error& error) {
  const char* const instead = row(error.code()).told;
  return instead == nullptr ? error.message() : instead;
}

Error storage_error(int error_number, const char* operation, const std::string& subject) {
  // EFBIG: a limit of the process or of the file system; it leaves no room for this file.
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
  return Error(full ? Errc::disk_full : Errc::storage_failed,
               std::string(operation) + " " + subject + ": " +
                   std::generic_category().message(error_number));
}

}  // namespace sluice
