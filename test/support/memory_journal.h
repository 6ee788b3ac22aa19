// SPDX-License-Identifier: MIT
// A journal in memory. A real journal would have made its contents durable.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "journal/claims.h"
#include "journal/journal.h"
#include "runtime/event.h"
#include "support/manual_clock.h"

namespace sluice::testing {

class MemoryJournal final : public journal::Journal {
 public:
  runtime::Task<Result<>> commit(std::vector<journal::Change> changes) override;
  runtime::Task<Result<std::uint64_t>> next_upload_id() override;
  runtime::Task<Result<journal::Promises>> promises() override;
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload(std::string token) override;
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload_by_id(
      std::uint64_t id) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> undelivered(std::uint64_t after,
                                                                      std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> due(Timestamp now,
                                                              journal::ExpiryPosition after,
                                                              std::size_t count) override;
  runtime::Task<Result<std::vector<journal::Decided>>> decided(journal::Decided after,
                                                               Timestamp until,
                                                               std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> leftover_blobs(
      std::uint64_t after, std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> unsynced(std::uint64_t after,
                                                                   std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> unmade(std::uint64_t after,
                                                                 std::size_t count) override;
  runtime::Task<Result<std::vector<model::Extent>>> extents(std::uint64_t upload_id,
                                                            std::uint64_t from,
                                                            std::size_t count) override;
  runtime::Task<Result<std::map<model::UploadState, std::uint64_t>>> upload_counts() override;
  runtime::Task<Result<std::vector<journal::OwnerUsage>>> owners(std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> list_uploads(
      journal::UploadQuery query) override;
  runtime::Task<Result<std::optional<model::VideoRecord>>> find_video(std::string id) override;
  runtime::Task<Result<journal::VideoPage>> list_videos(journal::VideoQuery query) override;
  runtime::Task<Result<std::vector<model::VideoRecord>>> leftover_videos(
      std::string after, std::size_t count) override;
  runtime::Task<Result<std::vector<model::Notification>>> next_notifications(
      std::size_t count) override;
  runtime::Task<Result<std::vector<std::uint64_t>>> claim(journal::Work work,
                                                          std::vector<std::uint64_t> ids,
                                                          journal::Lease lease) override;
  runtime::Task<Result<>> release(journal::Work work, std::vector<std::uint64_t> ids,
                                  std::string node) override;
  bool is_shared() const noexcept override { return shared; }
  journal::Signals* signals() noexcept override { return told_by; }
  bool healthy() const noexcept override { return !failing; }

  // Removes every record; upload ids begin at 1 again.
  void clear();
  const std::vector<model::Extent>& extents_of(std::uint64_t upload_id) {
    return extents_[upload_id];
  }
  // The bytes of the upload that have an extent.
  RangeSet covered(std::uint64_t upload_id) const;
  // As if an earlier change had named an extent of these bytes.
  void cover(std::uint64_t upload_id, ByteRange range);

  std::map<std::uint64_t, model::UploadRecord> uploads;
  std::map<std::string, model::VideoRecord> videos;
  std::map<std::uint64_t, model::Notification> notifications;
  ManualClock lease_clock;
  std::set<std::string> used_signatures;
  std::size_t commits = 0;
  bool failing = false;
  std::shared_ptr<runtime::Event> gate;  // Commits wait for it, if set.
  std::size_t at_gate = 0;
  int reads_to_fail = 0;  // The next so many reads of a page fail.
  int claims_to_fail = 0;
  int finds_to_fail = 0;      // The next so many searches for a token fail.
  bool full = false;          // Refuses every change and stays healthy.
  int commits_to_refuse = 0;  // The next so many fail as when it is full.
  int replies_to_lose = 0;    // The next so many are made, and said to have failed.
  bool refuses_to_sync = false;
  bool shared = false;
  journal::Signals* told_by = nullptr;
  std::function<void()> meanwhile;  // Called at the beginning of each commit.
  bool last_update_may_be_lost = false;

 private:
  std::vector<model::UploadRecord> select(auto wanted, std::size_t count) const;
  Result<> check_quotas(const journal::CreateUpload& create) const;
  Result<> check(const journal::Change& change) const;
  bool takes_token_of_another(const journal::Change& change,
                              const std::vector<journal::Change>& beside) const;
  Result<> check_version(std::uint64_t id, std::uint64_t version) const;
  void apply(const journal::Change& change);
  void add_extents(std::uint64_t upload_id, const std::vector<model::Extent>& added);
  Result<> check_extents(const journal::ReplaceExtents& replace) const;

  std::map<std::uint64_t, std::vector<model::Extent>> extents_;  // Of an upload: in order.
  std::unique_ptr<journal::Claims> claims_ = std::make_unique<journal::Claims>();
  std::uint64_t next_id_ = 1;
  std::uint64_t next_notification_id_ = 1;
};

}  // namespace sluice::testing
