// SPDX-License-Identifier: MIT
#include "admin/supervisor_reports.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <string>

#include "base/check.h"
#include "runtime/worker.h"
#include "support/memory_journal.h"
#include "support/memory_store.h"
#include "support/recording_log.h"
#include "support/temporary_directory.h"

namespace sluice::admin {
namespace {

class SupervisorReportsTest : public ::testing::Test {
 protected:
  SupervisorReportsTest() {
    const std::string path = directory_.path() + "/notify";
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::ranges::copy(path, name.sun_path);
    SLUICE_CHECK(::bind(socket_, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
    supervisor_ = *Supervisor::open(path, "20000");
  }
  ~SupervisorReportsTest() override { ::close(socket_); }

  // False: none came in `timeout`.
  bool hears(const std::string& wanted, std::chrono::milliseconds timeout) const {
    const auto until = std::chrono::steady_clock::now() + timeout;
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      pollfd polled{.fd = socket_, .events = POLLIN, .revents = 0};
      if (left.count() <= 0 || ::poll(&polled, 1, static_cast<int>(left.count())) <= 0) {
        return false;
      }
      std::array<char, 256> bytes{};
      const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), 0);
      if (std::string(bytes.data(), static_cast<std::size_t>(size)).starts_with(wanted)) {
        return true;
      }
    }
  }
  void forget_what_came() const {
    std::array<char, 256> bytes{};
    while (::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
    }
  }

  const testing::TemporaryDirectory directory_;
  const int socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  Supervisor supervisor_;
  testing::RecordingLog log_;
  Metrics metrics_;
  testing::MemoryJournal journal_;
  testing::MemoryStore store_;
  runtime::BlockingPool pool_{0};  // Inline.
  ServerPages pages_{metrics_, journal_, store_, store_, pool_, 0};
  runtime::Worker first_{"first", log_};
  runtime::Worker second_{"second", log_};
};

TEST_F(SupervisorReportsTest, BeatWhileEveryLoopGoesRound) {
  constexpr std::chrono::seconds long_enough{30};
  SupervisorReports reports(supervisor_, {first_.executor(), second_.executor()}, pages_, metrics_,
                            log_);
  reports.start();
  EXPECT_TRUE(hears("STATUS=", long_enough));
  EXPECT_TRUE(hears("WATCHDOG=1", long_enough));
  EXPECT_TRUE(hears("WATCHDOG=1", long_enough));

  std::promise<void> stands;
  std::promise<void> goes_on;
  boost::asio::post(second_.executor(), [&] {
    stands.set_value();
    goes_on.get_future().wait();
  });
  stands.get_future().wait();
  // One beat may be on its way back.
  forget_what_came();
  hears("WATCHDOG=1", std::chrono::milliseconds(40));
  EXPECT_FALSE(hears("WATCHDOG=1", std::chrono::milliseconds(200)));
  goes_on.set_value();
  EXPECT_TRUE(hears("WATCHDOG=1", long_enough));

  reports.drain();
  forget_what_came();
  EXPECT_FALSE(hears("WATCHDOG=1", std::chrono::milliseconds(100)));
}

}  // namespace
}  // namespace sluice::admin
