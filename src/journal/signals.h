// SPDX-License-Identifier: MIT
// What nodes that share a journal tell each other at once: hints, beside the journal, which holds
// what counts. One may be lost, and one may come twice.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/error.h"
#include "runtime/task.h"

namespace sluice::journal {

struct Signal {
  enum class Kind {
    cut,      // A newer request has begun to bring these bytes.
    changed,  // The upload has its answer, was aborted, or is otherwise not what it was.
    hurry,    // The upload's hand-off need not wait for its time.
  };
  Kind kind = Kind::changed;
  std::uint64_t upload_id = 0;
  ByteRange range = {};  // Of `cut`.

  friend bool operator==(const Signal&, const Signal&) = default;
};

// Any thread.
class Signals {
 public:
  virtual ~Signals() = default;

  using Ear = std::function<void(const Signal&)>;

  // To all other nodes.
  virtual runtime::Task<Result<>> send(Signal signal) = 0;
  // Begins to listen, once. `heard` is called on a thread of the signals, until the journal ends.
  virtual void listen(Ear heard) = 0;
};

}  // namespace sluice::journal
