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
       {Signal{Signal::Kind::cut, 1, {0, 5}}, Signal{Signal::Kind::cut, 1, {7, ~std::uint64_t{0}}},
        Signal{Signal::Kind::changed, ~std::uint64_t{0}}, Signal{Signal::Kind::hurry, 12}}) {
    EXPECT_EQ(signal_from_text(to_text(signal)), signal) << to_text(signal);
  }
  for (const char* const text :
       {"", "cut", "cut ", "cut x", "cut 1x", "cut -1", "cut 1", "cut 1 2", "cut 1 2 1",
        "cut 1 2 3 4", "changed 1 2", "changed", " 1", "HURRY 1", "hurry 18446744073709551616"}) {
    EXPECT_EQ(signal_from_text(text), std::nullopt) << text;
  }
}

// What one node hears.
class Node {
 public:
  explicit Node(const Settings& settings)
      : pool_(settings, metrics_, log_), signals_(settings, pool_, log_) {
    signals_.listen([this](const Signal& signal) {
      const MutexLock lock(mutex_);
      heard_.push_back(signal);
      changed_.notify_all();
    });
  }

  bool send(Signal signal) { return run(signals_.send(signal)).has_value(); }
  // Signals are sent again and again until this node listens.
  bool hears_from(Node& other, const Signal& wanted) {
    for (int tries = 0; tries < 600; ++tries) {
      MutexLock lock(mutex_);
      if (changed_.wait_for(lock, std::chrono::milliseconds(100), [&]() REQUIRES(mutex_) {
            return std::ranges::find(heard_, wanted) != heard_.end();
          })) {
        return true;
      }
      lock.unlock();
      other.send(wanted);
    }
    return false;
  }
  bool has_heard(Signal::Kind kind) {
    const MutexLock lock(mutex_);
    return std::ranges::find(heard_, kind, &Signal::kind) != heard_.end();
  }

 private:
  NullLog log_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<Signal> heard_ GUARDED_BY(mutex_);
  Metrics metrics_;
  ConnectionPool pool_;
  PostgresSignals signals_;
};

class SignalsTest : public ::testing::TestWithParam<sluice::testing::JournalKind> {
 protected:
  sluice::testing::PostgresSchema schema_;
};

TEST_P(SignalsTest, AreHeardByAllOtherNodesOfTheSameTables) {
  const sluice::testing::PostgresSchema others;
  Node ann(schema_.settings());
  Node bob(schema_.settings());
  Node stranger(others.settings());
  Node friend_of_stranger(others.settings());
  EXPECT_TRUE(bob.hears_from(ann, {Signal::Kind::cut, 7, {1, 2}}));
  EXPECT_TRUE(ann.hears_from(bob, {Signal::Kind::hurry, 8}));
  EXPECT_TRUE(stranger.hears_from(friend_of_stranger, {Signal::Kind::changed, 9}));
  EXPECT_TRUE(friend_of_stranger.hears_from(stranger, {Signal::Kind::changed, 10}));
  EXPECT_FALSE(ann.has_heard(Signal::Kind::cut)) << "its own";
  EXPECT_FALSE(stranger.has_heard(Signal::Kind::cut)) << "of other tables";
}

TEST_P(SignalsTest, GoOnWhenTheConnectionIsLost) {
  Node ann(schema_.settings());
  Node bob(schema_.settings());
  EXPECT_TRUE(ann.hears_from(bob, {Signal::Kind::hurry, 1}));
  schema_.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
      " WHERE application_name = '" +
      schema_.name() + "'");
  EXPECT_TRUE(ann.hears_from(bob, {Signal::Kind::hurry, 9}));
  schema_.execute("SELECT pg_notify('sluice_' || current_schema(), 'nonsense')");
  EXPECT_TRUE(ann.hears_from(bob, {Signal::Kind::hurry, 10}));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SignalsTest);
INSTANTIATE_TEST_SUITE_P(The, SignalsTest, sluice::testing::only_postgres(),
                         sluice::testing::name_of);

}  // namespace
}  // namespace sluice::journal::postgres
