// SPDX-License-Identifier: MIT
// The parts of a multi-chunk session: which are to be sent, and what the answers to them mean. Its
// caller sends several at once. No network, no file, no clock; used by one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/range_set.h"
#include "cli/part_layout.h"
#include "cli/retries.h"
#include "cli/server_answer.h"

namespace sluice::cli {

struct Part {
  std::uint64_t index = 0;
  ByteRange range;
  int failures = 0;          // Of all connections in a row, when this attempt began.
  bool with_digest = false;  // The server has asked for it, and will compare it.
};

struct PartStored {};
// The parts that the server has are known.
struct PartsKnown {};
// The server does not know the session.
struct SessionUnknown {};
// The same request again.
struct RepeatRequest {
  Duration wait{0};
  std::string note;  // Why.
  int attempt = 0;   // 0: no failure, the application has not answered.
};

class PartClient {
 public:
  using Time = Retries::Time;

  // `wants_digests`: the server has asked for them. It may do so later, too.
  PartClient(const RetryPolicy& policy, const PartLayout& layout, bool wants_digests,
             Retries::Random random);

  // A part that is missing and on no connection; nullopt: there is none. The first missing one, so
  // that no byte is sent long before those in front of it.
  std::optional<Part> take();
  // The answer to a part. After PartStored the connection is free for another part; after
  // RepeatRequest it sends the part again.
  using PartStep = std::variant<PartStored, RepeatRequest, Finished, Failed>;
  PartStep on_part(Part& part, const Reply& reply, Time now);
  // The answer to the question which parts are missing, asked while no part is on its way.
  using StatusStep = std::variant<PartsKnown, RepeatRequest, SessionUnknown, Failed>;
  StatusStep on_status(const Reply& reply);

  const PartLayout& layout() const noexcept { return layout_; }
  // Bytes of parts that the server has.
  std::uint64_t stored() const noexcept { return stored_; }
  // The server has every part, and its application has not answered.
  bool waits_for_answer() const noexcept { return waits_for_answer_; }

 private:
  enum class State : std::uint8_t { missing, on_its_way, stored };

  PartStep on_success(const Part& part, const Answer& answer);
  bool sends_digests() const noexcept { return wants_digests_ && !lacks_only_answer_; }
  // The application's answer has overtaken those of other parts.
  void take_unheard();
  PartStep on_failure(Part& part, const std::string& reason, Retries::RetryAfter retry_after);
  PartStep repeat(Part& part, std::variant<Duration, Failed> wait, std::string reason);
  StatusStep ask_again(const std::string& reason, Retries::RetryAfter retry_after);
  void set(std::uint64_t index, State state);

  const PartLayout layout_;
  const int asked_max_;
  Retries retries_;
  std::vector<State> parts_;
  std::uint64_t first_missing_ = 0;  // None before it.
  std::uint64_t stored_ = 0;
  std::uint64_t stored_count_ = 0;
  RangeSet compared_;  // Of what is stored.
  int asked_ = 0;
  bool wants_digests_;
  bool is_doubted_ =
      false;  // An answer did not fit the parts; nothing is sent before the next status.
  bool waits_for_answer_ = false;
  bool lacks_only_answer_ = false;  // So said the last status: no part is missing.
};

}  // namespace sluice::cli
