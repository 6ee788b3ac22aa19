// SPDX-License-Identifier: MIT
#include "s3/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/printable.h"

namespace sluice::s3 {
namespace {

struct Row {
  const char* name;
  Errc code;
  bool again;
  const char* words;  // For the operator; null: the store's own say enough.
};

constexpr std::size_t message_bytes_max = 300;

constexpr const char* wrong_region = "set the region in which the bucket lies";
constexpr const char* not_allowed =
    "the access key needs the right to put, get, list and delete objects of this bucket under its "
    "prefix, and to abort multipart uploads";
constexpr const char* no_room =
    "the store has no room left, or the quota of the bucket or user is used up";
constexpr const char* not_offered = "the store does not offer this request";
constexpr const char* renew = "renew the temporary credentials";

constexpr std::array rows{
    // It passes.
    Row{"SlowDown", Errc::unavailable, true, nullptr},
    Row{"SlowDownRead", Errc::unavailable, true, nullptr},
    Row{"SlowDownWrite", Errc::unavailable, true, nullptr},
    Row{"RequestLimitExceeded", Errc::unavailable, true, nullptr},
    Row{"TooManyRequests", Errc::unavailable, true, nullptr},
    Row{"ServiceUnavailable", Errc::unavailable, true, nullptr},
    Row{"InternalError", Errc::unavailable, true, nullptr},
    Row{"RequestTimeout", Errc::unavailable, true, nullptr},
    Row{"OperationAborted", Errc::unavailable, true, nullptr},
    Row{"IncompleteBody", Errc::unavailable, true, nullptr},
    // The time of the next request follows the store's clock.
    Row{"RequestTimeTooSkewed", Errc::unavailable, true,
        "set the clock of this machine, or the store's"},
    // The operator's settings.
    Row{"NoSuchBucket", Errc::unavailable, false, "create the bucket, or correct its name"},
    Row{"InvalidBucketName", Errc::unavailable, false, "correct the name of the bucket"},
    Row{"AccessDenied", Errc::unavailable, false, not_allowed},
    Row{"AllAccessDisabled", Errc::unavailable, false, not_allowed},
    Row{"AccountProblem", Errc::unavailable, false, "the account of the access key is blocked"},
    Row{"UserSuspended", Errc::unavailable, false, "the user of the access key is suspended"},
    Row{"InvalidAccessKeyId", Errc::unavailable, false,
        "the store does not know the access key: correct it"},
    Row{"SignatureDoesNotMatch", Errc::unavailable, false,
        "correct the secret key; where it is right, a proxy in front of the store changes "
        "requests"},
    Row{"ExpiredToken", Errc::unavailable, false, renew},
    Row{"InvalidToken", Errc::unavailable, false, renew},
    Row{"AuthorizationHeaderMalformed", Errc::unavailable, false, wrong_region},
    Row{"PermanentRedirect", Errc::unavailable, false, wrong_region},
    Row{"TemporaryRedirect", Errc::unavailable, false, wrong_region},
    Row{"IllegalLocationConstraintException", Errc::unavailable, false, wrong_region},
    Row{"InvalidObjectState", Errc::unavailable, false,
        "the object was moved to an archive: restore it, and remove the lifecycle rule"},
    // Its room.
    Row{"QuotaExceeded", Errc::disk_full, false, no_room},
    Row{"XMinioStorageFull", Errc::disk_full, false, no_room},
    Row{"XMinioAdminBucketQuotaExceeded", Errc::disk_full, false, no_room},
    Row{"InsufficientStorage", Errc::disk_full, false, no_room},
    // What is not there.
    Row{"NoSuchKey", Errc::file_missing, false, nullptr},
    Row{"NoSuchVersion", Errc::file_missing, false, nullptr},
    Row{"NoSuchUpload", Errc::file_missing, false, nullptr},
    Row{"InvalidRange", Errc::storage_failed, false, "the object is shorter than it was"},
    // The bytes are not those of the hash.
    Row{"BadDigest", Errc::unavailable, false, nullptr},
    Row{"XAmzContentSHA256Mismatch", Errc::unavailable, false, nullptr},
    Row{"XAmzContentChecksumMismatch", Errc::unavailable, false, nullptr},
    // The store cannot.
    Row{"NotImplemented", Errc::internal, false, not_offered},
    Row{"MethodNotAllowed", Errc::internal, false, not_offered},
    Row{"InvalidPart", Errc::internal, false, nullptr},
    Row{"InvalidPartOrder", Errc::internal, false, nullptr},
    Row{"EntityTooSmall", Errc::internal, false, nullptr},
    Row{"EntityTooLarge", Errc::internal, false, nullptr},
    Row{"MalformedXML", Errc::internal, false, nullptr},
};

// The code that an answer without a document speaks of.
const char* code_of(int status) {
  switch (status) {
    case 301:
    case 307:
    case 308:
      return "PermanentRedirect";
    case 403:
      return "AccessDenied";
    case 404:
      return "NoSuchKey";
    case 405:
    case 501:
      return "NotImplemented";
    case 416:
      return "InvalidRange";
    case 429:
      return "SlowDown";
    case 507:
      return "InsufficientStorage";
    default:
      return status >= 500 ? "ServiceUnavailable" : "";
  }
}

const Row* find_row(std::string_view code) {
  const auto* const row =
      std::ranges::find_if(rows, [&](const Row& each) { return code == each.name; });
  return row == rows.end() ? nullptr : row;
}

std::string words_of(std::string_view request, int status, const ErrorDocument& document,
                     const char* words) {
  std::string text = fmt::format("{}: {}", request, status);
  if (!document.code.empty()) {
    text += " " + printable(document.code.substr(0, message_bytes_max));
  }
  if (!document.message.empty()) {
    text += ", \"" + printable(document.message.substr(0, message_bytes_max)) + "\"";
  }
  if (words != nullptr) {
    text += fmt::format(": {}", words);
  }
  if (words == wrong_region && !document.region.empty()) {
    text += ", \"" + printable(document.region.substr(0, message_bytes_max)) + "\"";
  }
  return text;
}

}  // namespace

Failure failure_of(std::string_view request, int status,
                   const std::optional<ErrorDocument>& document) {
  const ErrorDocument said = document.value_or(ErrorDocument{});
  const Row* row = find_row(said.code);
  if (row == nullptr) {
    // A code that the table does not know, or none.
    row = find_row(code_of(status));
  }
  if (row == nullptr) {
    return {Error(Errc::unavailable, words_of(request, status, said, nullptr)), false};
  }
  return {Error(row->code, words_of(request, status, said, row->words)), row->again};
}

}  // namespace sluice::s3
