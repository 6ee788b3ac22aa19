// SPDX-License-Identifier: MIT
#include "simulation/nodes_journal.h"

#include <algorithm>
#include <utility>

namespace sluice::simulation {

using runtime::Task;

namespace {

std::vector<std::string> named_objects_of(const std::vector<journal::Change>& changes) {
  std::vector<std::string> names;
  for (const journal::Change& change : changes) {
    if (const auto* const update = std::get_if<journal::UpdateUpload>(&change)) {
      for (const model::Extent& extent : update->extents) {
        names.push_back(extent.object);
      }
    }
  }
  return names;
}

}  // namespace

Task<Result<>> NodeJournal::commit(std::vector<journal::Change> changes) {
  const std::vector<std::string> named = named_objects_of(changes);
  Result<> done = co_await commit_now(std::move(changes));
  if (!done && done.error().code() == Errc::storage_failed && gate_.is_alive() &&
      shared_.defect == NodesDefect::removes_after_an_unknown_commit) {
    for (const std::string& name : named) {
      shared_.bucket.objects.erase(shared_.name_of(name));
    }
  }
  co_return done;
}

Task<Result<>> NodeJournal::commit_now(std::vector<journal::Change> changes) {
  gate_.stumble();
  if (!co_await gate_.pass()) {
    co_return fail(Errc::storage_failed, "the node has died");
  }
  if (shared_.defect == NodesDefect::changes_without_versions) {
    forget_versions(changes);
  }
  if (shared_.dice.chance(shared_.faults.late)) {
    gate_.failed();
    shared_.late.push_back(std::move(changes));
    co_return fail(Errc::storage_failed, "the outcome of the commit is unknown");
  }
  Result<> done = co_await shared_.journal.commit(std::move(changes));
  shared_.conflicts += !done && done.error().code() == Errc::conflict ? 1 : 0;
  if (shared_.dice.chance(shared_.faults.lost_reply)) {
    gate_.failed();
    done = fail(Errc::storage_failed, "the outcome of the commit is unknown");
  }
  gate_.stumble();
  if (!co_await gate_.pass()) {
    co_return fail(Errc::storage_failed, "the node has died");
  }
  co_return done;
}

void NodeJournal::forget_versions(std::vector<journal::Change>& changes) {
  for (journal::Change& change : changes) {
    auto* const update = std::get_if<journal::UpdateUpload>(&change);
    const auto known = update == nullptr ? shared_.journal.uploads.end()
                                         : shared_.journal.uploads.find(update->id);
    if (known != shared_.journal.uploads.end()) {
      update->progress.version = known->second.progress.version;
    }
  }
}

Task<Result<std::vector<std::uint64_t>>> NodeJournal::claim(journal::Work work,
                                                            std::vector<std::uint64_t> ids,
                                                            journal::Lease lease) {
  Result<std::vector<std::uint64_t>> held = ids;
  const bool holds_all = std::ranges::all_of(
      ids, [this](std::uint64_t id) { return shared_.claims.contains({node_, id}); });
  const bool is_faked =
      shared_.defect == NodesDefect::delivers_without_claims ||
      (shared_.defect == NodesDefect::keeps_ended_claims && holds_all && !ids.empty());
  if (!is_faked) {
    held = co_await ForwardingJournal::claim(work, std::move(ids), lease);
  }
  if (held) {
    for (const std::uint64_t id : *held) {
      shared_.claims[{node_, id}] = shared_.now() + lease.duration;
    }
  }
  co_return held;
}

Task<Result<>> NodeJournal::release(journal::Work work, std::vector<std::uint64_t> ids,
                                    std::string node) {
  if (shared_.defect != NodesDefect::keeps_ended_claims) {
    for (const std::uint64_t id : ids) {
      shared_.claims.erase({node_, id});
    }
  }
  return ForwardingJournal::release(work, std::move(ids), std::move(node));
}

}  // namespace sluice::simulation
