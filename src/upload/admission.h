// SPDX-License-Identifier: MIT
// Whether a new upload may begin: not beside too many others, and the room for its whole file is
// promised to it before a byte flows, and to no other upload.
//
// An upload's room is accounted for in two ways, one after the other. From its creation it is part
// of the sum that is kept here. When its blob is made, the file system sets the room aside
// (`fallocate`), free space shrinks by it, and it leaves the sum. An upload that ends before it had
// a blob leaves the sum then. So a blob's further life need not be followed: the file system knows
// the room that it occupies.
//
// Of a file of unknown size a small room is promised, until its size comes or its bytes: these find
// the disk full, or not.
//
// After a restart the sum is the journal's: the uploads of which nothing is stored. The blob of one
// whose first bytes never became durable may be there already; its room is then counted twice until
// the upload goes on or ends, which refuses too much rather than too little.
//
// Where the room of one client may be at the cost of another (NewUpload::room_of), a client's
// unfinished uploads have a part of the room and no more, with blobs or without. Of what was let in
// before a restart the promises count for the owners that the journal knows. Those of clients that
// are addresses count for no client, and neither does what the disk has set aside by then.
//
// One mark, not two: an admitted upload has all of its room, so letting in the next small file
// right after a refusal starts nothing that could not end, and there is nothing to calm down.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/changeable.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mutex.h"
#include "journal/journal.h"
#include "model/upload.h"
#include "runtime/task.h"
#include "store/store.h"
#include "upload/upload.h"

namespace sluice::upload {

struct AdmissionSettings {
  std::uint64_t file_size_max = 0;                  // Bytes.
  std::uint64_t low_water_bytes = 0;                // So much stays free on the disk.
  std::uint64_t uploads_max = limits::uploads_max;  // Unfinished ones.
  std::uint64_t room_share = 100;                   // Percent, of one client.
};

// The room that is promised for a file: of its size, while that is not known of what is announced,
// else of no more than limits::unknown_size_room.
std::uint64_t room_for(std::optional<std::uint64_t> file_size,
                       std::optional<std::uint64_t> announced,
                       std::uint64_t file_size_max) noexcept;

// Whether the sum holds the room of an upload in this state, unless it has a blob: the condition of
// journal::Promises::bytes.
bool is_promised(const model::UploadProgress& progress) noexcept;

// Any thread.
class Admission {
 public:
  // `before`: the promises of earlier processes.
  Admission(store::Store& store, AdmissionSettings settings, const journal::Promises& before);

  // Uploads that were admitted before stay. Any thread.
  void change(const AdmissionSettings& settings) { settings_.replace(settings); }

  // Promises room for the file of the upload that will have this id. file_too_large with the limit,
  // overloaded when there are too many unfinished uploads, disk_full when the file does not fit
  // beside the low mark and what is promised to others, or into its client's share, or when the
  // file system can hardly make a file more. `upload` lives until this returns.
  runtime::Task<Result<>> admit(const NewUpload& upload, std::uint64_t upload_id);
  // The admitted upload was not created.
  void withdraw(std::uint64_t upload_id, std::uint64_t room);
  // The upload has left `receiving`. Once for each upload.
  void ended(std::uint64_t upload_id);

  // The size of a promised upload has become known.
  void resized(std::uint64_t upload_id, std::uint64_t room_before, std::uint64_t room);
  // The upload has a blob with its room. REQUIRES: it is promised. May be repeated.
  void allocated(std::uint64_t upload_id, std::uint64_t room);
  // The upload has lost its bytes, not its blob: it is promised again, as it was. REQUIRES: it is
  // not promised.
  void emptied(std::uint64_t upload_id);
  // The upload is promised no longer.
  void fulfilled(std::uint64_t upload_id, std::uint64_t room);

  // What all engines that share the journal have promised, as it says now.
  void renew(const journal::Promises& now);

  std::uint64_t promised_bytes() const;

 private:
  // The room of one client's unfinished uploads; a part of it is set aside on the disk.
  struct Share {
    std::uint64_t bytes = 0;
    std::uint64_t allocated_bytes = 0;
  };
  struct Sharer {
    std::string client;
    std::uint64_t bytes = 0;
    bool is_allocated = false;
  };

  void take(const journal::Promises& promises) REQUIRES(mutex_);
  Result<> count_one();
  runtime::Task<Result<>> promise(const NewUpload& upload, std::uint64_t room,
                                  std::uint64_t upload_id);
  // Unset when it is promised; else why not, in words for the client.
  std::optional<std::string> try_promise(const NewUpload& upload, std::uint64_t room,
                                         std::uint64_t upload_id) REQUIRES(mutex_);
  void join_share(std::uint64_t upload_id, const std::string& client, std::uint64_t bytes)
      REQUIRES(mutex_);
  bool exceeds_share(const std::string& client, std::uint64_t room_wanted) const REQUIRES(mutex_);
  void leave_share(std::uint64_t upload_id) REQUIRES(mutex_);
  bool lacks_files() const REQUIRES(mutex_);
  std::uint64_t available() const REQUIRES(mutex_);
  std::uint64_t usable() const REQUIRES(mutex_);
  runtime::Task<Result<>> measure();

  store::Store& store_;
  Changeable<AdmissionSettings> settings_;
  mutable Mutex mutex_;
  std::chrono::steady_clock::time_point known_until_ GUARDED_BY(mutex_);
  std::uint64_t free_bytes_ GUARDED_BY(mutex_) = 0;  // When it was measured.
  // The same; without a number there is no bound.
  std::optional<std::uint64_t> free_files_ GUARDED_BY(mutex_);
  std::uint64_t promised_bytes_ GUARDED_BY(mutex_) = 0;
  std::uint64_t unfinished_uploads_ GUARDED_BY(mutex_) = 0;
  std::uint64_t allocated_bytes_ GUARDED_BY(mutex_) = 0;  // By all blobs made in this process.
  // Of these, what the measurement knows for sure.
  std::uint64_t allocated_measured_ GUARDED_BY(mutex_) = 0;
  // Uploads that are promised and have a blob.
  std::unordered_set<std::uint64_t> allocated_ GUARDED_BY(mutex_);
  // Of clients that have shares: by client, and by upload.
  std::unordered_map<std::string, Share> shares_ GUARDED_BY(mutex_);
  std::unordered_map<std::uint64_t, Sharer> sharers_ GUARDED_BY(mutex_);
};

}  // namespace sluice::upload
