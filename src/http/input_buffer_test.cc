// SPDX-License-Identifier: MIT
#include "http/input_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/limits.h"

namespace sluice::http {
namespace {

void put(InputBuffer& buffer, std::string_view text, std::size_t capacity_max) {
  const MutableBytes room = buffer.room(capacity_max);
  ASSERT_GE(room.size(), text.size());
  std::ranges::copy(as_bytes(text), room.begin());
  buffer.added(text.size());
}

TEST(InputBuffer, StartsSmallAndDoublesUpToItsBound) {
  InputBuffer buffer;
  std::string all;
  std::vector<std::size_t> capacities;
  for (;;) {
    const std::size_t room = buffer.room(limits::head_bytes_max).size();
    if (room == 0) {
      break;
    }
    capacities.push_back(all.size() + room);
    const std::string piece(room, static_cast<char>('a' + capacities.size()));
    put(buffer, piece, limits::head_bytes_max);
    all += piece;
  }
  EXPECT_EQ(capacities, (std::vector<std::size_t>{2048, 4096, 8192, 16384, 24576}));
  EXPECT_EQ(as_text(buffer.unread()), all);
}

TEST(InputBuffer, ReusesTheSpaceOfUsedBytes) {
  InputBuffer buffer;
  put(buffer, std::string(limits::head_bytes_first, 'x'), limits::head_bytes_first);
  EXPECT_TRUE(buffer.room(limits::head_bytes_first).empty());
  buffer.consume(limits::head_bytes_first - 3);
  put(buffer, "new", limits::head_bytes_first);
  EXPECT_EQ(as_text(buffer.unread()), "xxxnew");
}

TEST(InputBuffer, GrowsWithUnreadBytesInIt) {
  InputBuffer buffer;
  put(buffer, "used and unread", limits::head_bytes_max);
  buffer.consume(9);
  buffer.reserve(limits::chunked_input_bytes);
  EXPECT_EQ(as_text(buffer.unread()), "unread");
  EXPECT_EQ(buffer.room(limits::chunked_input_bytes).size(), limits::chunked_input_bytes - 6);
}

TEST(InputBuffer, GivesItsMemoryBackOnlyWhenNothingIsUnread) {
  InputBuffer buffer;
  put(buffer, "ab", limits::head_bytes_max);
  buffer.release();
  EXPECT_EQ(as_text(buffer.unread()), "ab");
  buffer.consume(2);
  buffer.reserve(limits::chunked_input_bytes);
  buffer.release();
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.room(limits::head_bytes_max).size(), limits::head_bytes_first);
}

}  // namespace
}  // namespace sluice::http
