// SPDX-License-Identifier: MIT
#include "journal/postgres/change_queries.h"

#include <cstdint>
#include <utility>
#include <variant>

#include "journal/postgres/extent_queries.h"
#include "journal/postgres/notification_queries.h"
#include "journal/postgres/owner_queries.h"
#include "journal/postgres/upload_queries.h"
#include "journal/postgres/video_queries.h"
#include "journal/refusals.h"

namespace sluice::journal::postgres {
namespace {

using Queries = std::vector<Query>;

void append_extents(Queries& queries, std::uint64_t upload_id,
                    const std::vector<model::Extent>& extents) {
  for (const model::Extent& extent : extents) {
    if (!extent.range.empty()) {
      queries.push_back(add_extent(upload_id, extent));
    }
  }
}

Result<> append(Queries& queries, const CreateUpload& create) {
  queries.push_back(create_upload(create.record));
  append_extents(queries, create.record.id, create.extents);
  const OwnerLimits& limits = create.limits;
  if (limits.sessions || limits.bytes || limits.records) {
    queries.push_back(expect_within(create.record.owner, limits));
  }
  return {};
}

Result<> append(Queries& queries, const UseSignature& use) {
  if (use.expires_at <= use.now) {
    return fail(signature_has_expired());
  }
  queries.push_back(forget_signatures(use.now));
  queries.push_back(use_signature(use));
  return {};
}

Result<> append(Queries& queries, const UpdateUpload& update) {
  queries.push_back(update_upload(update));
  if (update.progress.blob_present) {
    append_extents(queries, update.id, update.extents);
  }
  if (model::is_settled(update.progress) && model::is_gone(update.progress.state)) {
    queries.push_back(forget_gone_uploads(update.id));
  }
  return {};
}

Result<> append(Queries& queries, const ReplaceExtents& replace) {
  if (!model::cover_the_same(replace.old, replace.made)) {
    return fail(extents_of_other_bytes());
  }
  queries.push_back(lock_upload(replace.upload_id));
  for (const model::Extent& extent : replace.old) {
    queries.push_back(remove_extent(replace.upload_id, extent));
  }
  append_extents(queries, replace.upload_id, replace.made);
  return {};
}

// Every commit is synced when it returns.
Result<> append(Queries& /*queries*/, const SyncJournal& /*sync*/) {
  return {};
}

Result<> append(Queries& queries, const RemoveUpload& remove) {
  queries.push_back(remove_upload(remove));
  return {};
}

Result<> append(Queries& queries, const PutVideo& put) {
  queries.push_back(put_video(put.record));
  return {};
}

Result<> append(Queries& queries, const RemoveVideo& remove) {
  queries.push_back(remove_video(remove.id));
  return {};
}

Result<> append(Queries& queries, const AddNotification& add) {
  queries.push_back(add_notification(add.notification));
  return {};
}

Result<> append(Queries& queries, const PostponeNotification& postpone) {
  queries.push_back(postpone_notification(postpone));
  return {};
}

Result<> append(Queries& queries, const RemoveNotification& remove) {
  queries.push_back(remove_notification(remove.id));
  return {};
}

std::uint64_t upload_of(const Change& change) {
  if (const auto* const update = std::get_if<UpdateUpload>(&change)) {
    return update->id;
  }
  if (const auto* const remove = std::get_if<RemoveUpload>(&change)) {
    return remove->id;
  }
  const auto* const replace = std::get_if<ReplaceExtents>(&change);
  return replace == nullptr ? 0 : replace->upload_id;
}

}  // namespace

Result<ChangeQueries> queries_of(const std::vector<Change>& changes) {
  ChangeQueries all;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Result<> added =
        std::visit([&](const auto& change) { return append(all.queries, change); }, changes[i]);
    if (!added) {
      return fail(std::move(added).error());
    }
    all.changes.resize(all.queries.size(), i);
  }
  return all;
}

Error refusal_of(const Change& change, const Failure& failure) {
  const auto* const create = std::get_if<CreateUpload>(&change);
  if (failure.state == beyond_limits_state && create != nullptr) {
    if (const Result<> refused = within(usage_from(failure.detail), create->limits); !refused) {
      return refused.error();
    }
  }
  if (failure.constraint == token_constraint) {
    return token_is_taken();
  }
  if (failure.state == used_state) {
    return signature_was_used();
  }
  if (failure.state == conflict_state) {
    const bool is_of_extents = std::holds_alternative<ReplaceExtents>(change);
    return is_of_extents ? has_other_extents(upload_of(change))
                         : has_another_version(upload_of(change));
  }
  return to_error(failure);
}

}  // namespace sluice::journal::postgres
