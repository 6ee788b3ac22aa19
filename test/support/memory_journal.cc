// SPDX-License-Identifier: MIT
#include "support/memory_journal.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace sluice::testing {

using journal::Change;
using model::UploadRecord;
using model::UploadState;
using model::VideoRecord;
using runtime::Task;

namespace {

bool is_at_rest(UploadState state) {
  return state != UploadState::receiving && state != UploadState::received &&
         state != UploadState::delivering;
}

bool has(const std::vector<model::Extent>& extents, const model::Extent& wanted) {
  return std::ranges::find(extents, wanted) != extents.end();
}

}  // namespace

std::vector<UploadRecord> MemoryJournal::select(auto wanted, std::size_t count) const {
  std::vector<UploadRecord> found;
  for (const auto& [id, record] : uploads) {
    if (found.size() < count && wanted(record)) {
      found.push_back(record);
    }
  }
  return found;
}

void MemoryJournal::apply(const Change& change) {
  if (const auto* create = std::get_if<journal::CreateUpload>(&change)) {
    SLUICE_CHECK(uploads.emplace(create->record.id, create->record).second);
    add_extents(create->record.id, create->extents);
  } else if (const auto* use = std::get_if<journal::UseSignature>(&change)) {
    used_signatures.insert(use->digest);
  } else if (const auto* update = std::get_if<journal::UpdateUpload>(&change)) {
    SLUICE_CHECK(uploads.contains(update->id));
    model::UploadRecord& record = uploads[update->id];
    record.progress = update->progress;
    ++record.progress.version;
    record.file_size_max = size_bound(record);
    if (model::is_settled(record.progress)) {
      model::forget_details(record);
    }
    last_update_may_be_lost = update->may_be_lost;
    add_extents(update->id, update->extents);
    if (!record.progress.blob_present) {
      extents_.erase(update->id);
    }
  } else if (const auto* replace = std::get_if<journal::ReplaceExtents>(&change)) {
    std::erase_if(extents_[replace->upload_id],
                  [&](const model::Extent& extent) { return has(replace->old, extent); });
    add_extents(replace->upload_id, replace->made);
  } else if (const auto* remove = std::get_if<journal::RemoveUpload>(&change)) {
    uploads.erase(remove->id);
    extents_.erase(remove->id);
  } else if (const auto* put = std::get_if<journal::PutVideo>(&change)) {
    videos[put->record.id] = put->record;
  } else if (const auto* gone = std::get_if<journal::RemoveVideo>(&change)) {
    videos.erase(gone->id);
  } else if (const auto* add = std::get_if<journal::AddNotification>(&change)) {
    model::Notification added = add->notification;
    added.id = next_notification_id_++;
    notifications.emplace(added.id, std::move(added));
  } else if (const auto* postpone = std::get_if<journal::PostponeNotification>(&change)) {
    const auto found = notifications.find(postpone->id);
    if (found != notifications.end()) {
      found->second.attempts = postpone->attempts;
      found->second.next_attempt_at = postpone->next_attempt_at;
    }
  } else if (const auto* told = std::get_if<journal::RemoveNotification>(&change)) {
    notifications.erase(told->id);
  }
}

void MemoryJournal::add_extents(std::uint64_t upload_id, const std::vector<model::Extent>& added) {
  std::vector<model::Extent>& all = extents_[upload_id];
  std::ranges::move(model::uncovered(added, covered(upload_id)), std::back_inserter(all));
  std::ranges::sort(all, {}, [](const model::Extent& extent) { return extent.range.begin; });
}

RangeSet MemoryJournal::covered(std::uint64_t upload_id) const {
  RangeSet ranges;
  if (const auto found = extents_.find(upload_id); found != extents_.end()) {
    for (const model::Extent& extent : found->second) {
      ranges.add(extent.range);
    }
  }
  return ranges;
}

void MemoryJournal::cover(std::uint64_t upload_id, ByteRange range) {
  add_extents(upload_id, {{range, "an object"}});
}

Result<> MemoryJournal::check_extents(const journal::ReplaceExtents& replace) const {
  const auto found = extents_.find(replace.upload_id);
  const bool are_there = std::ranges::all_of(replace.old, [&](const model::Extent& extent) {
    return found != extents_.end() && has(found->second, extent);
  });
  return are_there && model::cover_the_same(replace.old, replace.made)
             ? Result<>()
             : fail(Errc::conflict, "the upload has other extents");
}

Result<> MemoryJournal::check_version(std::uint64_t id, std::uint64_t version) const {
  const auto found = uploads.find(id);
  const bool is_stale = found != uploads.end() && found->second.progress.version != version;
  return is_stale ? fail(Errc::conflict, "the upload has another version") : Result<>();
}

