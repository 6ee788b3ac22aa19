// SPDX-License-Identifier: MIT
#include "cli/piped_input.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"

namespace sluice::cli {
namespace {

constexpr Duration long_patience{60'000};

class PipedInputTest : public ::testing::Test {
 protected:
  PipedInputTest() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~PipedInputTest() override {
    close_writer();
    ::close(ends_[0]);
  }

  void write(const std::string& text) const {
    EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close_writer() {
    if (ends_[1] >= 0) {
      ::close(std::exchange(ends_[1], -1));
    }
  }
  int reader() const { return ends_[0]; }

  static PipedInput::Available wait(PipedInput& input, ByteRange piece,
                                    Duration patience = long_patience) {
    const auto available = input.wait(piece, patience, [] { return true; });
    EXPECT_TRUE(available && *available);
    return **available;
  }
  static std::string text(const PipedInput& input, ByteRange range) {
    std::string all;
    while (all.size() < range.size()) {
      std::string part(range.size() - all.size(), '?');
      part.resize(input.read_at(part, range.begin + all.size()).value_or(0));
      all += part;
    }
    return all;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST_F(PipedInputTest, keeps_a_byte_back_until_the_end_is_seen) {
  PipedInput input(reader(), 4);
  write("abcde");
  const PipedInput::Available more = wait(input, {0, 4});
  EXPECT_FALSE(more.ended);
  EXPECT_EQ(more.end, 4U);
  EXPECT_EQ(text(input, {0, 4}), "abcd");
  close_writer();
  const PipedInput::Available all = wait(input, {4, 8});
  EXPECT_TRUE(all.ended);
  EXPECT_EQ(all.end, 5U);
  EXPECT_EQ(text(input, {4, 5}), "e");
}

TEST_F(PipedInputTest, reads_no_more_than_two_pieces_ahead) {
  PipedInput input(reader(), 4);
  write("0123456789ab");
  close_writer();
  EXPECT_EQ(wait(input, {0, 7}).end, 7U) << "two pieces are there, and one byte is kept back";
  EXPECT_EQ(input.begin(), 0U);
  input.release(4);
  EXPECT_EQ(input.begin(), 4U);
  EXPECT_EQ(wait(input, {4, 11}).end, 11U);
  EXPECT_EQ(text(input, {4, 11}), "456789a") << "round the ring";
  input.release(8);
  const PipedInput::Available all = wait(input, {8, 12});
  EXPECT_TRUE(all.ended);
  EXPECT_EQ(all.end, 12U);
  input.release(12);
  EXPECT_EQ(text(input, {11, 12}), "b") << "the last byte asks for the answer";
  EXPECT_EQ(input.digest(), to_hex(sha256("0123456789ab")));
}

TEST_F(PipedInputTest, does_not_let_the_bytes_of_a_slow_writer_wait) {
  PipedInput input(reader(), 1024);
  write("abc");
  const PipedInput::Available some = wait(input, {0, 1024}, Duration{1});
  EXPECT_FALSE(some.ended);
  EXPECT_EQ(some.end, 2U);
}

TEST_F(PipedInputTest, an_empty_input_is_an_end) {
  PipedInput input(reader(), 4);
  close_writer();
  const PipedInput::Available none = wait(input, {0, 4});
  EXPECT_TRUE(none.ended);
  EXPECT_EQ(none.end, 0U);
}

TEST_F(PipedInputTest, stops_waiting_for_a_writer_that_does_not_write) {
  PipedInput input(reader(), 4);
  const auto available = input.wait({0, 4}, long_patience, [] { return false; });
  ASSERT_TRUE(available);
  EXPECT_EQ(*available, std::nullopt);
}

TEST(PipedInput, tells_that_it_cannot_be_read) {
  const int folder = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  {
    PipedInput input(folder, 4);
    const auto available = input.wait({0, 4}, long_patience, [] { return true; });
    ASSERT_FALSE(available);
    EXPECT_EQ(available.error(), "cannot be read: Is a directory");
  }
  ::close(folder);
}

}  // namespace
}  // namespace sluice::cli
