// SPDX-License-Identifier: MIT
#include "upload/append.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "upload/checkpoint.h"
#include "upload/fast_body.h"

namespace sluice::upload {

using runtime::Task;

namespace {

Error no_memory() {
  return Error(Errc::overloaded, "no memory for this request at the moment");
}

bool is_of_store(Errc code) {
  return code == Errc::storage_failed || code == Errc::disk_full;
}

}  // namespace

Append::Append(LiveUpload& upload, const AppendTools& tools, const Piece& piece,
               runtime::ByteSource& body)
    : upload_(upload),
      tools_(tools),
      piece_(piece),
      body_(body),
      position_(piece.begin),
      end_(std::min(piece.end.value_or(upload.file_size()), upload.file_size())),
      may_be_another_file_(piece.size_unknown || (piece.is_exact() && !body.remaining())),
      deferred_(tools.deferred) {}

Task<Result<bool>> Append::run() {
  const auto began = std::chrono::steady_clock::now();
  Claim claim(upload_, {position_, end_}, body_);
  const Result<std::size_t> acquired = co_await claim.acquire();
  if (!acquired) {
    co_return fail(acquired.error());
  }
  tools_.metrics.takeovers.add(*acquired);
  if (!is_wanted()) {
    co_return false;
  }
  if (comes_at_once()) {
    deferred_ = nullptr;
  }
  if (may_be_another_file_ || upload_.has_loose_end()) {
    if (const Result<> closed = co_await close_end(); !closed) {
      co_return fail(closed.error());
    }
  }
  claim_ = may_be_another_file_ ? nullptr : &claim;
  const Result<> transferred = co_await transfer();
  claim.source_ended();
  co_await upload_.wait_for_checkpoint();
  if (is_overtaken(transferred)) {
    co_return false;
  }
  if (!transferred && is_of_store(transferred.error().code())) {
    upload_.loosen_end();
  }

  const bool arrived_whole = transferred.has_value();
  const bool is_another_file =
      may_be_another_file_ && !arrived_whole && transferred.error().code() == Errc::bad_request;
  if (is_another_file) {
    written_ = RangeSet();
  }
  const Result<bool> finished = co_await settle(arrived_whole);
  tools_.metrics.append_seconds.observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  if (!arrived_whole) {
    co_return fail(transferred.error());
  }
  co_return finished;
}

// A small file that comes whole is committed when it is complete, and needs nothing before.
bool Append::comes_at_once() const {
  return stored_.empty() && position_ == 0 && end_ == upload_.file_size() &&
         end_ <= limits::stream_bytes_max && !upload_.shared_blob();
}

Task<Result<std::uint64_t>> Append::run_to_end() {
  if (const Result<> transferred = co_await transfer(); !transferred) {
    co_return fail(transferred.error());
  }
  if (blob_) {
    if (const Result<> synced = co_await blob_->sync(); !synced) {
      co_return fail(synced.error());
    }
  }
  co_return position_;
}

// False when what the upload was as the request came is no longer true: the caller answers with
// what it is now.
bool Append::is_wanted() {
  journal::UploadProgress progress = upload_.progress();
  stored_ = std::move(progress.stored);
  const bool leaves_gap = !piece_.part && position_ > stored_.prefix();
  return progress.state == journal::UploadState::receiving && !leaves_gap;
}

// A repeated piece holds no bytes that the file still wants, so others can finish the file beside
// it. Then the store has given the bytes away that it would be compared with, or they are being
// removed and the piece was cut off for that: neither is an answer to it.
bool Append::is_overtaken(const Result<>& transferred) const {
  if (transferred || !written_.empty()) {
    return false;
  }
  const Errc code = transferred.error().code();
  return (code == Errc::storage_failed || code == Errc::not_found) &&
         upload_.state() != journal::UploadState::receiving;
}

// A buffer is borrowed when there is something to put into it and given back before the next wait:
// a sender that stops holds none.
Task<Result<>> Append::transfer() {
  while (position_ < end_) {
    begins_to_wait();
    const Result<> readable = co_await body_.wait_readable();
    goes_on();
    if (!readable) {
      co_return fail(readable.error());
    }
    const Result<bool> more = co_await transfer_one_buffer();
    if (!more) {
      co_return fail(more.error());
    }
    if (!*more) {
      break;
    }
    if (is_checkpoint_due()) {
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
  written_.add(bytes);
  if (claim_ != nullptr) {
    claim_->wrote(bytes, blob_, deferred_ != nullptr);
  }
}

// False at the end of the body.
Task<Result<bool>> Append::transfer_one_buffer() {
  const bool is_trial = begins_with_trial();
  const bool is_small = is_trial && pace_ == Pace::slow;
  runtime::BufferPool& pool = is_small ? tools_.trial_buffers : tools_.buffers;
  runtime::Buffer buffer = co_await pool.acquire(limits::buffer_wait_max);
  if (!buffer) {
    co_return fail(no_memory());
  }
  const MutableBytes all = buffer.bytes();
  const MutableBytes wanted = wanted_part(is_trial ? all.first(limits::trial_bytes) : all);
  const Duration patience = pool.is_scarce() ? Duration::zero() : limits::buffer_fill_patience;
  const Result<std::size_t> count = co_await body_.read(wanted, patience);
  if (!count) {
    co_return fail(count.error());
  }
  if (*count == 0) {
    co_return false;
  }
  if (*count == wanted.size()) {
    if (const std::uint64_t until = new_until(); until >= position_ + *count) {
      if (is_small) {
        runtime::Buffer large = co_await tools_.buffers.acquire(limits::buffer_wait_max);
        if (!large) {
          co_return fail(no_memory());
        }
        std::ranges::copy(wanted, large.bytes().begin());
        buffer = std::move(large);
      }
      if (const Result<> streamed = co_await stream(buffer.bytes(), *count, until); !streamed) {
        co_return fail(streamed.error());
      }
      co_return true;
    }
  }
  pace_ = *count <= limits::trial_bytes ? Pace::slow : Pace::steady;
  const MutableBytes scratch = buffer.bytes().subspan(wanted.size());
  if (const Result<> taken = co_await take(wanted.first(*count), scratch); !taken) {
    co_return fail(taken.error());
  }
  co_return true;
}

// Of a large rest no more is read than tells a fast sender: a storage thread has better ways to
// take what follows, and a slow one does not bring more at once.
bool Append::begins_with_trial() const {
  return pace_ != Pace::steady && end_ - position_ >= limits::large_rest_bytes &&
         new_until() >= position_ + limits::trial_bytes;
}

// Where stored bytes are to be compared, half of the buffer stays free for them.
MutableBytes Append::wanted_part(MutableBytes buffer) const {
  const ByteRange all{position_, std::min(end_, position_ + buffer.size())};
  const std::vector<ByteRange> holes = stored_.missing(all);
  const bool nothing_to_compare = holes.size() == 1 && holes.front() == all;
  const std::uint64_t room = nothing_to_compare ? buffer.size() : buffer.size() / 2;
  return buffer.first(std::min(all.size(), room));
}

std::uint64_t Append::new_until() const {
  const std::vector<ByteRange> holes = stored_.missing({position_, end_});
  return !holes.empty() && holes.front().begin == position_ ? holes.front().end : position_;
}

// A sender that fills buffers at once is received by the thread that writes.
Task<Result<>> Append::stream(MutableBytes buffer, std::size_t count, std::uint64_t until) {
  const std::uint64_t checkpoint =
      may_be_another_file_ ? until : position_ + limits::checkpoint_bytes - written_.total();
  const std::uint64_t stop_at = std::min({until, checkpoint, position_ + limits::stream_bytes_max});
  // The sync that settle() will ask for is done by the same thread: one way there and back.
  const bool is_synced_later = may_be_another_file_ || deferred_ != nullptr;
  const std::uint64_t sync_at = is_synced_later ? 0 : end_;
  if (deferred_ != nullptr) {
    if (const Result<> opened = co_await open_blob(); !opened) {
      co_return fail(opened.error());
    }
  }
  const ByteRange rest{std::min(stop_at, position_ + count), stop_at};
  FastBody fast(body_, rest);
  store::Blob::Stream stream{
      .offset = position_,
      .buffer = buffer,
      .count = count,
      .sync_at = sync_at,
  };
  if (!rest.empty()) {
    stream.refill = [&fast](MutableBytes free) { return fast.read(free); };
    stream.move = [&fast](runtime::Pipe& pipe) { return fast.move(pipe); };
  }
  store::Blob::Streamed streamed;
  if (blob_) {
    streamed = co_await blob_->stream(std::move(stream));
  } else {
    auto opened = co_await tools_.store.open_and_stream(upload_.id(), upload_.file_size(),
                                                        end_of(stored_), std::move(stream));
    if (!opened) {
      co_return fail(opened.error());
    }
    streamed = std::move(opened->streamed);
    blob_ = std::move(opened->blob);
    upload_.room_taken();
  }
  pace_ = fast.is_fast() ? Pace::fast : Pace::steady;
  if (streamed.bytes > 0) {
    wrote({position_, position_ + streamed.bytes});
  }
  position_ += streamed.bytes;
  co_return streamed.outcome;
}

Task<Result<>> Append::open_blob() {
  if (!blob_ && deferred_ != nullptr) {
    blob_ = upload_.shared_blob();
  }
  if (!blob_) {
    auto opened = co_await tools_.store.open(upload_.id(), upload_.file_size(), end_of(stored_));
    if (!opened) {
      co_return fail(opened.error());
    }
    blob_ = std::move(*opened);
    if (deferred_ != nullptr) {
      blob_ = upload_.share(std::move(blob_));
    }
    upload_.room_taken();
  }
  co_return Result<>();
}

// Bytes that are stored already are compared, the others written.
Task<Result<>> Append::take(Bytes bytes, MutableBytes scratch) {
  if (const Result<> opened = co_await open_blob(); !opened) {
    co_return fail(opened.error());
  }
  const ByteRange range{position_, position_ + bytes.size()};
  std::uint64_t at = range.begin;
  for (const ByteRange& hole : stored_.missing(range)) {
    const Bytes known = bytes.subspan(at - range.begin, hole.begin - at);
    if (const Result<> same = co_await compare(at, known, scratch); !same) {
      co_return fail(same.error());
    }
    const Result<> written =
        co_await blob_->write(hole.begin, bytes.subspan(hole.begin - range.begin, hole.size()));
    if (!written) {
      co_return fail(written.error());
    }
    wrote(hole);
    at = hole.end;
  }
  if (const Result<> same = co_await compare(at, bytes.subspan(at - range.begin), scratch); !same) {
    co_return fail(same.error());
  }
  position_ = range.end;
  co_return Result<>();
}

Task<Result<>> Append::compare(std::uint64_t offset, Bytes bytes, MutableBytes scratch) {
  if (bytes.empty()) {
    co_return Result<>();
  }
  const MutableBytes stored = scratch.first(bytes.size());
  const Result<std::size_t> count = co_await blob_->read(offset, stored);
  if (!count) {
    co_return fail(count.error());
  }
  if (*count != stored.size()) {
    co_return fail(Errc::storage_failed, "the store has lost bytes of this upload");
  }
  const auto [theirs, ours] = std::ranges::mismatch(bytes, stored);
  if (theirs != bytes.end()) {
    const auto at = offset + static_cast<std::uint64_t>(theirs - bytes.begin());
    co_return fail(Errc::content_mismatch,
                   fmt::format("the byte at offset {} differs from the one that is stored: "
                               "is this still the same file?",
                               at));
  }
  co_return Result<>();
}

// Surplus bytes of a ranged piece are ignored (panda-clients 2.5); a whole file and a part have to
// end where they end.
Task<Result<>> Append::check_end() {
  if (!piece_.is_exact() && !piece_.size_unknown) {
    co_return Result<>();
  }
  const std::uint64_t size = end_ - piece_.begin;
  const char* const what = piece_.part ? "this part has" : "file_size is";
  const char* const came = piece_.part ? "body" : "file that came";
  if (position_ < end_ && piece_.is_exact()) {
    co_return fail(Errc::bad_request, fmt::format("{} {} bytes, the {} has {}", what, size, came,
                                                  position_ - piece_.begin));
  }
  std::array<std::byte, 1> surplus{};
  const Result<std::size_t> count = co_await body_.read(surplus, limits::body_end_patience);
  if (!count) {
    co_return fail(count.error());
  }
  if (*count != 0 && piece_.size_unknown) {
    co_return fail(Errc::file_too_large, fmt::format("File size limit is set to {} bytes", size));
  }
  if (*count != 0) {
    co_return fail(Errc::bad_request,
                   fmt::format("{} {} bytes, the {} has more", what, size, came));
  }
  co_return Result<>();
}

bool Append::is_checkpoint_due() const {
  const std::uint64_t bytes = written_.total();
  const auto age = std::chrono::steady_clock::now() - settled_at_;
  const bool is_long =
      bytes >= limits::checkpoint_bytes ||
      (bytes >= limits::checkpoint_bytes_least && age >= limits::checkpoint_interval);
  return is_long && !may_be_another_file_ && upload_.keeps_broken_part();
}

Task<Result<RangeSet>> Append::sync_all() {
  if (const Result<> opened = co_await open_blob(); !opened) {
    co_return fail(opened.error());
  }
  const bool shares_blob = deferred_ != nullptr && !written_.empty();
  co_return co_await sync_written(upload_, *blob_, shares_blob, tools_);
}

// Only where it does, a later process can tell by it what came.
Task<Result<bool>> Append::ends_the_blob() {
  RangeSet all = upload_.progress().stored;
  for (const ByteRange& range : written_.ranges()) {
    all.add(range);
  }
  if (upload_.has_layout() || all.total() != all.prefix()) {
    co_return false;
  }
  const Result<std::uint64_t> size = co_await tools_.store.size(upload_.id());
  if (!size) {
    co_return fail(size.error());
  }
  co_return *size == all.prefix();
}

// Before bytes come that need not be those that the blob holds already.
Task<Result<>> Append::close_end() {
  if (!upload_.progress().open_ended) {
    co_return Result<>();
  }
  EndClosed event;
  const Result<Transition> committed = co_await upload_.commit(event);
  if (!committed) {
    co_return fail(committed.error());
  }
  co_return Result<>();
}

// Sync, then commit, then the caller may acknowledge: this order is promise 1. Where syncs are
// deferred, the first comes last, but not for the bytes that complete the file.
Task<Result<bool>> Append::settle(bool may_finish) {
  // Parts are stored beside each other: whether the file is complete is known to the upload alone.
  const bool finishes = may_finish && is_complete(upload_.progress(), upload_.file_size());
  if (written_.empty() && !finishes) {
    co_return false;
  }
  // Each of thousands of parts can break off, and their ranges are written with every piece: beyond
  // some, such a part begins anew.
  if (!may_finish && piece_.part && !upload_.keeps_broken_part()) {
    written_ = RangeSet();
    co_return false;
  }
  const Timestamp expires_at = next_expiry(upload_, tools_);
  bool is_deferred = deferred_ != nullptr && !written_.empty() && deferred_->has_room();
  if (is_deferred && !finishes && upload_.extend(written_, expires_at)) {
    deferred_->add(upload_.shared_from_this(), blob_);
    settled();
    co_return false;
  }
  bool deliver = false;
  for (bool is_settled = false; !is_settled;) {
    RangeSet synced_too;
    if (!is_deferred && (!written_.empty() || upload_.has_unsynced())) {
      Result<RangeSet> synced = co_await sync_all();
      if (!synced) {
        co_return fail(synced.error());
      }
      synced_too = *std::move(synced);
    }
    bool opens_end = false;
    if (is_deferred) {
      const Result<bool> ends_the_blob = co_await this->ends_the_blob();
      if (!ends_the_blob) {
        co_return fail(ends_the_blob.error());
      }
      opens_end = *ends_the_blob;
    }
    BytesStored event{written_,           expires_at,  may_finish,
                      tools_.clock.now(), is_deferred, std::move(synced_too),
                      opens_end};
    const Result<Transition> committed = co_await upload_.commit(std::move(event));
    if (!committed) {
      co_return fail(committed.error());
    }
    if (is_deferred && committed->changed) {
      deferred_->add(upload_.shared_from_this(), blob_);
    }
    deliver = committed->deliver;
    is_settled = !committed->sync_first;
    is_deferred = false;
  }
  settled();
  co_return deliver;
}

void Append::settled() {
  for (const ByteRange& range : written_.ranges()) {
    stored_.add(range);
  }
  written_ = RangeSet();
  settled_at_ = std::chrono::steady_clock::now();
}

}  // namespace sluice::upload