// One with the same id goes in the same commit.
Result<> MemoryJournal::check_quotas(const journal::CreateUpload& create) const {
  std::uint64_t sessions = 0;
  std::uint64_t bytes = 0;
  const auto count = [&](const UploadRecord& record) {
    const UploadState state = record.progress.state;
    sessions += state == UploadState::receiving ? 1 : 0;
    const bool is_over = model::is_gone(state) || state == UploadState::delivered ||
                         (state == UploadState::refused && !record.progress.blob_present);
    bytes += is_over ? 0 : size_bound(record);
  };
  count(create.record);
  for (const auto& [id, record] : uploads) {
    if (record.owner == create.record.owner && id != create.record.id) {
      count(record);
    }
  }
  if (create.limits.sessions && sessions > *create.limits.sessions) {
    return fail(Errc::too_many_sessions, "too many sessions");
  }
  if (create.limits.bytes && bytes > *create.limits.bytes) {
    return fail(Errc::quota_exceeded, "too many bytes");
  }
  return {};
}

Result<> MemoryJournal::check(const Change& change) const {
  if (refuses_to_sync && std::holds_alternative<journal::SyncJournal>(change)) {
    return fail(Errc::disk_full, "not synced on purpose");
  }
  if (const auto* update = std::get_if<journal::UpdateUpload>(&change)) {
    return uploads.contains(update->id) ? check_version(update->id, update->progress.version)
                                        : fail(Errc::conflict, "the upload is gone");
  }
  if (const auto* replace = std::get_if<journal::ReplaceExtents>(&change)) {
    return check_extents(*replace);
  }
  if (const auto* remove = std::get_if<journal::RemoveUpload>(&change)) {
    if (remove->version && !uploads.contains(remove->id)) {
      return fail(Errc::conflict, "the upload is gone");
    }
    return remove->version ? check_version(remove->id, *remove->version) : Result<>();
  }
  if (const auto* use = std::get_if<journal::UseSignature>(&change)) {
    if (used_signatures.contains(use->digest)) {
      return fail(Errc::not_authorized, "this signature has been used");
    }
  }
  if (const auto* create = std::get_if<journal::CreateUpload>(&change)) {
    return check_quotas(*create);
  }
  return {};
}

bool MemoryJournal::takes_token_of_another(const Change& change,
                                           const std::vector<Change>& beside) const {
  const auto* const create = std::get_if<journal::CreateUpload>(&change);
  return create != nullptr && std::ranges::any_of(uploads, [&](const auto& other) {
           const bool is_removed = std::ranges::any_of(beside, [&](const Change& earlier) {
             const auto* const remove = std::get_if<journal::RemoveUpload>(&earlier);
             return remove != nullptr && remove->id == other.first;
           });
           return other.second.token == create->record.token && !is_removed;
         });
}

Task<Result<>> MemoryJournal::commit(std::vector<Change> changes) {
  if (gate) {
    ++at_gate;
    co_await gate->wait(std::chrono::minutes(1));
  }
  if (failing) {
    co_return fail(Errc::storage_failed, "the journal failed on purpose");
  }
  if (meanwhile) {
    meanwhile();
  }
  if (full || commits_to_refuse-- > 0) {
    co_return fail(Errc::disk_full, "the journal is full on purpose");
  }
  for (const Change& change : changes) {
    if (const Result<> allowed = check(change); !allowed) {
      co_return allowed;
    }
    if (takes_token_of_another(change, changes)) {
      co_return fail(Errc::conflict, "there is an upload with this token already");
    }
  }
  ++commits;
  for (const Change& change : changes) {
    apply(change);
  }
  if (replies_to_lose > 0) {
    --replies_to_lose;
    co_return fail(Errc::storage_failed, "the outcome is unknown on purpose");
  }
  co_return Result<>();
}

Task<Result<std::uint64_t>> MemoryJournal::next_upload_id() {
  co_return next_id_++;
}

Task<Result<journal::Promises>> MemoryJournal::promises() {
  journal::Promises promises;
  for (const auto& [id, record] : uploads) {
    if (record.progress.state != UploadState::receiving) {
      continue;
    }
    ++promises.unfinished_uploads;
    if (record.progress.stored.empty()) {
      const std::uint64_t room = record.progress.file_size.value_or(
          std::min(record.file_size_max, limits::unknown_size_room));
      promises.bytes += room;
      if (!record.owner.empty()) {
        promises.to_owners.push_back({id, record.owner, room});
      }
    }
  }
  co_return promises;
}

