// SPDX-License-Identifier: MIT
#include "journal/postgres/signals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "support/tested_journal.h"

namespace sluice::journal::postgres {
namespace {

using sluice::testing::run;

TEST(Signal, IsATextOnItsWay) {
  for (const Signal& signal :
       {Signal{Signal::Kind::cut, 1}, Signal{Signal::Kind::answer, 0},
        Signal{Signal::Kind::abort, ~std::uint64_t{0}}, Signal{Signal::Kind::hurry, 12}}) {
    EXPECT_EQ(signal_from_text(to_text(signal)), signal) << to_text(signal);
  }
  for (const char* const text : {"", "cut", "cut ", "cut x", "cut 1x", "cut -1", "cut 1 2", " 1",
                                 "CUT 1", "cut 18446744073709551616"}) {
    EXPECT_EQ(signal_from_text(text), std::nullopt) << text;
  }
}

// What one node hears.
class Node {
 public:
  explicit Node(const Settings& settings)
      : pool_(settings, metrics_, log_),
        signals_(settings, pool_,
                 {[this](const Signal& signal) {
                    const MutexLock lock(mutex_);
                    heard_.push_back(signal);
                    changed_.notify_all();
                  },
                  [this] {
                    const MutexLock lock(mutex_);
                    ++begun_;
                    changed_.notify_all();
                  }},
                 log_) {}

  bool send(Signal::Kind kind, std::uint64_t upload_id) {
    return run(signals_.send({kind, upload_id})).has_value();
  }
  bool hears(const Signal& wanted) {
    return until(
        [&]() REQUIRES(mutex_) { return std::ranges::find(heard_, wanted) != heard_.end(); });
  }
  bool has_begun(int times) {
    return until([&]() REQUIRES(mutex_) { return begun_ >= times; });
  }
  std::size_t heard_count() {
    const MutexLock lock(mutex_);
    return heard_.size();
  }

 private:
  template <class Condition>
  bool until(Condition condition) {
    MutexLock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), condition);
  }

  NullLog log_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<Signal> heard_ GUARDED_BY(mutex_);
  int begun_ GUARDED_BY(mutex_) = 0;
  Metrics metrics_;
  ConnectionPool pool_;
  Signals signals_;
};

class SignalsTest : public ::testing::TestWithParam<sluice::testing::JournalKind> {
 protected:
  sluice::testing::PostgresSchema schema_;
};

TEST_P(SignalsTest, AreHeardByAllNodesOfTheSameTables) {
  const sluice::testing::PostgresSchema others;
  Node ann(schema_.settings());
  Node bob(schema_.settings());
  Node stranger(others.settings());
  ASSERT_TRUE(ann.has_begun(1) && bob.has_begun(1) && stranger.has_begun(1));
  ASSERT_TRUE(ann.send(Signal::Kind::cut, 7));
  EXPECT_TRUE(bob.hears({Signal::Kind::cut, 7}));
  EXPECT_TRUE(ann.hears({Signal::Kind::cut, 7}));
  ASSERT_TRUE(stranger.send(Signal::Kind::answer, 8));
  EXPECT_TRUE(stranger.hears({Signal::Kind::answer, 8}));
  EXPECT_EQ(stranger.heard_count(), 1U);
}

TEST_P(SignalsTest, GoOnWhenTheConnectionIsLost) {
  Node ann(schema_.settings());
  ASSERT_TRUE(ann.has_begun(1));
  schema_.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
      " WHERE application_name = '" +
      schema_.name() + "'");
  EXPECT_TRUE(ann.has_begun(2)) << "it is told that some may have been missed";
  schema_.execute("SELECT pg_notify('sluice_' || current_schema(), 'nonsense')");
  ASSERT_TRUE(ann.send(Signal::Kind::hurry, 9));
  EXPECT_TRUE(ann.hears({Signal::Kind::hurry, 9}));
  EXPECT_EQ(ann.heard_count(), 1U);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SignalsTest);
INSTANTIATE_TEST_SUITE_P(The, SignalsTest, sluice::testing::only_postgres(),
                         sluice::testing::name_of);

}  // namespace
}  // namespace sluice::journal::postgres
