// SPDX-License-Identifier: MIT
#include "admin/supervisor.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "admin/supervisor_reports.h"
#include "base/check.h"
#include "support/temporary_directory.h"

namespace sluice::admin {
namespace {

// The supervisor's end; `address` is what NOTIFY_SOCKET would have.
class Receiver {
 public:
  explicit Receiver(const std::string& address) : address_(address) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::ranges::copy(address, name.sun_path);
    if (address.starts_with('@')) {
      name.sun_path[0] = '\0';
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    SLUICE_CHECK(::bind(socket_, reinterpret_cast<const sockaddr*>(&name), size) == 0);
  }
  ~Receiver() { ::close(socket_); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  const std::string& address() const { return address_; }
  // Empty: there is none.
  std::string next() const {
    std::array<char, 256> bytes{};
    const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), 0);
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

 private:
  std::string address_;
  int socket_ = -1;
};

TEST(SupervisorTest, GetsADatagramUnderAPathAndUnderAnAbstractName) {
  const testing::TemporaryDirectory directory;
  const std::string name = "@sluice-supervisor-test-" + std::to_string(::getpid());
  for (const std::string& address : {directory.path() + "/notify", name}) {
    const Receiver receiver(address);
    const auto supervisor = Supervisor::open(address, "");
    ASSERT_TRUE(supervisor.has_value()) << supervisor.error().message();
    supervisor->tell("READY=1\nSTATUS=well");
    EXPECT_EQ(receiver.next(), "READY=1\nSTATUS=well") << address;
    EXPECT_FALSE(supervisor->watchdog().has_value());
  }
}

TEST(SupervisorTest, IsNotWaitedFor) {
  const testing::TemporaryDirectory directory;
  const Receiver receiver(directory.path() + "/notify");
  const auto supervisor = Supervisor::open(receiver.address(), "");
  ASSERT_TRUE(supervisor.has_value());
  // More than its queue holds.
  for (int i = 0; i < 10'000; ++i) {
    supervisor->tell("WATCHDOG=1");
  }
  EXPECT_EQ(receiver.next(), "WATCHDOG=1");
}

TEST(SupervisorTest, IsNoneWhereTheEnvironmentNamesNone) {
  ::unsetenv("NOTIFY_SOCKET");
  const auto supervisor = Supervisor::from_environment();
  ASSERT_TRUE(supervisor.has_value());
  EXPECT_FALSE(supervisor->is_there());
  supervisor->tell("READY=1");
}

TEST(SupervisorTest, TakesItsVariablesOutOfTheEnvironment) {
  const testing::TemporaryDirectory directory;
  const Receiver receiver(directory.path() + "/notify");
  for (const auto& [process, watched] :
       {std::pair{std::to_string(::getpid()), true}, std::pair{std::string("1"), false}}) {
    ::setenv("NOTIFY_SOCKET", receiver.address().c_str(), 1);
    ::setenv("WATCHDOG_USEC", "30000000", 1);
    ::setenv("WATCHDOG_PID", process.c_str(), 1);
    const auto supervisor = Supervisor::from_environment();
    ASSERT_TRUE(supervisor.has_value());
    EXPECT_TRUE(supervisor->is_there());
    EXPECT_EQ(supervisor->watchdog() == Duration(std::chrono::seconds(30)), watched);
    EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
    EXPECT_EQ(std::getenv("WATCHDOG_USEC"), nullptr);
    EXPECT_EQ(std::getenv("WATCHDOG_PID"), nullptr);
  }
}

TEST(SupervisorTest, RefusesAnAddressThatItDoesNotKnow) {
  const testing::TemporaryDirectory directory;
  for (const std::string& address :
       {std::string("vsock:2:1"), std::string("@"), "/" + std::string(200, 'x')}) {
    const auto supervisor = Supervisor::open(address, "");
    ASSERT_FALSE(supervisor.has_value()) << address;
    EXPECT_NE(supervisor.error().message().find("expected an absolute path or @NAME"),
              std::string::npos);
  }
  const auto nobody = Supervisor::open(directory.path() + "/nobody", "");
  ASSERT_FALSE(nobody.has_value());
  EXPECT_NE(nobody.error().message().find("No such file"), std::string::npos);
}

TEST(StatusLineTest, SaysWhatGoesOnOrWhyNothingDoes) {
  EXPECT_EQ(status_line({}, 3, 1536ULL * 1024), "ready; uploads under way: 3; 1.5 MiB/s");
  EXPECT_EQ(status_line({"the disk\nis full", "the server is shutting down"}, 3, 0),
            "not ready: the disk\\nis full; the server is shutting down");
}

}  // namespace
}  // namespace sluice::admin