Task<Result<std::optional<UploadRecord>>> MemoryJournal::find_upload(std::string token) {
  if (finds_to_fail > 0) {
    --finds_to_fail;
    co_return fail(Errc::storage_failed, "a read failed on purpose");
  }
  auto found = select([&](const UploadRecord& record) { return record.token == token; }, 1);
  std::optional<UploadRecord> result;
  if (!found.empty()) {
    result = std::move(found.front());
  }
  co_return result;
}

Task<Result<std::optional<UploadRecord>>> MemoryJournal::find_upload_by_id(std::uint64_t id) {
  std::optional<UploadRecord> result;
  if (const auto found = uploads.find(id); found != uploads.end()) {
    result = found->second;
  }
  co_return result;
}

Task<Result<std::vector<UploadRecord>>> MemoryJournal::undelivered(std::uint64_t after,
                                                                   std::size_t count) {
  if (reads_to_fail > 0) {
    --reads_to_fail;
    co_return fail(Errc::storage_failed, "a read failed on purpose");
  }
  co_return select(
      [&](const UploadRecord& record) {
        const UploadState state = record.progress.state;
        return record.id > after &&
               (state == UploadState::received || state == UploadState::delivering);
      },
      count);
}

Task<Result<std::vector<UploadRecord>>> MemoryJournal::due(Timestamp now,
                                                           journal::ExpiryPosition after,
                                                           std::size_t count) {
  const auto position = [](const UploadRecord& record) {
    return std::pair(record.progress.expires_at, record.id);
  };
  std::vector<UploadRecord> found = select(
      [&](const UploadRecord& record) {
        const UploadState state = record.progress.state;
        return (state == UploadState::receiving || is_at_rest(state)) &&
               record.progress.expires_at <= now &&
               position(record) > std::pair(after.expires_at, after.id);
      },
      uploads.size());
  std::ranges::sort(found, {}, position);
  found.resize(std::min(found.size(), count));
  co_return found;
}

Task<Result<std::vector<journal::Decided>>> MemoryJournal::decided(journal::Decided after,
                                                                   Timestamp until,
                                                                   std::size_t count) {
  const auto place = [](const journal::Decided& decided) {
    return std::pair(decided.at, decided.id);
  };
  std::vector<journal::Decided> found;
  for (const auto& [id, record] : uploads) {
    const UploadState state = record.progress.state;
    const bool is_kept = state == UploadState::failed || state == UploadState::refused;
    const journal::Decided decided{record.progress.next_attempt_at, id};
    if (is_kept && record.progress.blob_present && place(decided) > place(after) &&
        decided.at < until) {
      found.push_back(decided);
    }
  }
  std::ranges::sort(found, {}, place);
  found.resize(std::min(found.size(), count));
  co_return found;
}

Task<Result<std::vector<UploadRecord>>> MemoryJournal::leftover_blobs(std::uint64_t after,
                                                                      std::size_t count) {
  co_return select(
      [&](const UploadRecord& record) {
        const UploadState state = record.progress.state;
        const bool is_kept = state == UploadState::failed || state == UploadState::refused;
        return is_at_rest(state) && !is_kept && record.progress.blob_present && record.id > after;
      },
      count);
}

Task<Result<std::vector<UploadRecord>>> MemoryJournal::unsynced(std::uint64_t after,
                                                                std::size_t count) {
  co_return select(
      [&](const UploadRecord& record) {
        return record.id > after && record.progress.state == UploadState::receiving &&
               !record.progress.unsynced.empty();
      },
      count);
}

Task<Result<std::vector<UploadRecord>>> MemoryJournal::unmade(std::uint64_t after,
                                                              std::size_t count) {
  co_return select(
      [&](const UploadRecord& record) {
        return record.id > after && record.progress.state == UploadState::receiving &&
               !record.partials.empty();
      },
      count);
}

Task<Result<std::vector<model::Extent>>> MemoryJournal::extents(std::uint64_t upload_id,
                                                                std::uint64_t from,
                                                                std::size_t count) {
  std::vector<model::Extent> page;
  if (const auto found = extents_.find(upload_id); found != extents_.end()) {
    for (const model::Extent& extent : found->second) {
      if (extent.range.end > from && page.size() < count) {
        page.push_back(extent);
      }
    }
  }
  co_return page;
}

Task<Result<std::map<UploadState, std::uint64_t>>> MemoryJournal::upload_counts() {
  std::map<UploadState, std::uint64_t> counts;
  for (const auto& [id, record] : uploads) {
    ++counts[record.progress.state];
  }
  co_return counts;
}

