// SPDX-License-Identifier: MIT
#include "upload/live_uploads.h"

#include <iterator>
#include <utility>

#include "base/limits.h"

namespace sluice::upload {

using runtime::Task;

LiveUploads::LiveUploads(journal::Journal& journal, Admission& admission, Announcer& announcer,
                         const Clock& clock)
    : journal_(journal), admission_(admission), announcer_(announcer), clock_(clock) {}
LiveUploads::~LiveUploads() = default;

Task<Result<std::shared_ptr<LiveUpload>>> LiveUploads::find(const std::string& token) {
  std::shared_ptr<runtime::Event> loaded;
  for (;;) {
    std::shared_ptr<runtime::Event> loading;
    std::shared_ptr<LiveUpload> known;
    {
      const MutexLock lock(mutex_);
      if (const auto found = by_token_.find(token); found != by_token_.end()) {
        recency_.splice(recency_.begin(), recency_, found->second);
        known = *found->second;
        evict();
      } else {
        std::shared_ptr<runtime::Event>& under_way = loading_[token];
        if (!under_way) {
          under_way = loaded = std::make_shared<runtime::Event>();
          break;
        }
        loading = under_way;
      }
    }
    if (known) {
      if (const Result<> current = co_await refresh(*known); !current) {
        co_return fail(current.error());
      }
      co_return known;
    }
    co_await loading->wait(limits::commit_wait_max);
  }
  auto record = co_await journal_.find_upload(token);
  Result<std::shared_ptr<LiveUpload>> upload = fail(Errc::not_found, "no upload has this location");
  {
    const MutexLock lock(mutex_);
    loading_.erase(token);
    if (!record) {
      upload = fail(record.error());
    } else if (*record) {
      upload = keep(std::move(**record));
    }
  }
  loaded->set();
  co_return upload;
}

Task<Result<>> LiveUploads::refresh(LiveUpload& upload) {
  if (!journal_.is_shared()) {
    co_return Result<>();
  }
  Result<> read = co_await upload.refresh();
  if (!read && read.error().code() == Errc::not_found) {
    forget(upload.token());
  }
  co_return read;
}

std::shared_ptr<LiveUpload> LiveUploads::find_in_memory(const std::string& token) {
  const MutexLock lock(mutex_);
  const auto found = by_token_.find(token);
  return found == by_token_.end() ? nullptr : *found->second;
}

std::shared_ptr<LiveUpload> LiveUploads::find_in_memory(std::uint64_t upload_id) {
  const MutexLock lock(mutex_);
  const auto found = by_id_.find(upload_id);
  return found == by_id_.end() ? nullptr : *found->second;
}

std::vector<std::shared_ptr<const LiveUpload>> LiveUploads::all_in_memory() const {
  const MutexLock lock(mutex_);
  return {recency_.begin(), recency_.end()};
}

std::shared_ptr<LiveUpload> LiveUploads::add(model::UploadRecord record,
                                             std::optional<std::uint64_t> announced) {
  const MutexLock lock(mutex_);
  std::shared_ptr<LiveUpload> upload = keep(std::move(record), announced);
  (void)upload->take_elsewhere();
  return upload;
}

void LiveUploads::forget(const std::string& token) {
  const MutexLock lock(mutex_);
  if (const auto found = by_token_.find(token); found != by_token_.end()) {
    drop(found->second);
  }
}

void LiveUploads::drop(Recency::iterator upload) {
  by_token_.erase((*upload)->token());
  by_id_.erase((*upload)->id());
  recency_.erase(upload);
}

std::shared_ptr<LiveUpload> LiveUploads::keep(model::UploadRecord record,
                                              std::optional<std::uint64_t> announced) {
  if (const auto found = by_token_.find(record.token); found != by_token_.end()) {
    return *found->second;
  }
  auto upload = std::make_shared<LiveUpload>(std::move(record), journal_, admission_, announcer_,
                                             clock_, bytes_, announced);
  recency_.push_front(upload);
  by_token_.emplace(upload->token(), recency_.begin());
  by_id_.emplace(upload->id(), recency_.begin());
  evict();
  return upload;
}

// Only find() and add() hand out references, under the same mutex: an upload that the cache alone
// holds is not in use. An upload in use counts as used now, so that a crowd of these is not looked
// through with every call.
void LiveUploads::evict() {
  const auto is_over = [this]() REQUIRES(mutex_) {
    return recency_.size() > limits::idle_uploads_cached_max ||
           *bytes_ > limits::uploads_cached_bytes_max;
  };
  for (std::size_t seen = 0; seen < limits::evictions_at_once_max && is_over(); ++seen) {
    const auto oldest = std::prev(recency_.end());
    if (oldest->use_count() == 1) {
      drop(oldest);
    } else {
      recency_.splice(recency_.begin(), recency_, oldest);
    }
  }
}

}  // namespace sluice::upload
