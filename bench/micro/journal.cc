// SPDX-License-Identifier: MIT
// Group commit: so many commits at a time, each of one upload's progress, synced.

#include <benchmark/benchmark.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/metrics.h"
#include "journal/sqlite_journal.h"
#include "runtime/task.h"
#include "support/run.h"
#include "support/temporary_directory.h"

namespace sluice::bench {
namespace {

runtime::Task<> commit_progress(journal::SqliteJournal& journal, std::uint64_t id,
                                std::uint64_t version, int& left, bool& done) {
  std::vector<journal::Change> changes;
  model::UploadProgress progress;
  progress.version = version;
  changes.emplace_back(journal::UpdateUpload{id, progress});
  const Result<> committed = co_await journal.commit(std::move(changes));
  SLUICE_CHECK(committed.has_value());
  done = --left == 0;
}

void group_commit(benchmark::State& state) {
  const auto at_a_time = static_cast<int>(state.range(0));
  const testing::TemporaryDirectory directory;
  NullLog log;
  Metrics metrics;
  auto journal =
      journal::SqliteJournal::open(directory.path() + "/journal", Durability::commit, metrics, log);
  SLUICE_CHECK(journal.has_value());
  model::UploadRecord record;
  record.id = *testing::run((*journal)->next_upload_id());
  record.token = "token";
  std::vector<journal::Change> changes;
  changes.emplace_back(journal::CreateUpload{record});
  SLUICE_CHECK(testing::run((*journal)->commit(std::move(changes))).has_value());
  std::uint64_t version = 0;
  for ([[maybe_unused]] const auto& iteration : state) {
    boost::asio::io_context context(1);
    int left = at_a_time;
    bool done = false;
    for (int i = 0; i < at_a_time; ++i) {
      runtime::start(context.get_executor(), log, "commit",
                     commit_progress(**journal, record.id, version++, left, done));
    }
    testing::drive(context, done);
  }
  state.SetItemsProcessed(state.iterations() * at_a_time);
}

BENCHMARK(group_commit)->Arg(1)->Arg(16)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace sluice::bench
