// SPDX-License-Identifier: MIT
// Makes the files of uploads that consist of partial uploads, each once these are complete: beside
// all requests, again after a failure, and after a restart those that an earlier process left.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "delivery/turns.h"
#include "runtime/event.h"
#include "runtime/task.h"
#include "upload/engine_core.h"
#include "upload/partials.h"

namespace sluice::upload {

// The core outlives it. A file that waits for a partial upload costs an entry of a set.
class Concatenations {
 public:
  explicit Concatenations(EngineCore& core) : core_(core) {}

  // Once, before any request: begins to work, on this executor. Where the journal is shared, it
  // looks from then on for files that other nodes have begun and do not go on with.
  void open(const runtime::Executor& executor);
  // Begins nothing more. True when what was under way has ended within `timeout`, each file where
  // the next process goes on. On the executor.
  runtime::Task<bool> close(Duration timeout);

  // Any thread. The upload was created, has got its last bytes, or has ended: where it is partial
  // others may wait for it, where it consists of others its file may be made.
  void changed(const LiveUpload& upload);
  // The same, of a change that another node has made.
  void heard_of(const LiveUpload& upload);

  // On the executor. Its file waits for a partial upload that is not complete.
  bool waits(const LiveUpload& upload) const;

 private:
  // These are called on the executor.
  runtime::Task<> take_up_unmade();
  runtime::Task<> look_for_orphans();
  void begin(const std::string& token);
  void wake(const std::string& partial);
  runtime::Task<> make(std::string token);
  // Nothing more is to be done for now.
  runtime::Task<Result<>> try_to_make(LiveUpload& upload);
  runtime::Task<Result<>> write(LiveUpload& upload, Partials partials);
  // False when there is nothing more to write, or this process ends: another node had the claim.
  runtime::Task<bool> claim(LiveUpload& upload);
  runtime::Task<> renew_claim(std::uint64_t upload_id, std::shared_ptr<runtime::Event> over);
  runtime::Task<Result<>> write_claimed(LiveUpload& upload, Partials partials);
  // Its file can never be made.
  runtime::Task<Result<>> end(LiveUpload& upload, const Error& reason);
  void forget(const LiveUpload& upload);

  EngineCore& core_;
  std::optional<runtime::Executor> executor_;  // Constant from open() on.
  std::optional<runtime::TaskGroup> tasks_;
  delivery::Turns turns_{limits::concatenations_at_once};  // To write.
  const std::shared_ptr<runtime::Event> closing_ = std::make_shared<runtime::Event>();
  std::set<std::string> under_way_;  // Tokens.
  // Tokens: of a partial upload, and of the upload that waits for it.
  std::set<std::pair<std::string, std::string>> waiting_;
};

}  // namespace sluice::upload
