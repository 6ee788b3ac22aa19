// SPDX-License-Identifier: MIT
// Several nodes at once, over the server of the environment where there is one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/tested_journal.h"

namespace sluice::journal::postgres {
namespace {

using sluice::testing::at;
using sluice::testing::run;
using sluice::testing::sample_upload;

constexpr std::size_t node_count = 6;

class SeveralNodes : public ::testing::TestWithParam<sluice::testing::JournalKind> {
 protected:
  SeveralNodes() {
    for (auto& node : nodes_) {
      auto opened = PostgresJournal::open(schema_.settings(), metrics_, log_);
      EXPECT_TRUE(opened) << opened.error().message();
      node = *std::move(opened);
    }
  }
  // Each on a thread of its own.
  void at_once(const std::function<void(Journal&, std::size_t)>& work) {
    std::vector<std::thread> threads;
    threads.reserve(node_count);
    for (std::size_t i = 0; i < node_count; ++i) {
      threads.emplace_back([this, &work, i] { work(*nodes_[i], i); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }

  sluice::testing::PostgresSchema schema_;
  Metrics metrics_;
  NullLog log_;
  std::array<std::unique_ptr<PostgresJournal>, node_count> nodes_;
};

TEST_P(SeveralNodes, NoChangeOfAnUploadIsLost) {
  ASSERT_TRUE(run(nodes_[0]->commit({CreateUpload{sample_upload(1)}})));
  constexpr std::uint64_t pieces = 25;
  std::atomic<std::uint64_t> conflicts{0};
  at_once([&](Journal& journal, std::size_t node) {
    for (std::uint64_t piece = 0; piece < pieces; ++piece) {
      const std::uint64_t begin = (node * pieces + piece) * 10;
      for (;;) {
        model::UploadProgress progress = (*run(journal.find_upload_by_id(1)))->progress;
        progress.stored.add({begin, begin + 10});
        UpdateUpload update{1, progress};
        update.extents = {{{begin, begin + 10}, std::to_string(begin)}};
        const Result<> done = run(journal.commit({std::move(update)}));
        if (done) {
          break;
        }
        ASSERT_EQ(done.error().code(), Errc::conflict) << done.error().message();
        ++conflicts;
      }
    }
  });
  const model::UploadProgress progress = (*run(nodes_[0]->find_upload_by_id(1)))->progress;
  EXPECT_EQ(progress.version, node_count * pieces);
  EXPECT_EQ(progress.stored.to_text(), "0-1500");
  const auto extents = *run(nodes_[0]->extents(1, 0, 1000));
  ASSERT_EQ(extents.size(), node_count * pieces);
  for (const model::Extent& extent : extents) {
    EXPECT_EQ(extent.object, std::to_string(extent.range.begin));
  }
  EXPECT_GT(conflicts, 0U) << "they did meet";
}

TEST_P(SeveralNodes, AnOwnerHasNoMoreThanItsLimits) {
  std::atomic<int> made{0};
  at_once([&](Journal& journal, std::size_t node) {
    for (std::uint64_t i = 0; i < 5; ++i) {
      model::UploadRecord record = sample_upload(node * 100 + i + 1);
      record.owner = "ann";
      const Result<> done =
          run(journal.commit({CreateUpload{record, {.sessions = 10, .bytes = {}}}}));
      made += done ? 1 : 0;
      EXPECT_TRUE(done || done.error().code() == Errc::too_many_sessions) << done.error().message();
    }
  });
  EXPECT_EQ(made, 10);
  EXPECT_EQ(run(nodes_[0]->owners(1))->front().sessions, 10U);
}

TEST_P(SeveralNodes, OneOfThemGetsATokenASignatureAndARow) {
  std::atomic<int> created{0};
  std::atomic<int> used{0};
  std::atomic<int> removed{0};
  std::atomic<std::size_t> claimed{0};
  ASSERT_TRUE(run(nodes_[0]->commit({CreateUpload{sample_upload(1000)}})));
  at_once([&](Journal& journal, std::size_t node) {
    model::UploadRecord record = sample_upload(node + 1);
    record.token = "the same";
    created += run(journal.commit({CreateUpload{record}})) ? 1 : 0;
    used += run(journal.commit({UseSignature{"digest", at(1), at(2)}})) ? 1 : 0;
    removed += run(journal.commit({RemoveUpload{1000, 0}})) ? 1 : 0;
    const Lease lease{std::to_string(node), std::chrono::hours(1)};
    claimed += run(journal.claim(Work::delivery, {3, 1, 2, 5, 4}, lease))->size();
  });
  EXPECT_EQ(created, 1);
  EXPECT_EQ(used, 1);
  EXPECT_EQ(removed, 1);
  EXPECT_EQ(claimed, 5U) << "each row has one node";
}

// The server ends one of the two, whichever has waited for long enough first.
TEST_P(SeveralNodes, ACommitThatWaitsInACircleIsTriedAgain) {
  ASSERT_TRUE(run(nodes_[0]->commit({CreateUpload{sample_upload(1)}})));
  ASSERT_TRUE(run(nodes_[0]->commit({CreateUpload{sample_upload(2)}})));
  schema_.execute("BEGIN");
  schema_.execute("SELECT FROM uploads WHERE id = 2 FOR UPDATE");
  auto done = std::async(std::launch::async, [this] {
    return run(nodes_[0]->commit(
        {UpdateUpload{1, sample_upload(1).progress}, UpdateUpload{2, sample_upload(2).progress}}));
  });
  sluice::testing::PostgresSession observer(sluice::testing::postgres_connection());
  while (observer.execute("SELECT 1 FROM pg_locks WHERE NOT granted").empty()) {
    std::this_thread::yield();
  }
  schema_.execute("SELECT FROM uploads WHERE id = 1 FOR UPDATE");
  schema_.execute("ROLLBACK");
  EXPECT_TRUE(done.get());
  EXPECT_EQ((*run(nodes_[0]->find_upload_by_id(1)))->progress.version, 1U);
  EXPECT_EQ((*run(nodes_[0]->find_upload_by_id(2)))->progress.version, 1U);
}

TEST_P(SeveralNodes, ExtentsAreReplacedOnceAndNotBesideTheEndOfTheirUpload) {
  const std::vector<model::Extent> old{{{0, 10}, "a"}, {{10, 20}, "b"}};
  for (std::uint64_t id = 1; id <= 10; ++id) {
    ASSERT_TRUE(run(nodes_[0]->commit({CreateUpload{sample_upload(id), {}, old}})));
  }
  std::array<std::atomic<int>, 11> replaced{};
  at_once([&](Journal& journal, std::size_t node) {
    for (std::uint64_t id = 1; id <= 10; ++id) {
      if (node == 0) {
        model::UploadProgress progress = sample_upload(id).progress;
        progress.state = model::UploadState::delivered;
        progress.blob_present = false;
        ASSERT_TRUE(run(journal.commit({UpdateUpload{id, progress}})));
      } else {
        const Result<> done =
            run(journal.commit({ReplaceExtents{id, old, {{{0, 20}, std::to_string(node)}}}}));
        replaced[id] += done ? 1 : 0;
        EXPECT_TRUE(done || done.error().code() == Errc::conflict) << done.error().message();
      }
    }
  });
  for (std::uint64_t id = 1; id <= 10; ++id) {
    EXPECT_LE(replaced[id], 1);
    EXPECT_TRUE(run(nodes_[0]->extents(id, 0, 9))->empty());
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SeveralNodes);
INSTANTIATE_TEST_SUITE_P(The, SeveralNodes, sluice::testing::only_postgres(),
                         sluice::testing::name_of);

}  // namespace
}  // namespace sluice::journal::postgres
