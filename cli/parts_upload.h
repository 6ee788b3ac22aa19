// SPDX-License-Identifier: MIT
// The parts of a multi-chunk session, sent over several connections at once. The decisions are
// PartClient's; this carries them out, with a thread for each connection.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "cli/http_transfer.h"
#include "cli/part_client.h"
#include "cli/report.h"
#include "cli/stop_signal.h"

namespace sluice::cli {

struct PartsPlan {
  std::string location;
  PartLayout layout;
  RetryPolicy retry;
  TransferOptions transfer;
  unsigned connections = 1;
  bool with_digests = false;  // The server has asked for them.
  bool resumed = false;       // The server may have parts already.
};

// All that it refers to outlives it.
class PartsUpload {
 public:
  // Called before a part is sent, by one thread at a time. The objection is a sentence.
  using BeforePart = std::function<std::optional<std::string>(ByteRange)>;
  using End = std::variant<Finished, Failed, Stopped, SourceFailed, SessionUnknown>;

  PartsUpload(PartsPlan plan, Body::ReadAt read_at, BeforePart before_part, const StopSignal& stop,
              FileReport& report);

  // Returns when no thread is left.
  End run();
  std::uint64_t stored() const;

 private:
  struct Connection {
    std::unique_ptr<HttpTransfer> transfer;
    std::uint64_t sent = 0;  // Of the part on its way.
  };

  std::optional<End> ask();
  void send_all();
  void work(Connection& connection);
  bool send(Connection& connection, Part part, bool ask_first);
  std::optional<Duration> follow(Part& part, TransferResult result);
  void repeat(const RepeatRequest& again) REQUIRES(mutex_);
  void end(End how) REQUIRES(mutex_);
  void show() REQUIRES(mutex_);
  bool pause(Duration duration) const;
  bool is_over() const;

  const PartsPlan plan_;
  const Body::ReadAt read_at_;
  const BeforePart before_part_;
  const StopSignal& stop_;

  mutable Mutex mutex_;
  FileReport& report_ GUARDED_BY(mutex_);
  PartClient client_ GUARDED_BY(mutex_);
  std::vector<Connection> connections_;  // Of each the bytes sent are guarded by the mutex.
  std::optional<End> end_ GUARDED_BY(mutex_);
  std::atomic<bool> has_end_{false};
};

}  // namespace sluice::cli
