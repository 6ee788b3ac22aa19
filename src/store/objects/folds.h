// SPDX-License-Identifier: MIT
// Makes large objects of small ones in the background, so that a file that comes in tiny pieces is
// not one of a hundred thousand objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/mutex.h"
#include "model/extent.h"
#include "s3/fold_plan.h"
#include "store/objects/exchange_extents.h"
#include "store/objects/extent_tools.h"

namespace sluice::store::objects {

// Any thread. Nothing waits for a fold: one that fails is tried again after further extents.
class Folds {
 public:
  // The tools outlive this. Folds are made on `executor`.
  Folds(ExtentTools& tools, runtime::Executor executor, ReplaceExtents replace)
      : tools_(tools), executor_(std::move(executor)), replace_(std::move(replace)) {}

  // The upload is about to have these extents. Starts a fold from time to time, one of an upload at
  // once.
  void settled(std::uint64_t upload_id, const std::vector<model::Extent>& extents);
  // Folds what s3::plan_fold() finds among the extents that are all of their object: no other one
  // can come to name these. Errors are those of gather(), of the object store and of the journal.
  runtime::Task<Result<>> fold(std::uint64_t upload_id);

 private:
  // Whether a fold is due, which is under way from now on.
  bool begin(std::uint64_t upload_id, std::size_t count);
  static runtime::Task<> run(Folds& folds, std::uint64_t upload_id,
                             std::unique_ptr<const UnderWay::Mark> mark);
  runtime::Task<Result<>> make_one(std::uint64_t upload_id, std::vector<model::Extent> sources);

  ExtentTools& tools_;
  const runtime::Executor executor_;
  const ReplaceExtents replace_;
  Slots slots_{limits::folds_at_once};

  Mutex mutex_;
  std::map<std::uint64_t, std::size_t> counts_ GUARDED_BY(mutex_);  // Since the last fold.
  std::set<std::uint64_t> under_way_ GUARDED_BY(mutex_);
};

}  // namespace sluice::store::objects