// Of uploads alone.
Task<Result<std::vector<journal::OwnerUsage>>> MemoryJournal::owners(std::size_t count) {
  std::map<std::string, journal::OwnerUsage> usages;
  for (const auto& [id, record] : uploads) {
    journal::OwnerUsage& usage = usages[record.owner];
    usage.owner = record.owner;
    usage.sessions += record.progress.state == UploadState::receiving ? 1 : 0;
    usage.bytes += record.progress.file_size.value_or(0);
    ++usage.records;
  }
  std::vector<journal::OwnerUsage> owners;
  owners.reserve(usages.size());
  for (auto& [name, usage] : usages) {
    owners.push_back(std::move(usage));
  }
  std::ranges::sort(owners, std::greater(), &journal::OwnerUsage::bytes);
  owners.resize(std::min(owners.size(), count));
  co_return owners;
}

Task<Result<std::vector<UploadRecord>>> MemoryJournal::list_uploads(journal::UploadQuery query) {
  const auto is_wanted = [&query](const UploadRecord& record) {
    return (!query.state || record.progress.state == *query.state) &&
           (!query.owner || record.owner == *query.owner);
  };
  if (!query.is_newest_first) {
    co_return select(
        [&](const UploadRecord& record) { return record.id > query.after && is_wanted(record); },
        query.count);
  }
  std::vector<UploadRecord> page;
  const auto end = query.after == 0 ? uploads.end() : uploads.lower_bound(query.after);
  for (auto next = std::make_reverse_iterator(end);
       next != uploads.rend() && page.size() < query.count; ++next) {
    if (is_wanted(next->second)) {
      page.push_back(next->second);
    }
  }
  co_return page;
}

Task<Result<std::optional<VideoRecord>>> MemoryJournal::find_video(std::string id) {
  std::optional<VideoRecord> result;
  if (const auto found = videos.find(id); found != videos.end()) {
    result = found->second;
  }
  co_return result;
}

Task<Result<journal::VideoPage>> MemoryJournal::list_videos(journal::VideoQuery query) {
  journal::VideoPage page;
  std::vector<VideoRecord> matching;
  for (const auto& [id, record] : videos) {
    const bool is_theirs = !query.owner || record.owner == *query.owner;
    const bool is_video = record.status != "deleted" && record.status != "stored";
    const bool wanted = is_theirs && (query.status ? record.status == *query.status : is_video);
    if (wanted) {
      matching.push_back(record);
    }
  }
  std::ranges::sort(matching, std::greater<>(), &VideoRecord::created_at);
  page.total = matching.size();
  for (std::size_t i = query.offset; i < matching.size() && page.records.size() < query.count;
       ++i) {
    page.records.push_back(matching[i]);
  }
  co_return page;
}

Task<Result<std::vector<VideoRecord>>> MemoryJournal::leftover_videos(std::string after,
                                                                      std::size_t count) {
  std::vector<VideoRecord> found;
  for (const auto& [id, record] : videos) {
    if (found.size() < count && record.status == "deleted" && record.source_present && id > after) {
      found.push_back(record);
    }
  }
  co_return found;
}

Task<Result<std::vector<model::Notification>>> MemoryJournal::next_notifications(
    std::size_t count) {
  std::vector<model::Notification> found;
  std::set<std::uint64_t> uploads_seen;
  for (const auto& [id, notification] : notifications) {
    if (uploads_seen.insert(notification.upload_id).second) {
      found.push_back(notification);
    }
  }
  std::ranges::sort(found, {}, [](const model::Notification& notification) {
    return std::pair(notification.next_attempt_at, notification.id);
  });
  found.resize(std::min(found.size(), count));
  co_return found;
}

Task<Result<std::vector<std::uint64_t>>> MemoryJournal::claim(journal::Work work,
                                                              std::vector<std::uint64_t> ids,
                                                              journal::Lease lease) {
  if (claims_to_fail > 0) {
    --claims_to_fail;
    co_return fail(Errc::unavailable, "away on purpose");
  }
  co_return claims_->claim(work, ids, lease, lease_clock.now());
}

Task<Result<>> MemoryJournal::release(journal::Work work, std::vector<std::uint64_t> ids,
                                      std::string node) {
  claims_->release(work, ids, node);
  co_return Result<>();
}

void MemoryJournal::clear() {
  uploads.clear();
  extents_.clear();
  videos.clear();
  notifications.clear();
  used_signatures.clear();
  claims_ = std::make_unique<journal::Claims>();
  next_id_ = 1;
  next_notification_id_ = 1;
}

}  // namespace sluice::testing
