// SPDX-License-Identifier: MIT
#include "fsck/fsck.h"

#include <set>
#include <string>
#include <utility>

#include "fsck/blocking_journal.h"
#include "fsck/check.h"
#include "fsck/directory.h"
#include "store/data_directory.h"

namespace sluice::fsck {

Result<Summary> run(const Options& options, const Clock& clock, const Say& say) {
  if (Result<> there = expect_journal(options.directory); !there) {
    return fail(there.error());
  }
  const Result<store::DataDirectory> data = store::DataDirectory::open(options.directory);
  if (!data) {
    return fail(data.error());
  }
  const auto journal = BlockingJournal::open(*data);
  if (!journal) {
    return fail(journal.error());
  }
  const Result<bool> has_extents = (*journal)->has_extents();
  if (!has_extents) {
    return fail(has_extents.error());
  }
  const Result<bool> is_marked = data->has_objects();
  if (!is_marked) {
    return fail(is_marked.error());
  }
  const bool has_objects = *has_extents || *is_marked || options.bucket != nullptr;
  Check check(&*data, **journal, options, has_objects, clock.now(), say);
  if (Result<> done = check.run(); !done) {
    return fail(done.error());
  }
  return check.summary();
}

Result<Summary> run_shared(journal::postgres::Settings settings, Bucket& bucket, const Clock& clock,
                           const Say& say) {
  const auto journal = BlockingJournal::open(std::move(settings));
  if (!journal) {
    return fail(journal.error());
  }
  Options options;
  options.bucket = &bucket;
  const auto look = [&]() -> Result<Summary> {
    Check check(nullptr, **journal, options, true, clock.now(), say);
    const Result<> done = check.run();
    return done ? Result<Summary>(check.summary()) : fail(done.error());
  };
  std::set<std::string> suspected;
  options.counts = [&](const std::string& what) {
    suspected.insert(what);
    return false;
  };
  Result<Summary> seen = look();
  if (seen && !suspected.empty()) {
    options.counts = [&](const std::string& what) { return suspected.contains(what); };
    seen = look();
  }
  return seen;
}

}  // namespace sluice::fsck
