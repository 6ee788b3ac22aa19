// SPDX-License-Identifier: MIT
#include "upload/append.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "upload/checkpoint.h"
#include "upload/commit_bytes.h"
#include "upload/peers.h"

namespace sluice::upload {

using runtime::Task;

namespace {

bool counts_whole(const Piece& piece) {
  const auto* const continues = std::get_if<ContinuesAt>(&piece);
  const auto* const part = std::get_if<Part>(&piece);
  return (continues != nullptr && continues->counts_whole) ||
         (part != nullptr && part->counts_whole);
}

bool is_checked(const Piece& piece) {
  return std::visit([](const auto& kind) { return kind.is_checked; }, piece);
}

Error offset_mismatch(std::uint64_t offset, std::uint64_t stored) {
  return Error(
      Errc::offset_mismatch,
      fmt::format("expected the bytes from offset {} on, got those from {}", stored, offset));
}

}  // namespace

Append::Append(LiveUpload& upload, const AppendTools& tools, const Piece& piece,
               runtime::ByteSource& body)
    : upload_(upload),
      tools_(tools),
      piece_(piece),
      is_part_(std::holds_alternative<Part>(piece)),
      counts_whole_(counts_whole(piece)),
      is_checked_(is_checked(piece)),
      body_(body),
      position_(wanted_range(piece, upload.size_bound()).begin),
      end_(wanted_range(piece, upload.size_bound()).end),
      may_be_another_file_(counts_whole_ || is_checked_ || upload.is_nameless() ||
                           (is_exact(piece) && !body.remaining())) {}

Task<Result<bool>> Append::run() {
  const auto began = std::chrono::steady_clock::now();
  // Of bytes that are stored no other request is cut off for such a mistake.
  if (const Result<> placed = check_offset(true); !placed) {
    co_return fail(placed.error());
  }
  if (tools_.peers != nullptr && upload_.take_elsewhere()) {
    tools_.peers->took_over(upload_, {position_, end_});
  }
  Claim claim(upload_, {position_, end_}, body_);
  const Result<std::size_t> acquired = co_await claim.acquire();
  if (!acquired) {
    co_return fail(acquired.error());
  }
  tools_.metrics.takeovers.add(*acquired);
  const Result<bool> wanted = is_wanted();
  if (!wanted || !*wanted) {
    co_return wanted;
  }
  upload_.tell_of_begin(position_);
  const Timestamp began_at = tools_.clock.now();
  const std::uint64_t first = position_;
  claim_ = may_be_another_file_ ? nullptr : &claim;
  const Result<> transferred = co_await transfer();
  claim.source_ended();
  co_await upload_.wait_for_checkpoint();
  if (is_overtaken(transferred)) {
    co_return false;
  }
  const bool arrived_whole = transferred.has_value();
  const bool is_another_file =
      may_be_another_file_ && !arrived_whole && transferred.error().code() == Errc::bad_request;
  // By its digest, or by stored bytes behind a hole that the body has filled.
  const bool is_wrong = !arrived_whole && (transferred.error().code() == Errc::content_mismatch ||
                                           transferred.error().code() == Errc::digest_mismatch);
  if (is_another_file || is_wrong || (counts_whole_ && !arrived_whole)) {
    written_ = RangeSet();
  }
  upload_.tell_of_end(began_at, position_ - first, transferred);
  const Result<bool> finished = co_await settle(arrived_whole);
  if (!finished) {
    upload_.tell_of_end(began_at, 0, fail(finished.error()));
  }
  tools_.metrics.append_seconds.observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  if (!arrived_whole) {
    co_return fail(transferred.error());
  }
  co_return finished;
}

// The last byte of a complete file is withheld: a client that does not know of it sends it again.
Result<> Append::check_offset(bool may_be_ahead) const {
  if (!std::holds_alternative<ContinuesAt>(piece_) && !std::holds_alternative<UpToEnd>(piece_)) {
    return {};
  }
  const model::UploadProgress progress = upload_.progress();
  const std::uint64_t stored = progress.stored.prefix();
  const std::uint64_t told = acknowledged(progress);
  const bool fits =
      position_ == stored || position_ == told || (may_be_ahead && position_ > stored);
  return fits ? Result<>() : fail(offset_mismatch(position_, told));
}

// False when what the upload was as the request came is no longer true: the caller answers with
// what it is now. From here on the range is this request's, so that no other moves the offset.
Result<bool> Append::is_wanted() {
  model::UploadProgress progress = upload_.progress();
  stored_ = std::move(progress.stored);
  if (progress.state != model::UploadState::receiving) {
    return false;
  }
  if (const Result<> placed = check_offset(false); !placed) {
    return fail(placed.error());
  }
  is_size_known_ = progress.file_size.has_value();
  end_ = std::min(end_, progress.file_size.value_or(end_));
  return is_part_ || position_ <= stored_.prefix();
}

// Others can finish the file beside a request: with a repeated piece, which holds no bytes that the
// file still wants, or on another node. Then the request is cut off (not_found), or the store has
// given the bytes away that the piece would be compared with: neither is an answer to it.
bool Append::is_overtaken(const Result<>& transferred) const {
  if (transferred || upload_.state() == model::UploadState::receiving) {
    return false;
  }
  const Errc code = transferred.error().code();
  return code == Errc::not_found || (code == Errc::storage_failed && written_.empty());
}

// Memory is borrowed when there is something to put into it and given back before the next wait: a
// sender that stops holds none.
Task<Result<>> Append::transfer() {
  while (position_ < end_) {
    begins_to_wait();
    const Result<bool> readable = co_await body_.wait_readable_for(
        may_be_another_file_ ? Duration::max() : silence_before_settling(unsettled()));
    goes_on();
    if (!readable) {
      co_return fail(readable.error());
    }
    if (*readable) {
      const std::uint64_t known = known_until();
      const Result<bool> more =
          known > position_ ? co_await compare(known) : co_await receive(new_until());
      if (!more) {
        co_return fail(more.error());
      }
      if (!*more) {
        break;
      }
    }
    if ((!*readable || is_settling_due(unsettled())) && may_settle_early()) {
      if (const Result<bool> settled = co_await settle(false); !settled) {
        co_return fail(settled.error());
      }
    }
  }
  co_return co_await check_end();
}

void Append::begins_to_wait() {
  if (claim_ != nullptr) {
    claim_->begins_to_wait();
  }
}

void Append::goes_on() {
  if (claim_ != nullptr) {
    claim_->goes_on();
  }
}

void Append::wrote(ByteRange bytes) {
  if (written_.empty()) {
    unsettled_since_ = std::chrono::steady_clock::now();
  }
  written_.add(bytes);
  if (claim_ != nullptr) {
    claim_->wrote(bytes, blob_);
  }
}

std::uint64_t Append::known_until() const {
  const std::vector<ByteRange> holes = stored_.missing({position_, end_});
  return holes.empty() ? end_ : holes.front().begin;
}

std::uint64_t Append::new_until() const {
  const std::uint64_t hole = stored_.missing({position_, end_}).front().end;
  const std::uint64_t to_checkpoint =
      limits::checkpoint_bytes - written_.total() % limits::checkpoint_bytes;
  return may_be_another_file_ ? hole : std::min(hole, position_ + to_checkpoint);
}

const std::shared_ptr<store::Blob>& Append::blob() {
  if (!blob_) {
    blob_ = tools_.store.open({upload_.id(), upload_.room(), end_of(stored_)});
  }
  return blob_;
}

Task<Result<bool>> Append::receive(std::uint64_t until) {
  // The last bytes of a file are synced in any case, the last of a piece unless that is deferred.
  const bool settles = until == end_ && !may_be_another_file_ &&
                       (tools_.deferred == nullptr || end_ == upload_.size_bound());
  const store::Received received = co_await blob()->receive(
      {position_, until}, body_, settles ? store::AtEnd::settles : store::AtEnd::goes_on);
  if (received.bytes > 0) {
    upload_.room_taken();
    wrote({position_, position_ + received.bytes});
    position_ += received.bytes;
  }
  if (!received.outcome) {
    co_return fail(received.outcome.error());
  }
  co_return received.bytes > 0;
}

Task<Result<bool>> Append::compare(std::uint64_t until) {
  const Result<runtime::Buffer> buffer = co_await tools_.buffers.acquire(limits::buffer_wait_max);
  if (!buffer) {
    co_return fail(buffer.error());
  }
  const MutableBytes all = buffer->bytes();
  const MutableBytes wanted = all.first(std::min<std::uint64_t>(all.size(), until - position_));
  const Duration patience =
      tools_.buffers.is_scarce() ? Duration::zero() : limits::buffer_fill_patience;
  const Result<std::size_t> count = co_await body_.read(wanted, patience);
  if (!count) {
    co_return fail(count.error());
  }
  const Result<std::size_t> equal = co_await blob()->count_equal(position_, wanted.first(*count));
  if (!equal) {
    co_return fail(equal.error());
  }
  if (*equal < *count) {
    co_return fail(Errc::content_mismatch,
                   fmt::format("the byte at offset {} differs from the one that is stored: "
                               "is this still the same file?",
                               position_ + *equal));
  }
  position_ += *count;
  co_return *count > 0;
}

// Surplus bytes of a ranged piece are ignored (panda-clients 2.5); a whole file, a part and a
// file's end have to end where they end. Of a file of unknown size no byte may be beyond its bound,
// nor of one that goes on behind its size. Of a piece that counts as a whole, or is checked, the
// end is read in any case, which says whether it does.
Task<Result<>> Append::check_end() {
  const bool is_last = std::holds_alternative<UpToEnd>(piece_);
  const bool is_at_bound = !is_size_known_ && position_ == upload_.size_bound();
  const bool fills = is_size_known_ && (is_last || is_exact(piece_));
  const bool may_go_on = std::holds_alternative<ContinuesAt>(piece_) && position_ == end_ &&
                         body_.remaining() != std::uint64_t{0};
  if (!is_at_bound && !fills && !counts_whole_ && !is_checked_ && !may_go_on) {
    co_return Result<>();
  }
  const std::uint64_t begin = is_last ? 0 : wanted_range(piece_, end_).begin;
  const Errc mismatch = is_last ? Errc::size_mismatch : Errc::bad_request;
  const char* const what = is_part_ ? "this part has" : "file_size is";
  const char* const came = is_part_ ? "body" : "file that came";
  if (fills && position_ < end_) {
    co_return fail(mismatch, fmt::format("{} {} bytes, the {} has {}", what, end_ - begin, came,
                                         position_ - begin));
  }
  std::array<std::byte, 1> surplus{};
  const Result<std::size_t> count = co_await body_.read(surplus, limits::body_end_patience);
  if (!count) {
    co_return fail(count.error());
  }
  if (*count != 0 && std::holds_alternative<Range>(piece_) && !is_at_bound) {
    co_return fail(Errc::bad_request,
                   "with a digest the body has to end where its Content-Range does");
  }
  if (*count != 0 && !fills) {
    co_return fail(Errc::file_too_large, fmt::format("File size limit is set to {} bytes", end_));
  }
  if (*count != 0) {
    co_return fail(mismatch, fmt::format("{} {} bytes, the {} has more", what, end_ - begin, came));
  }
  co_return Result<>();
}

bool Append::ends_file() const {
  return std::holds_alternative<UpToEnd>(piece_) ||
         (!is_size_known_ && std::holds_alternative<WholeFile>(piece_));
}

bool Append::may_settle_early() const {
  return !may_be_another_file_ && upload_.keeps_broken_part();
}

Unsettled Append::unsettled() const {
  return {written_.total(), std::chrono::steady_clock::now() - unsettled_since_};
}

// Sync, then commit, then the caller may acknowledge: this order is promise 1. Where syncs are
// deferred, the first comes last, but not for the bytes that complete the file.
Task<Result<bool>> Append::settle(bool may_finish) {
  const bool ends = may_finish && ends_file();
  may_finish = may_finish && !upload_.is_partial();
  // Parts are stored beside each other: whether the file is complete is known to the upload alone.
  const bool finishes = ends || (may_finish && is_complete(upload_.progress()));
  if (written_.empty() && !finishes) {
    co_return false;
  }
  // Each of thousands of parts can break off, and their ranges are written with every piece: beyond
  // some, such a part begins anew.
  if (!may_finish && is_part_ && !upload_.keeps_broken_part()) {
    written_ = RangeSet();
    co_return false;
  }
  if (upload_.is_nameless()) {
    co_return co_await settle_nameless(may_finish);
  }
  bool is_deferred =
      tools_.deferred != nullptr && !written_.empty() && !ends && tools_.deferred->has_room();
  bool deliver = false;
  for (bool is_settled = false; !is_settled;) {
    Result<Settled> durable;
    if (!is_deferred) {
      durable = co_await make_durable(ends);
    }
    if (!durable) {
      co_return fail(durable.error());
    }
    BytesStored event{.ranges = written_,
                      .expires_at = next_expiry(upload_, tools_),
                      .may_finish = may_finish,
                      .now = tools_.clock.now(),
                      .is_deferred = is_deferred,
                      .synced = std::move(durable->synced),
                      .extents = std::move(durable->extents),
                      .file_size = ends ? std::optional(position_) : std::nullopt};
    const Result<Transition> committed =
        co_await commit_bytes(upload_, std::move(event), {{written_, blob_}}, tools_.store);
    if (!committed) {
      co_return fail(committed.error());
    }
    if (is_deferred && committed->changed) {
      tools_.deferred->add(upload_.shared_from_this(), blob());
    }
    deliver = committed->deliver;
    is_settled = !committed->sync_first;
    is_deferred = false;
  }
  settled();
  co_return deliver;
}

// Whether it is a file at all is known only later. The journal hears of it then.
Task<Result<bool>> Append::settle_nameless(bool is_whole) {
  if (is_whole) {
    Result<Settled> durable = co_await make_durable(false);
    if (!durable) {
      co_return fail(durable.error());
    }
    extents_ = std::move(durable->extents);
  }
  co_return false;
}

// Of an earlier request more may have been written than was ever named: it is none of the file.
Task<Result<Settled>> Append::make_durable(bool ends_file) {
  Settled settled;
  if (!written_.empty() || !upload_.progress().unsynced.empty()) {
    Result<Settled> all = co_await settle_all(upload_, *blob(), written_);
    if (!all) {
      co_return fail(all.error());
    }
    settled = *std::move(all);
  }
  if (ends_file && !is_size_known_) {
    const Result<> cut = co_await tools_.store.release_room(upload_.id(), position_);
    if (!cut) {
      co_return fail(cut.error());
    }
  }
  co_return settled;
}

void Append::settled() {
  for (const ByteRange& range : written_.ranges()) {
    stored_.add(range);
  }
  written_ = RangeSet();
}

}  // namespace sluice::upload
