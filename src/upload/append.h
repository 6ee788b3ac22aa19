// SPDX-License-Identifier: MIT
// The data path: a request body into a blob, durable, then acknowledged.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/changeable.h"
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
#include "upload/settling_time.h"
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

class Peers;
struct EngineSettings;

// The parts that the data path works with. References outlive every append.
struct AppendTools {
  store::Store& store;
  runtime::BufferPool& buffers;
  Clock& clock;
  Metrics& metrics;
  const Changeable<EngineSettings>& settings;
  Peers* peers = nullptr;             // Null: there are no other nodes.
  DeferredSyncs* deferred = nullptr;  // Null: acknowledged bytes are committed and synced before.
};

// One piece on its way into one upload. Used once, by one coroutine.
class Append {
 public:
  // The references outlive this.
  Append(LiveUpload& upload, const AppendTools& tools, const Piece& piece,
         runtime::ByteSource& body);

  // REQUIRES: the piece has been checked against the upload. The result says whether this request
  // finished the file. Whatever it is, the bytes that arrived are stored, but for bytes that are
  // none of the file (whole_file or part with another size).
  runtime::Task<Result<bool>> run();

  // Where the next byte of the body would belong.
  std::uint64_t position() const noexcept { return position_; }
  // Of a file without a session: where its bytes lie, for the change that creates its upload.
  std::vector<model::Extent> take_extents() { return std::move(extents_); }

 private:
  Result<> check_offset(bool may_be_ahead) const;
  Result<bool> is_wanted();
  runtime::Task<Result<>> transfer();
  // For status queries: how far this request is.
  void begins_to_wait();
  void goes_on();
  void wrote(ByteRange bytes);
  // How far the bytes from position_ on are stored already, and to be compared; how far they are
  // not, up to the next checkpoint. One of both is position_.
  std::uint64_t known_until() const;
  std::uint64_t new_until() const;
  // These two are false at the end of the body.
  runtime::Task<Result<bool>> receive(std::uint64_t until);
  runtime::Task<Result<bool>> compare(std::uint64_t until);
  const std::shared_ptr<store::Blob>& blob();
  runtime::Task<Result<>> check_end();
  bool is_overtaken(const Result<>& transferred) const;
  // Whether what arrives may be named before the end of the body.
  bool may_settle_early() const;
  Unsettled unsettled() const;
  // The file ends with the body.
  bool ends_file() const;
  runtime::Task<Result<bool>> settle(bool may_finish);
  runtime::Task<Result<bool>> settle_nameless(bool is_whole);
  runtime::Task<Result<Settled>> make_durable(bool ends_file);
  void settled();

  LiveUpload& upload_;
  const AppendTools& tools_;
  const Piece& piece_;
  const bool is_part_;
  const bool counts_whole_;     // As the piece has it.
  const bool is_checked_;       // As the piece has it.
  bool is_size_known_ = false;  // Of the upload, when this request has its claim.
  runtime::ByteSource& body_;
  std::shared_ptr<store::Blob> blob_;  // Null before it is needed.
  // Hears which bytes are written; null while it is not known whose bytes they are.
  Claim* claim_ = nullptr;

  std::uint64_t position_;  // Where the next byte of the body belongs.
  std::uint64_t end_;       // Bytes from here on are not wanted.
  // A whole file, or a part, whose length is not announced may turn out to be another one, at its
  // end; and so may one without a session.
  const bool may_be_another_file_;
  RangeSet stored_;   // Durable when this request began.
  RangeSet written_;  // By this request, and not yet durable.
  std::vector<model::Extent> extents_;
  std::chrono::steady_clock::time_point unsettled_since_;  // Unless written_ is empty.
};

}  // namespace sluice::upload
