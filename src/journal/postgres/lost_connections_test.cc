// SPDX-License-Identifier: MIT
// Servers that stop, and connections that end at the worst moment, over the server of the
// environment where there is one.
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "support/tested_journal.h"

namespace sluice::journal::postgres {
namespace {

using sluice::testing::run;
using sluice::testing::sample_upload;

class LostConnections : public ::testing::TestWithParam<sluice::testing::JournalKind> {
 protected:
  LostConnections() {
    journal_ = open(schema_.settings());
    EXPECT_TRUE(run(journal_->commit({CreateUpload{sample_upload(1)}})));
  }
  std::unique_ptr<PostgresJournal> open(const Settings& settings) {
    auto opened = PostgresJournal::open(settings, metrics_, log_);
    EXPECT_TRUE(opened) << opened.error().message();
    return *std::move(opened);
  }
  static Result<> update(Journal& journal, std::uint64_t version) {
    model::UploadProgress progress = sample_upload(1).progress;
    progress.version = version;
    return run(journal.commit({UpdateUpload{1, progress}}));
  }
  static std::future<Result<>> begin_update(Journal& journal, std::uint64_t version) {
    return std::async(std::launch::async, [&journal, version] { return update(journal, version); });
  }
  std::uint64_t version() {
    const auto found = run(journal_->find_upload_by_id(1));
    EXPECT_TRUE(found) << found.error().message();
    return found ? (*found)->progress.version : 0;
  }
  // That ended so.
  std::uint64_t calls(const std::string& result) {
    std::uint64_t count = 0;
    metrics_.postgres_seconds.for_each(
        [&](const HistogramFamily::Labels& labels, const Histogram& seconds) {
          for (std::size_t i = 0; i <= Histogram::upper_bounds_seconds.size(); ++i) {
            count += labels.first == result ? seconds.bucket(i) : 0;
          }
        });
    return count;
  }
  static void until(const std::function<bool()>& condition) {
    for (int tries = 0; !condition(); ++tries) {
      ASSERT_LT(tries, 6000);
      std::this_thread::yield();
      sluice::testing::PostgresSession(sluice::testing::postgres_connection())
          .execute("SELECT pg_sleep(0.01)");
    }
  }
  // The connection of this name that waits for this.
  std::string waiting_for(const std::string& event, const std::string& name) {
    return schema_.execute("SELECT pid FROM pg_stat_activity WHERE application_name = '" + name +
                           "' AND wait_event_type || wait_event = '" + event + "'");
  }
  std::string until_it_waits_for(const std::string& event) {
    until([&] { return !waiting_for(event, schema_.name()).empty(); });
    return waiting_for(event, schema_.name());
  }
  static void tell_the_driver(const std::string& wish) {
    std::cout << wish << std::endl;
    std::string done;
    std::getline(std::cin, done);
    ASSERT_EQ(done, "done");
  }

  sluice::testing::PostgresSchema schema_;
  Metrics metrics_;
  NullLog log_;
  std::unique_ptr<PostgresJournal> journal_;
};

TEST_P(LostConnections, WhoseTransactionHadNotComeToItsEndChangedNothing) {
  schema_.execute("BEGIN");
  schema_.execute("SELECT 1 FROM uploads FOR UPDATE");
  auto updated = begin_update(*journal_, 0);
  schema_.execute("SELECT pg_terminate_backend(" + until_it_waits_for("Locktransactionid") + ")");
  const Result<> done = updated.get();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::unavailable) << done.error().message();
  schema_.execute("ROLLBACK");
  EXPECT_EQ(version(), 0U);
  EXPECT_EQ(calls("failed"), 1U);
  const std::uint64_t answered = calls("answered");
  EXPECT_TRUE(update(*journal_, 0)) << "the next one gets another connection";
  EXPECT_EQ(calls("answered"), answered + 1);
  EXPECT_EQ(metrics_.postgres_calls_waiting.value(), 0);
  EXPECT_TRUE(journal_->healthy());
}

TEST_P(LostConnections, ALockThatIsHeldForTooLongEndsTheTransaction) {
  Settings settings = schema_.settings();
  settings.call_time = std::chrono::milliseconds(500);
  const auto impatient = open(settings);
  schema_.execute("BEGIN");
  schema_.execute("SELECT 1 FROM uploads FOR UPDATE");
  const Result<> done = update(*impatient, 0);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::unavailable) << done.error().message();
  schema_.execute("ROLLBACK");
  EXPECT_EQ(version(), 0U);
  EXPECT_TRUE(update(*impatient, 0));
}

