// SPDX-License-Identifier: MIT
#include "admin/service_pages.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/limits.h"
#include "support/memory_journal.h"
#include "support/memory_store.h"
#include "support/run.h"

namespace sluice::admin {
namespace {

class ServerPagesTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t low_water = 100;

  ServerPagesTest() { store_.free_bytes = low_water; }

  std::vector<std::string> reasons() {
    const http::Response response = testing::run(pages_.readyz());
    EXPECT_EQ(response.status, 503) << response.body;
    std::vector<std::string> result;
    const boost::json::value body = boost::json::parse(response.body);
    EXPECT_EQ(body.at("status").as_string(), "not ready");
    for (const boost::json::value& reason : body.at("reasons").as_array()) {
      result.emplace_back(reason.as_string());
    }
    return result;
  }

  Metrics metrics_;
  testing::MemoryJournal journal_;
  testing::MemoryStore store_;
  runtime::BlockingPool pool_{0};  // Inline.
  ServerPages pages_{metrics_, journal_, store_, store_, pool_, low_water};
};

using Reasons = std::vector<std::string>;

TEST_F(ServerPagesTest, HealthzIsAliveWhateverHappens) {
  journal_.failing = true;
  store_.failing_space = true;
  pages_.set_draining();
  const http::Response response = testing::run(pages_.healthz());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(boost::json::parse(response.body), (boost::json::value{{"status", "ok"}}));
  EXPECT_EQ(response.headers.find("Cache-Control"), "no-store");
}

TEST_F(ServerPagesTest, ReadyzSaysReadyDownToTheLowMark) {
  const http::Response response = testing::run(pages_.readyz());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(boost::json::parse(response.body), (boost::json::value{{"status", "ready"}}));
}

TEST_F(ServerPagesTest, ReadyzNamesTheReason) {
  store_.free_bytes = low_water - 1;
  EXPECT_EQ(reasons(), Reasons{"99 bytes of disk are free, expected at least 100"});

  store_.failing_space = true;
  EXPECT_EQ(reasons(), Reasons{"free disk space cannot be read"});
}

TEST_F(ServerPagesTest, ReadyzAsksTheStoreOfTheBytes) {
  store_.is_away = true;
  EXPECT_EQ(reasons(), Reasons{"the store of the bytes is away: no answer"});
  store_.is_away = false;
  EXPECT_EQ(testing::run(pages_.readyz()).status, 200);
}

TEST_F(ServerPagesTest, ReadyzLooksAtInodes) {
  store_.free_files = limits::free_files_min - 1;
  EXPECT_EQ(reasons(), Reasons{"99 inodes are free on the disk, expected at least 100"});
  store_.free_files = limits::free_files_min;
  EXPECT_EQ(testing::run(pages_.readyz()).status, 200);
}

TEST_F(ServerPagesTest, ReadyzListsAllReasons) {
  journal_.failing = true;
  store_.free_bytes = 0;
  pages_.set_draining();
  EXPECT_EQ(reasons(), (Reasons{"the server is shutting down",
                                "the journal takes no changes after a failed commit; see the log",
                                "0 bytes of disk are free, expected at least 100"}));
}

TEST_F(ServerPagesTest, ReadyzComesBackWhenTheReasonIsGone) {
  store_.free_bytes = 0;
  EXPECT_EQ(reasons().size(), 1U);
  store_.free_bytes = low_water;
  EXPECT_EQ(testing::run(pages_.readyz()).status, 200);
}

TEST_F(ServerPagesTest, MetricsIsPrometheusText) {
  metrics_.connections_accepted.add(42);
  const http::Response response = testing::run(pages_.metrics());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.find("Content-Type"), "text/plain; version=0.0.4");
  EXPECT_NE(response.body.find("\nsluice_connections_accepted_total 42\n"), std::string::npos);
  EXPECT_NE(response.body.find("\nsluice_uploads{state=\"receiving\"} 0\n"), std::string::npos);
  EXPECT_NE(response.body.find("\nsluice_disk_free_bytes 100\n"), std::string::npos);
}

TEST_F(ServerPagesTest, MetricsAnswersWhileTheDiskDoesNot) {
  store_.failing_space = true;
  const http::Response response = testing::run(pages_.metrics());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.find("sluice_disk"), std::string::npos);
}

}  // namespace
}  // namespace sluice::admin
