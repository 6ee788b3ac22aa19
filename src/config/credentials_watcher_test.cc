// SPDX-License-Identifier: MIT
#include "config/credentials_watcher.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "runtime/worker.h"
#include "support/temporary_directory.h"

namespace sluice::config {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

// A log whose lines a test can wait for.
class AwaitedLog final : public Log {
 public:
  void write(LogLevel, std::string_view event, LogFields) noexcept override {
    const MutexLock lock(mutex_);
    lines_.emplace_back(event);
    written_.notify_all();
  }
  Lines wait_for(std::size_t count) {
    MutexLock lock(mutex_);
    written_.wait_for(lock, 1min, [&]() REQUIRES(mutex_) { return lines_.size() >= count; });
    return lines_;
  }

 private:
  Mutex mutex_;
  ConditionVariable written_;
  Lines lines_ GUARDED_BY(mutex_);
};

class CredentialsWatcherTest : public ::testing::Test {
 protected:
  ~CredentialsWatcherTest() override {
    watcher_->drain();
    worker_.stop();
    watcher_->close();
  }

  void watch() {
    watcher_.emplace(worker_.executor(), source_, keyring_, log_, [] {}, 1ms);
    watcher_->start();
  }
  // Another file under the same name, as `sluice credentials` leaves it.
  void replace(const std::string& text) {
    std::ofstream(path_ + ".new") << text;
    std::filesystem::rename(path_ + ".new", path_);
  }
  static std::string credential(const std::string& owner) {
    return "[[credentials]]\nowner = \"" + owner + "\"\napi_key = \"key-of-" + owner + "\"\n";
  }

  testing::TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/c.toml";
  AwaitedLog log_;
  CredentialsSource source_{{}, path_};
  auth::Keyring keyring_{{}, true};
  std::optional<CredentialsWatcher> watcher_;  // Outlives the loop.
  runtime::Worker worker_{"worker", log_};
};

TEST_F(CredentialsWatcherTest, GivesTheKeyringWhatStandsInTheFile) {
  replace(credential("ann"));
  watch();
  EXPECT_EQ(log_.wait_for(2), (Lines{"audit", "credentials read again"}));
  EXPECT_EQ(keyring_.size(), 1U);
  replace(credential("ann") + credential("bob"));
  EXPECT_EQ(log_.wait_for(4).size(), 4U);
  EXPECT_EQ(keyring_.size(), 2U);
}

TEST_F(CredentialsWatcherTest, AMistakeChangesNothingAndIsToldOnce) {
  replace(credential("ann"));
  watch();
  log_.wait_for(2);
  replace("no = credentials");
  EXPECT_EQ(log_.wait_for(3).back(), "the credentials stay what they were");
  replace("no = credentials");
  replace(credential("ann") + credential("bob"));
  EXPECT_EQ(log_.wait_for(5).back(), "credentials read again");
  EXPECT_EQ(keyring_.size(), 2U);
}

}  // namespace
}  // namespace sluice::config
