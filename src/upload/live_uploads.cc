// SPDX-License-Identifier: MIT
#include "upload/live_uploads.h"

#include <utility>

#include "base/limits.h"

namespace sluice::upload {

using runtime::Task;

LiveUploads::LiveUploads(journal::Journal& journal, Admission& admission, Announcer& announcer)
    : journal_(journal), admission_(admission), announcer_(announcer) {}
LiveUploads::~LiveUploads() = default;

Task<Result<std::shared_ptr<LiveUpload>>> LiveUploads::find(std::string token) {
  std::shared_ptr<runtime::Event> loading;
  for (;;) {
    std::shared_ptr<runtime::Event> loaded;
    {
      const std::scoped_lock lock(mutex_);
      const auto found = entries_.find(token);
      if (found == entries_.end()) {
        loading = std::make_shared<runtime::Event>();
        entries_.emplace(token, Entry{nullptr, loading, recency_.end()});
        break;
      }
      if (found->second.upload) {
        recency_.splice(recency_.begin(), recency_, found->second.recency);
        co_return found->second.upload;
      }
      loaded = found->second.loaded;
    }
    co_await loaded->wait(limits::commit_wait_max);
  }
  auto record = co_await journal_.find_upload(token);
  Result<std::shared_ptr<LiveUpload>> upload = fail(Errc::not_found, "no upload has this location");
  {
    const std::scoped_lock lock(mutex_);
    entries_.erase(token);
    if (!record) {
      upload = fail(record.error());
    } else if (*record) {
      upload = keep_locked(token, std::move(**record));
    }
  }
  loading->set();
  co_return upload;
}

std::shared_ptr<LiveUpload> LiveUploads::find_in_memory(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(token);
  return found == entries_.end() ? nullptr : found->second.upload;
}

std::shared_ptr<LiveUpload> LiveUploads::add(journal::UploadRecord record) {
  const std::string token = record.token;
  const std::scoped_lock lock(mutex_);
  return keep_locked(token, std::move(record));
}

std::shared_ptr<LiveUpload> LiveUploads::replace(journal::UploadRecord record) {
  const std::string token = record.token;
  const std::scoped_lock lock(mutex_);
  forget_locked(token);
  return keep_locked(token, std::move(record));
}

void LiveUploads::forget(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  forget_locked(token);
}

void LiveUploads::forget_locked(const std::string& token) {
  const auto found = entries_.find(token);
  if (found != entries_.end() && found->second.upload) {
    recency_.erase(found->second.recency);
    entries_.erase(found);
  }
}

std::shared_ptr<LiveUpload> LiveUploads::keep_locked(const std::string& token,
                                                     journal::UploadRecord record) {
  auto upload = std::make_shared<LiveUpload>(std::move(record), journal_, admission_, announcer_);
  recency_.push_front(token);
  entries_.insert_or_assign(token, Entry{upload, nullptr, recency_.begin()});
  evict_locked();
  return upload;
}

// Only find() and add() hand out references, under the same mutex: an upload that the cache alone
// holds is held by no one.
void LiveUploads::evict_locked() {
  auto candidate = recency_.end();
  while (recency_.size() > limits::idle_uploads_cached_max && candidate != recency_.begin()) {
    --candidate;
    const auto found = entries_.find(*candidate);
    if (found->second.upload.use_count() == 1) {
      entries_.erase(found);
      candidate = recency_.erase(candidate);
    }
  }
}

}  // namespace sluice::upload
