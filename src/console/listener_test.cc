// SPDX-License-Identifier: MIT
#include "console/listener.h"

#include <gtest/gtest.h>

#include <array>

#include "base/limits.h"
#include "support/run.h"

namespace sluice::console {
namespace {

Listener::Text text(std::string words) {
  return std::make_shared<const std::string>(std::move(words));
}

std::string read(Listener& listener) {
  std::array<std::byte, 4> buffer;
  const auto count = testing::run(listener.read(buffer, Duration(1)));
  return count ? std::string(as_text(Bytes(buffer).first(*count))) : "an error";
}

TEST(Listener, HearsEverythingInPiecesUntilTheEnd) {
  Listener listener;
  EXPECT_TRUE(listener.tell(text("ab")));
  EXPECT_TRUE(listener.tell(text("cdefg")));
  listener.end();
  EXPECT_EQ(read(listener), "abcd");
  EXPECT_EQ(read(listener), "efg");
  EXPECT_EQ(read(listener), "");
  EXPECT_EQ(read(listener), "");
  EXPECT_FALSE(listener.remaining());
}

TEST(Listener, IsToldWhileItWaits) {
  boost::asio::io_context context(1);
  Listener listener;
  bool done = false;
  std::exception_ptr exception;
  std::string heard;
  const auto hear = [](Listener& from, std::string& words) -> runtime::Task<> {
    std::array<std::byte, 4> buffer;
    const auto count = co_await from.read(buffer, Duration(1));
    words = as_text(Bytes(buffer).first(*count));
  };
  testing::start_in(context, hear(listener, heard), done, exception);
  context.poll();
  EXPECT_FALSE(done);
  listener.tell(text("now"));
  testing::drive(context, done);
  EXPECT_EQ(heard, "now");
}

TEST(Listener, OneThatDoesNotReadIsLetGo) {
  Listener listener;
  const Listener::Text half = text(std::string(limits::console_unread_bytes_max / 2, 'x'));
  EXPECT_TRUE(listener.tell(half));
  EXPECT_EQ(read(listener), "xxxx");
  EXPECT_TRUE(listener.tell(half));
  EXPECT_EQ(half.use_count(), 3);
  EXPECT_FALSE(listener.tell(text("12345")));
  EXPECT_EQ(half.use_count(), 1) << "nothing is kept for it";
  EXPECT_EQ(read(listener), "");
}

}  // namespace
}  // namespace sluice::console