// A commit that waits for a standby server is made, but not confirmed.
class LostConfirmations : public LostConnections {
 protected:
  LostConfirmations() {
    set_standby("a_standby_that_is_away");
    until([&] { return probe_waits(); });
  }
  ~LostConfirmations() override { set_standby(""); }

  void set_standby(const std::string& name) {
    schema_.execute("ALTER SYSTEM SET synchronous_standby_names = '" + name + "'");
    schema_.execute("SELECT pg_reload_conf()");
  }
  // Whether a commit waits already: the server's processes learn of a setting one after the other.
  bool probe_waits() {
    const std::string name = "probe_of_" + schema_.name();
    const auto commit = std::async(std::launch::async, [&name] {
      sluice::testing::PostgresSession(std::string(sluice::testing::postgres_connection()) +
                                       " application_name=" + name)
          .execute("SELECT pg_logical_emit_message(true, 'a', 'b')");
    });
    const auto has_ended = [&] {
      return commit.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    };
    until([&] { return has_ended() || !waiting_for("IPCSyncRep", name).empty(); });
    const bool waits = !has_ended();
    schema_.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = '" +
        name + "'");
    return waits;
  }
};

TEST_P(LostConfirmations, LeaveTheOutcomeUnknown) {
  auto updated = begin_update(*journal_, 0);
  schema_.execute("SELECT pg_terminate_backend(" + until_it_waits_for("IPCSyncRep") + ")");
  const Result<> done = updated.get();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::storage_failed) << done.error().message();
  EXPECT_EQ(version(), 1U) << "it has come true";
  set_standby("");
  const Result<> again = update(*journal_, 0);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::conflict) << "which the caller hears from the next one";
  EXPECT_TRUE(update(*journal_, 1));
}

TEST_P(LostConfirmations, AreNotWaitedForLongerThanACallMayTake) {
  Settings settings = schema_.settings();
  settings.call_time = std::chrono::milliseconds(300);
  const auto impatient = open(settings);
  const Result<> done = update(*impatient, 0);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::storage_failed) << done.error().message();
  EXPECT_TRUE(run(impatient->find_upload_by_id(1))) << "on another connection";
  set_standby("");
  until([&] { return version() == 1; });
}

TEST_P(LostConnections, AServerIsBackWhenItIsBack) {
  tell_the_driver("@stop");
  const Result<> done = update(*journal_, 0);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::unavailable) << done.error().message();
  EXPECT_EQ(run(journal_->find_upload_by_id(1)).error().code(), Errc::unavailable);
  EXPECT_EQ(run(journal_->next_notifications(1)).error().code(), Errc::unavailable);
  EXPECT_EQ(run(journal_->claim(Work::delivery, {1}, {})).error().code(), Errc::unavailable);
  tell_the_driver("@start");
  EXPECT_EQ(version(), 0U);
  EXPECT_TRUE(update(*journal_, 0));
  schema_.connect_again();
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LostConnections);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LostConfirmations);
INSTANTIATE_TEST_SUITE_P(The, LostConnections, sluice::testing::only_postgres(),
                         sluice::testing::name_of);
INSTANTIATE_TEST_SUITE_P(The, LostConfirmations, sluice::testing::only_postgres(),
                         sluice::testing::name_of);

}  // namespace
}  // namespace sluice::journal::postgres
