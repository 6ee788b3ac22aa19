// SPDX-License-Identifier: MIT
#include "net/listening_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/check.h"

namespace sluice::net {
namespace {

namespace fs = std::filesystem;

constexpr mode_t mode = 0640;

class ListeningSocketTest : public ::testing::Test {
 protected:
  ListeningSocketTest() {
    std::string name = ::testing::TempDir() + "sluice_socket_XXXXXX";
    SLUICE_CHECK(::mkdtemp(name.data()) != nullptr);
    directory_ = name;
  }
  ~ListeningSocketTest() override { fs::remove_all(directory_); }

  fs::path path() const { return directory_ / "s"; }
  Endpoint endpoint() const { return *parse_endpoint("unix:" + path().string()); }
  bool connects() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path().string(), address.sun_path);
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool connected =
        ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(client);
    return connected;
  }
  // As after a SIGKILL: the name is there and no process listens.
  void leave_a_name_behind() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path().string(), address.sun_path);
    const int dead = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SLUICE_CHECK(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::close(dead);
  }

  fs::path directory_;
};

TEST_F(ListeningSocketTest, HasANameWithItsModeWhileItLives) {
  const mode_t umask_before = ::umask(0);
  {
    const auto socket = ListeningSocket::open(endpoint(), mode);
    ASSERT_TRUE(socket) << socket.error().message();
    EXPECT_EQ(socket->family(), AF_UNIX);
    struct stat status{};
    ASSERT_EQ(::lstat(path().c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 0777U, mode);
    EXPECT_TRUE(connects());
  }
  ::umask(umask_before);
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(ListeningSocketTest, HasItsModeWhateverTheUmaskIs) {
  const mode_t umask_before = ::umask(0777);
  const auto socket = ListeningSocket::open(endpoint(), 0666);
  ::umask(umask_before);
  ASSERT_TRUE(socket) << socket.error().message();
  struct stat status{};
  ASSERT_EQ(::lstat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0666U);
}

TEST_F(ListeningSocketTest, ReplacesTheNameThatADeadProcessLeft) {
  leave_a_name_behind();
  ASSERT_FALSE(connects());
  const auto socket = ListeningSocket::open(endpoint(), mode);
  ASSERT_TRUE(socket) << socket.error().message();
  EXPECT_TRUE(connects());
}

TEST_F(ListeningSocketTest, RefusesANameThatIsInUseAndLeavesItAlone) {
  const auto first = ListeningSocket::open(endpoint(), mode);
  ASSERT_TRUE(first);
  const auto second = ListeningSocket::open(endpoint(), mode);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message(),
            "cannot bind unix:" + path().string() + ": Address already in use");
  EXPECT_TRUE(connects());
}

TEST_F(ListeningSocketTest, NeverRemovesAFileThatIsNoSocket) {
  std::ofstream(path()) << "precious";
  const auto socket = ListeningSocket::open(endpoint(), mode);
  ASSERT_FALSE(socket);
  EXPECT_EQ(fs::file_size(path()), 8U);
}

TEST_F(ListeningSocketTest, LeavesANameThatAnotherTookOver) {
  auto first = ListeningSocket::open(endpoint(), mode);
  ASSERT_TRUE(first);
  fs::rename(path(), directory_ / "kept");  // Its inode is not used again.
  const auto second = ListeningSocket::open(endpoint(), mode);
  ASSERT_TRUE(second) << second.error().message();
  first->close();
  EXPECT_TRUE(connects());
}

TEST_F(ListeningSocketTest, ErrorsNameThePathAndTheReason) {
  const auto socket = ListeningSocket::open(*parse_endpoint("unix:/nowhere/at/all"), mode);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().message(),
            "cannot bind unix:/nowhere/at/all: No such file or directory");
}

}  // namespace
}  // namespace sluice::net
