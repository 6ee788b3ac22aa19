// SPDX-License-Identifier: MIT
// The next step of a client of the Panda Upload API: the answer to the last request goes in, the
// next request comes out. No network, no file, no clock: all of it is decided by what is passed in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/range_set.h"
#include "cli/part_layout.h"
#include "cli/retries.h"
#include "cli/server_answer.h"

namespace sluice::cli {

struct CreateSession {};
// An empty request with `Content-Range: bytes */L`.
struct QueryStatus {};
// The bytes of `range`. For an empty file the range is empty and the request looks like a query.
struct SendPiece {
  ByteRange range;
  // Nothing is known about how the server will take it: ask before sending the body (Expect).
  bool ask_first = false;
  bool with_digest = false;  // The server has asked for it.
};
// The session is one of many parts, which PartClient knows to send.
struct SendParts {
  PartLayout layout;
  bool with_digests = false;  // The server has asked for them.
};

using Action = std::variant<CreateSession, QueryStatus, SendPiece, SendParts, Finished, Failed>;

struct Step {
  Action action;
  Duration wait{0};          // Before the action.
  std::string retry_note{};  // Why the last request has to be repeated; empty when it went well.
  std::string note{};        // Something else that the person should know.
};

class UploadClient {
 public:
  using Time = Retries::Time;
  using Random = Retries::Random;

  // No `file_size`: the end of the bytes is still to come, see limit_piece().
  UploadClient(const RetryPolicy& policy, std::optional<std::uint64_t> file_size, Random random);

  // The first step: a new session, or what the server knows about the saved one.
  Step start();
  Step resume(std::string location, const std::optional<PartLayout>& parts = std::nullopt);
  // The saved session is unknown to the server.
  Step start_again();
  // Every later step. `now` comes from a clock that does not jump.
  Step next(const Reply& reply, Time now);

  // Of bytes without a known end: `available` of them are there, and no more come where `ended`.
  // The piece that was asked for, as far as it can be sent now.
  SendPiece limit_piece(std::uint64_t available, bool ended);

  // Where the next request to the session goes; empty while there is no session.
  const std::string& location() const noexcept { return location_; }
  // The prefix that the server has, as far as it said so.
  std::uint64_t stored() const noexcept { return stored_; }
  int failures_in_row() const noexcept { return retries_.failures_in_row(); }

 private:
  enum class Asked { session, status, piece };

  Step on_session(const Answer& answer);
  Step on_final(const Answer& answer);
  Step on_incomplete(const Answer& answer);
  Step on_server_fault(const Answer& answer, Time now);
  Step ask_again(std::variant<Duration, Failed> wait, std::string reason);
  Step send_next(bool ask_first);
  void take_acknowledged(std::uint64_t stored);
  // The server has compared the last piece, of which it has all before `until`.
  void take_compared(std::uint64_t until);

  const RetryPolicy policy_;
  std::optional<std::uint64_t> file_size_;
  Retries retries_;

  Asked asked_ = Asked::session;
  ByteRange piece_;
  bool ask_first_ = false;
  bool wants_digest_ = false;   // The server, so far.
  bool has_digest_ = false;     // The last piece.
  std::uint64_t sent_end_ = 0;  // Without a known end: no byte from here on has been sent.
  std::string location_;
  bool resumed_unconfirmed_ = false;  // The saved session has not shown yet that it still exists.
  std::uint64_t stored_ = 0;
  std::uint64_t stored_best_ = 0;
  RangeSet compared_;  // Of what is stored.
  int stalls_ = 0;
  int setbacks_ = 0;  // How often the server had less than it had said.
};

// The number of bytes in `0-N`, the only form that the API has (`^(\d+)-(\d+)$`).
std::optional<std::uint64_t> parse_stored_range(std::string_view text);
// `Content-Range` of a piece or, for an empty range, of a status query.
std::string content_range(ByteRange piece, std::optional<std::uint64_t> file_size);

}  // namespace sluice::cli
