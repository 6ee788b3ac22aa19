// SPDX-License-Identifier: MIT
#include "admin/location_moves.h"

#include <utility>

#include "base/limits.h"
#include "config/setting_types.h"

namespace sluice::admin {

LocationMoves::LocationMoves(protocol::LocationBase& base, runtime::Disk& disk,
                             runtime::BlockingPool& pool, const std::string& directory, Log& log)
    : base_(base),
      disk_(disk),
      pool_(pool),
      log_(log),
      directory_(directory),
      file_(directory + "/location"),
      configured_(base.url()) {}

Result<> LocationMoves::restore() {
  const Result<bool> there = disk_.exists(file_);
  if (!there || !*there) {
    return there ? Result<>() : fail(there.error());
  }
  const auto file = disk_.open(file_, runtime::OpenMode::read_only);
  if (!file) {
    return fail(file.error());
  }
  std::string text(limits::target_bytes_max, '\0');
  const Result<std::size_t> size = (*file)->read_at(0, std::as_writable_bytes(std::span(text)));
  if (!size) {
    return fail(size.error());
  }
  text.resize(*size);
  const config::Parsed<std::string> url = config::BaseUrl::parse(text.substr(0, text.find('\n')));
  if (!url || url->empty()) {
    return fail(Errc::storage_failed, file_ + ": " + (url ? "is empty" : url.error()));
  }
  base_.set(*url);
  log_.info("locations stay moved", {{"to", *url}, {"file", file_}});
  return {};
}

runtime::Task<Result<>> LocationMoves::move(std::string url) {
  config::Parsed<std::string> parsed = config::BaseUrl::parse(url);
  if (!parsed) {
    co_return fail(Errc::bad_request, parsed.error());
  }
  auto work = [this, &parsed] { return move_now(*parsed); };
  co_return co_await runtime::offload(pool_, std::move(work));
}

Result<> LocationMoves::move_now(const std::string& url) {
  const MutexLock lock(mutex_);
  Result<> kept = url.empty() ? disk_.remove(file_) : write(url);
  if (kept) {
    kept = disk_.sync_directory(directory_);
  }
  if (kept) {
    base_.set(url.empty() ? configured_ : url);
    log_.info("locations moved", {{"to", base_.url()}});
  }
  return kept;
}

// Beside the file and then over it: a crash leaves the old line or the new one.
Result<> LocationMoves::write(const std::string& url) {
  const std::string beside = file_ + ".new";
  if (Result<> removed = disk_.remove(beside); !removed) {
    return removed;
  }
  const auto file = disk_.open(beside, runtime::OpenMode::create);
  if (!file) {
    return fail(file.error());
  }
  if (Result<> written = (*file)->write_at(0, as_bytes(url + "\n")); !written) {
    return written;
  }
  if (Result<> synced = (*file)->sync(); !synced) {
    return synced;
  }
  return disk_.rename(beside, file_);
}

}  // namespace sluice::admin
