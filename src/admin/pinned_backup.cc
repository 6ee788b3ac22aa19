// SPDX-License-Identifier: MIT
#include "admin/pinned_backup.h"

#include "store/directory_lock.h"

namespace sluice::admin {

using runtime::Task;

// One call at a time has the disk's pins; the others are refused.
class PinnedBackup::Turn {
 public:
  explicit Turn(std::atomic<bool>& busy) : busy_(busy), has_it_(!busy.exchange(true)) {}
  ~Turn() {
    if (has_it_) {
      busy_ = false;
    }
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool has_it() const noexcept { return has_it_; }

 private:
  std::atomic<bool>& busy_;
  const bool has_it_;
};

namespace {

Error busy_error() {
  return Error(Errc::overloaded, "another backup begins or ends: try again");
}

}  // namespace

Task<Result<>> PinnedBackup::begin() {
  if (journal_ == nullptr) {
    co_return fail(Errc::bad_request,
                   "the journal is in PostgreSQL and the bytes are in an object store: back both "
                   "up with their own tools, the database first (docs/cluster.md)");
  }
  const Turn turn(busy_);
  if (!turn.has_it()) {
    co_return fail(busy_error());
  }
  auto prepare = [this] { return disk_.begin(); };
  Result<> done = co_await runtime::offload(pool_, std::move(prepare));
  if (done) {
    done = co_await journal_->copy_to(disk_.pins() + "/journal.sqlite");
  }
  if (done) {
    auto pin = [this] { return disk_.pin_all(); };
    done = co_await runtime::offload(pool_, std::move(pin));
  }
  if (!done) {
    log_.error("a backup could not begin", {{"reason", done.error().message()}});
    auto undo = [this] { return disk_.end(); };
    (void)co_await runtime::offload(pool_, std::move(undo));
  }
  co_return done;
}

Task<Result<>> PinnedBackup::end() {
  const Turn turn(busy_);
  if (!turn.has_it()) {
    co_return fail(busy_error());
  }
  if (!disk_.is_pinning()) {
    co_return fail(Errc::bad_request, "no backup is under way: the server was started anew");
  }
  auto work = [this] { return disk_.end(); };
  co_return co_await runtime::offload(pool_, std::move(work));
}

Task<> PinnedBackup::end_abandoned() {
  if (!disk_.is_pinning()) {
    co_return;
  }
  // The turn of a command that lives is not disputed.
  auto look = [this]() -> Result<bool> { return !store::DirectoryLock::take(directory_); };
  if (const Result<bool> is_held = co_await runtime::offload(pool_, std::move(look)); *is_held) {
    co_return;
  }
  const Turn turn(busy_);
  if (!turn.has_it()) {
    co_return;
  }
  auto work = [this]() -> Result<bool> {
    // Once more: another command may have begun.
    if (!store::DirectoryLock::take(directory_)) {
      return false;
    }
    const Result<> ended = disk_.end();
    return ended ? Result<bool>(true) : fail(ended.error());
  };
  const Result<bool> ended = co_await runtime::offload(pool_, std::move(work));
  if (!ended) {
    log_.warn("what a dead backup has left was not removed", {{"reason", ended.error().message()}});
  } else if (*ended) {
    log_.warn("a backup came to no end: its command has died");
  }
}

}  // namespace sluice::admin
