// SPDX-License-Identifier: MIT
#include "journal/commit_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"

namespace sluice::journal {
namespace {

// A queue whose thread waits in its first job until it is let go.
class HeldQueue {
 public:
  HeldQueue() {
    queue_ = std::make_unique<CommitQueue>([this](std::span<Commit> commits) {
      order_ += "W" + std::to_string(commits.size());
      for (Commit& commit : commits) {
        commit.done({});
      }
    });
    std::promise<void> begun;
    CommitQueue::Read hold = [&begun, gate = gate_.get_future()] {
      begun.set_value();
      gate.wait();
    };
    EXPECT_TRUE(queue_->add(hold));
    begun.get_future().wait();
  }

  bool add_commit(std::size_t changes) {
    changes_.emplace_back(changes, RemoveUpload{1});
    Commit commit{changes_.back(), [this](Result<>) { ++done_; }};
    return queue_->add(commit);
  }
  bool add_read() {
    CommitQueue::Read read = [this] { order_ += "R"; };
    return queue_->add(read);
  }
  bool add_long_read(int steps) {
    CommitQueue::LongRead read = [this, steps]() mutable {
      order_ += "L" + std::to_string(steps);
      return --steps > 0;
    };
    return queue_->add(read);
  }
  // The operations in the order in which they ran, when all have.
  std::string finish() {
    gate_.set_value();
    queue_.reset();
    return order_;
  }
  std::size_t done() const { return done_; }

 private:
  std::promise<void> gate_;
  std::string order_;
  std::list<std::vector<Change>> changes_;
  std::size_t done_ = 0;
  std::unique_ptr<CommitQueue> queue_;
};

TEST(CommitQueue, WritesTogetherWhatWaitsTogether) {
  HeldQueue queue;
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(queue.add_commit(1));
  }
  EXPECT_EQ(queue.finish(), "W10");
  EXPECT_EQ(queue.done(), 10U);
}

TEST(CommitQueue, BoundsABatchByItsChanges) {
  HeldQueue queue;
  queue.add_commit(limits::commit_changes_max - 1);
  queue.add_commit(1);
  queue.add_commit(limits::commit_changes_max + 1);  // Must stay whole.
  queue.add_commit(0);
  queue.add_commit(limits::commit_changes_max);
  queue.add_commit(1);
  EXPECT_EQ(queue.finish(), "W2W1W2W1");
  EXPECT_EQ(queue.done(), 6U);
}

TEST(CommitQueue, LetsNoReadWaitForMoreThanOneBatch) {
  HeldQueue queue;
  queue.add_commit(limits::commit_changes_max);
  queue.add_commit(limits::commit_changes_max);
  queue.add_read();
  queue.add_read();
  EXPECT_EQ(queue.finish(), "RRW1W1");
}

TEST(CommitQueue, LetsNothingWaitForMoreThanOneStepOfALongRead) {
  HeldQueue queue;
  queue.add_long_read(3);
  queue.add_long_read(2);
  for (int i = 0; i < 3; ++i) {
    queue.add_commit(limits::commit_changes_max);
  }
  queue.add_read();
  EXPECT_EQ(queue.finish(), "RW1L3W1L2W1L1L2L1") << "long reads come one after the other";
}

TEST(CommitQueue, RefusesWhatWouldWaitTooLong) {
  HeldQueue queue;
  for (std::size_t i = 0; i < limits::journal_queue_max; ++i) {
    ASSERT_TRUE(queue.add_read());
  }
  EXPECT_FALSE(queue.add_read());
  EXPECT_TRUE(queue.add_commit(1)) << "commits have a bound of their own";
  EXPECT_TRUE(queue.finish().ends_with("RRRW1"));
}

}  // namespace
}  // namespace sluice::journal
