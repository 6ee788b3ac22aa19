// SPDX-License-Identifier: MIT
// The uploads in memory: a cache of the journal in which every upload is at most once. Where the
// journal is shared, what it answers is read again with each find().
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "journal/journal.h"
#include "runtime/event.h"
#include "runtime/task.h"
#include "upload/live_upload.h"

namespace sluice::upload {

// Any worker. Uploads that no one uses stay until there are limits::idle_uploads_cached_max, or
// all together have limits::uploads_cached_bytes_max.
class LiveUploads {
 public:
  LiveUploads(journal::Journal& journal, Admission& admission, Announcer& announcer,
              const Clock& clock);
  ~LiveUploads();

  // From memory, else from the journal. not_found for a token that no upload has. `token` lives
  // until this returns.
  runtime::Task<Result<std::shared_ptr<LiveUpload>>> find(const std::string& token);
  // From memory only; null when it is not there.
  std::shared_ptr<LiveUpload> find_in_memory(const std::string& token);
  std::shared_ptr<LiveUpload> find_in_memory(std::uint64_t upload_id);
  std::vector<std::shared_ptr<const LiveUpload>> all_in_memory() const;
  // A new upload whose record is in the journal. `announced`: of a file without a session.
  std::shared_ptr<LiveUpload> add(model::UploadRecord record,
                                  std::optional<std::uint64_t> announced = {});
  // Its record has been removed from the journal.
  void forget(const std::string& token);

 private:
  using Recency = std::list<std::shared_ptr<LiveUpload>>;

  runtime::Task<Result<>> refresh(LiveUpload& upload);
  std::shared_ptr<LiveUpload> keep(model::UploadRecord record,
                                   std::optional<std::uint64_t> announced = {}) REQUIRES(mutex_);
  void evict() REQUIRES(mutex_);
  void drop(Recency::iterator upload) REQUIRES(mutex_);

  journal::Journal& journal_;
  Admission& admission_;
  Announcer& announcer_;
  const Clock& clock_;
  // Of all uploads in memory.
  const std::shared_ptr<std::atomic<std::uint64_t>> bytes_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  mutable Mutex mutex_;
  Recency recency_ GUARDED_BY(mutex_);  // The most recently used first.
  // The upload's own token.
  std::unordered_map<std::string_view, Recency::iterator> by_token_ GUARDED_BY(mutex_);
  std::unordered_map<std::uint64_t, Recency::iterator> by_id_ GUARDED_BY(mutex_);
  // Uploads being read from the journal, by token; the event is set at the end of the read.
  std::unordered_map<std::string, std::shared_ptr<runtime::Event>> loading_ GUARDED_BY(mutex_);
};

}  // namespace sluice::upload
