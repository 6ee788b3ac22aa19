// SPDX-License-Identifier: MIT
// The next step of a client of the Panda Upload API: the answer to the last request goes in, the
// next request comes out. No network, no file, no clock: all of it is decided by what is passed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/clock.h"

namespace sluice::cli {

// Scripts rely on these; `sluice upload --help` lists them.
enum class ExitCode : int {
  ok = 0,
  local_error = 1,
  usage = 2,
  refused = 3,
  gave_up = 4,
  file_refused = 5,
  other_bytes = 6,
};

constexpr int exit_status(ExitCode code) noexcept {
  return static_cast<int>(code);
}

// A complete answer of the server.
struct Answer {
  int status = 0;
  std::optional<std::string> range;
  std::optional<std::string> location;  // Absolute, whatever the header looked like.
  std::optional<std::chrono::seconds> retry_after;
  std::string body;
  // The final answer of the application behind the server, not an error of the server.
  bool is_applications = false;
};

// The request went out or not; the client does not know whether the server acted on it.
struct NoAnswer {
  std::string reason;
  bool permanent = false;  // The next attempt would end the same way, e.g. a bad certificate.
};

using Reply = std::variant<Answer, NoAnswer>;

struct CreateSession {};
// An empty request with `Content-Range: bytes */L`.
struct QueryStatus {};
// The bytes of `range`. For an empty file the range is empty and the request looks like a query.
struct SendPiece {
  ByteRange range;
  // Nothing is known about how the server will take it: ask before sending the body (Expect).
  bool ask_first = false;
};
struct Finished {
  std::string body;  // The Video JSON.
};
struct Failed {
  ExitCode exit_code = ExitCode::gave_up;
  std::string message;
  // The session can never be completed, so there is nothing to come back to.
  bool session_dead = false;
};

using Action = std::variant<CreateSession, QueryStatus, SendPiece, Finished, Failed>;

struct Step {
  Action action;
  Duration wait{0};          // Before the action.
  std::string retry_note{};  // Why the last request has to be repeated; empty when it went well.
  std::string note{};        // Something else that the person should know.
};

struct RetryPolicy {
  std::uint64_t piece_bytes = 0;
  int retries_max = 20;                 // In a row, without progress.
  Duration delay_first{250};            // Doubled by each failure; the wait is a random part of it.
  Duration delay_max{30'000};           // (full jitter)
  Duration retry_after_max{600'000};    // A server cannot send us away for longer.
  Duration handoff_time_max{3600'000};  // All bytes are stored and the server's backend is slow.
  int stalls_max = 5;                   // Answers 204 in a row that acknowledge nothing new.
};

class UploadClient {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Random = std::function<double()>;  // Uniform in [0, 1).

  UploadClient(RetryPolicy policy, std::uint64_t file_size, Random random);

  // The first step: a new session, or what the server knows about the saved one.
  Step start();
  Step resume(std::string location);
  // Every later step. `now` comes from a clock that does not jump.
  Step next(const Reply& reply, Time now);

  // Where the next request to the session goes; empty while there is no session.
  const std::string& location() const noexcept { return location_; }
  // The prefix that the server has, as far as it said so.
  std::uint64_t stored() const noexcept { return stored_; }
  int failures_in_row() const noexcept { return failures_; }

 private:
  enum class Asked { session, status, piece };

  Step on_session(const Answer& answer);
  Step on_final(const Answer& answer);
  Step on_incomplete(const Answer& answer);
  Step on_refusal(const Answer& answer);
  Step on_refused_file(const Answer& answer);
  Step on_server_fault(const Answer& answer, Time now);
  Step on_failure(std::string reason, std::optional<std::chrono::seconds> retry_after);
  Step ask_again(Duration wait, std::string reason);
  Step send_next(bool ask_first);
  Step fail(ExitCode exit_code, std::string message, bool session_dead = false);
  Duration backoff(int attempt, std::optional<std::chrono::seconds> retry_after);
  bool is_handoff(const Answer& answer) const noexcept;
  void take_acknowledged(std::uint64_t stored);

  const RetryPolicy policy_;
  const std::uint64_t file_size_;
  const Random random_;

  Asked asked_ = Asked::session;
  ByteRange piece_;
  std::string location_;
  bool resumed_unconfirmed_ = false;  // The saved session has not shown yet that it still exists.
  std::uint64_t stored_ = 0;
  std::uint64_t stored_best_ = 0;
  int failures_ = 0;  // In a row, without progress.
  int stalls_ = 0;
  int setbacks_ = 0;  // How often the server had less than it had said.
  std::optional<Time> handoff_since_;
  int handoff_asked_ = 0;
};

// The number of bytes in `0-N`, the only form that the API has (`^(\d+)-(\d+)$`).
std::optional<std::uint64_t> parse_stored_range(std::string_view text);
// `Content-Range` of a piece or, for an empty range, of a status query.
std::string content_range(ByteRange piece, std::uint64_t file_size);
// `error: message` of an error's JSON body; the start of the body when it is something else.
std::string describe_error(const Answer& answer);
// Other people's text, fit for a terminal: valid UTF-8 in which nothing is interpreted there.
std::string printable(std::string_view text);

}  // namespace sluice::cli
