// SPDX-License-Identifier: MIT
#include "net/passed_sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/check.h"

namespace sluice::net {
namespace {

constexpr std::array<std::string_view, 2> names{"http", "https"};
// Other descriptors of the test program are below it.
constexpr int first_descriptor = 200;

int listening_on_loopback() {
  Result<ListeningSocket> socket = ListeningSocket::open(*parse_endpoint("127.0.0.1:0"), 0600);
  SLUICE_CHECK(socket.has_value());
  return socket->release_descriptor();
}

// Descriptors from `first_descriptor` on, closed at the end where no PassedSockets has taken them.
class Descriptors {
 public:
  explicit Descriptors(const std::vector<int>& opened) {
    for (const int descriptor : opened) {
      SLUICE_CHECK(::dup2(descriptor, first_descriptor + count_) == first_descriptor + count_);
      ::close(descriptor);
      ++count_;
    }
  }
  ~Descriptors() {
    for (int i = 0; i < count_; ++i) {
      ::close(first_descriptor + i);
    }
  }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;

 private:
  int count_ = 0;
};

TEST(PassedSocketsTest, AreTakenByTheirNames) {
  const Descriptors opened({listening_on_loopback(), listening_on_loopback()});
  auto passed = PassedSockets::parse("2", "https:http", names, first_descriptor);
  ASSERT_TRUE(passed.has_value()) << passed.error().message();
  const auto plain = passed->take("http");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->descriptor(), first_descriptor + 1);
  EXPECT_EQ(plain->family(), AF_INET);
  EXPECT_EQ(plain->endpoint().address, "127.0.0.1");
  EXPECT_NE(plain->endpoint().port, 0);
  // No child gets it, and no accept() blocks.
  EXPECT_EQ(::fcntl(first_descriptor + 1, F_GETFD), FD_CLOEXEC);
  EXPECT_NE(::fcntl(first_descriptor + 1, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_FALSE(passed->take("http").has_value());
  EXPECT_EQ(passed->left(), "https");
}

TEST(PassedSocketsTest, NoneIsNoError) {
  const auto passed = PassedSockets::parse("0", "", names, first_descriptor);
  ASSERT_TRUE(passed.has_value());
  EXPECT_EQ(passed->left(), "");
}

struct Refusal {
  const char* count;
  const char* names;
  const char* words;
};

class PassedSocketsRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(PassedSocketsRefusalTest, SaysWhatWasExpected) {
  const Descriptors opened({listening_on_loopback(), listening_on_loopback()});
  const auto passed =
      PassedSockets::parse(GetParam().count, GetParam().names, names, first_descriptor);
  ASSERT_FALSE(passed.has_value());
  EXPECT_NE(passed.error().message().find(GetParam().words), std::string::npos)
      << passed.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    All, PassedSocketsRefusalTest,
    ::testing::Values(
        Refusal{"3", "http:https:http", "LISTEN_FDS: expected at most 2 sockets, got 3"},
        Refusal{"-1", "http", "LISTEN_FDS: expected at most 2 sockets, got -1"},
        Refusal{"2", "http", "expected the names of 2 sockets, got \"http\""},
        Refusal{"1", "", "expected the names of 1 sockets, got \"\""},
        Refusal{"1", "x", "a socket named \"x\" was passed, expected http or https"},
        Refusal{"1", "sluice.socket", "FileDescriptorName= of the socket unit names it"},
        Refusal{"2", "http:http", "two sockets named \"http\" were passed"}));

TEST(PassedSocketsTest, AnythingElseIsRefused) {
  const Descriptors opened({::open("/dev/null", O_RDONLY | O_CLOEXEC),
                            ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)});
  const auto file = PassedSockets::parse("1", "http", names, first_descriptor);
  ASSERT_FALSE(file.has_value());
  EXPECT_NE(file.error().message().find("is no socket"), std::string::npos);
  const auto silent = PassedSockets::parse("1", "http", names, first_descriptor + 1);
  ASSERT_FALSE(silent.has_value());
  EXPECT_NE(silent.error().message().find("no stream socket that listens"), std::string::npos);
}

TEST(PassedSocketsTest, OfAnotherProcessAreNotTaken) {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_FDNAMES", "http", 1);
  const auto passed = PassedSockets::from_environment(names);
  ASSERT_TRUE(passed.has_value());
  EXPECT_EQ(passed->left(), "");
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
}

}  // namespace
}  // namespace sluice::net
