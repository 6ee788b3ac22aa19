// SPDX-License-Identifier: MIT
// The data path: a request body into a blob, durable, then acknowledged.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/range_set.h"
#include "runtime/buffer_pool.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"
#include "store/store.h"
#include "upload/deferred_syncs.h"
#include "upload/live_upload.h"
#include "upload/upload.h"

namespace sluice::upload {

struct Expiry {
  Duration idle = limits::idle_life_default;
  Duration absolute = limits::upload_life_default;
  Duration finished = limits::finished_life_default;
  Duration refused = limits::refused_life_default;
  Duration failed = limits::failed_life_default;
  Duration untouched =
      limits::untouched_life_default;  // Before the first byte, in place of `idle`.
};

// What the data path works with. References outlive every append.
struct AppendTools {
  store::Store& store;
  runtime::BufferPool& buffers;
  runtime::BufferPool& trial_buffers;  // Of limits::trial_bytes.
  Clock& clock;
  Metrics& metrics;
  const Expiry& expiry;
  DeferredSyncs* deferred = nullptr;  // Null: what is acknowledged is committed and synced before.
  bool syncs = true;                  // Durability::none: nothing has to be synced.
};

// One piece on its way into one upload. Used once, by one coroutine.
class Append {
 public:
  // What is referred to outlives this.
  Append(LiveUpload& upload, const AppendTools& tools, const Piece& piece,
         runtime::ByteSource& body);

  // REQUIRES: the piece has been checked against the upload. The result says whether this request
  // finished the file. Whatever it is, the bytes that arrived are stored, but for bytes that are
  // none of the file (whole_file or part with another size).
  runtime::Task<Result<bool>> run();

  // For a piece of unknown size, whose range the caller has claimed: its size. It is durable in the
  // blob, and the journal is told nothing of it.
  runtime::Task<Result<std::uint64_t>> run_to_end();

 private:
  // Of the sender, as far as it has shown. A steady one fills buffers, but not at once.
  enum class Pace { slow, steady, fast };

  bool is_wanted();
  runtime::Task<Result<>> transfer();
  // For status queries: how far this request is.
  void begins_to_wait();
  void goes_on();
  void wrote(ByteRange bytes);
  runtime::Task<Result<bool>> transfer_one_buffer();
  bool begins_with_trial() const;
  MutableBytes wanted_part(MutableBytes buffer) const;
  // Where bytes from position_ on need not be compared with stored ones.
  std::uint64_t new_until() const;
  runtime::Task<Result<>> stream(MutableBytes buffer, std::size_t count, std::uint64_t until);
  runtime::Task<Result<>> open_blob();
  runtime::Task<Result<>> take(Bytes bytes, MutableBytes scratch);
  runtime::Task<Result<>> compare(std::uint64_t offset, Bytes bytes, MutableBytes scratch);
  runtime::Task<Result<>> check_end();
  bool is_overtaken(const Result<>& transferred) const;
  bool is_checkpoint_due() const;
  runtime::Task<Result<bool>> settle(bool may_finish);
  void settled();
  runtime::Task<Result<RangeSet>> sync_all();
  bool comes_at_once() const;
  runtime::Task<Result<bool>> ends_the_blob();
  runtime::Task<Result<>> close_end();

  LiveUpload& upload_;
  const AppendTools& tools_;
  const Piece& piece_;
  runtime::ByteSource& body_;
  std::shared_ptr<store::Blob> blob_;
  // Hears which bytes are written; null while it is not known whose bytes they are.
  Claim* claim_ = nullptr;

  std::uint64_t position_;  // Where the next byte of the body belongs.
  std::uint64_t end_;       // Bytes from here on are not wanted.
  // A whole file, or a part, whose length is not announced may turn out to be another one, at its
  // end.
  const bool may_be_another_file_;
  Pace pace_ = Pace::slow;
  DeferredSyncs* deferred_;  // As in the tools, or null.
  RangeSet stored_;          // Durable when this request began.
  RangeSet written_;         // By this request, and not yet durable.
  std::chrono::steady_clock::time_point settled_at_ = std::chrono::steady_clock::now();
};

}  // namespace sluice::upload
