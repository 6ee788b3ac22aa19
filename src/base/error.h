// SPDX-License-Identifier: MIT
// Everything that can go wrong and how it looks from outside. An expected failure is a value,
// Result<T>; the table behind info() alone decides status and retryability, so no call site can
// answer 400 for a fault of ours.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace sluice {

enum class Errc {
  // The client's own mistake: 4xx, final.
  bad_request,
  not_authorized,
  forbidden,
  length_required,
  not_found,
  method_not_allowed,
  content_mismatch,
  digest_mismatch,
  offset_mismatch,
  not_delivered,
  size_mismatch,
  file_too_large,
  target_too_long,
  unsupported_media_type,
  expectation_failed,
  misdirected,
  head_too_large,
  head_timeout,
  too_many_creations,  // A retry can heal it.
  // A retry can heal it: 5xx.
  internal,
  not_implemented,
  version_not_supported,
  overloaded,
  // The server's own, between journal and engine: another change of the same record came first.
  conflict,
  taken_over,
  too_many_sessions,
  draining,
  delivery_pending,
  delivery_failed,
  disk_full,
  quota_exceeded,
  storage_failed,
  file_missing,
  // An engine below the server, such as its object store, does not answer or turns it away. Bytes
  // that are stored are as good as before.
  unavailable,
  // Nothing heals it but an operator.
  record_damaged,
  // No client is left to be answered.
  closed_by_peer,
  idle_timeout,
};

struct ErrcInfo {
  int http_status;
  bool retryable;    // The answer carries Retry-After.
  const char* name;  // `error` in the JSON body; words of the Panda API where it has one.
};

const ErrcInfo& info(Errc code) noexcept;

// The error in words for the person at the other end: what was expected and what came.
class [[nodiscard]] Error {
 public:
  explicit Error(Errc code, std::string message = {}) : code_(code), message_(std::move(message)) {}

  Errc code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }

 private:
  Errc code_;
  std::string message_;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Errc code, std::string message = {}) {
  return std::unexpected<Error>(Error(code, std::move(message)));
}
// By reference: an argument of a coroutine's own would stay in its frame.
inline std::unexpected<Error> fail(Error&& error) {
  return std::unexpected<Error>(std::move(error));
}
inline std::unexpected<Error> fail(const Error& error) {
  return std::unexpected<Error>(error);
}

// `storage_failed` or `disk_full` from an errno, with the operation and what it was done to.
Error storage_error(int error_number, const char* operation, const std::string& subject);

}  // namespace sluice
