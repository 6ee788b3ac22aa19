// SPDX-License-Identifier: MIT
#include "upload/fast_body.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "support/scripted_source.h"

namespace sluice::upload {
namespace {

constexpr Duration long_turn = std::chrono::hours(1);

// What it is asked for is there, up to `at_once` bytes a call.
class Sender final : public runtime::ByteSource {
 public:
  explicit Sender(std::size_t at_once) : at_once_(at_once) {}

  runtime::Task<Result<>> wait_readable() override { co_return Result<>(); }
  runtime::Task<Result<std::size_t>> read(MutableBytes /*buffer*/, Duration /*patience*/) override {
    co_return std::size_t{0};
  }
  std::size_t read_blocking(MutableBytes buffer, Duration /*patience*/) override {
    return std::min(buffer.size(), at_once_);
  }
  std::optional<std::size_t> move_blocking(runtime::Pipe& pipe, std::size_t size,
                                           Duration /*patience*/) override {
    const std::vector<std::byte> bytes(std::min(size, at_once_));
    const ssize_t count = ::write(pipe.write_end(), bytes.data(), bytes.size());
    return static_cast<std::size_t>(std::max<ssize_t>(count, 0));  // -1: it is full.
  }
  std::optional<std::uint64_t> remaining() const override { return std::nullopt; }
  void cancel(Errc /*reason*/) override {}

 private:
  const std::size_t at_once_;
};

runtime::Pipe open_pipe() {
  auto pipe = runtime::Pipe::open();
  SLUICE_CHECK(pipe.has_value());
  return *std::move(pipe);
}

void empty(const runtime::Pipe& pipe, std::size_t size) {
  std::vector<std::byte> bytes(size);
  ASSERT_EQ(::read(pipe.read_end(), bytes.data(), size), static_cast<ssize_t>(size));
}

TEST(FastBodyTest, ATurnEndsWithItsBytes) {
  Sender sender(limits::pipe_bytes);
  runtime::Pipe pipe = open_pipe();
  FastBody body(sender, {7, limits::pipe_bytes + 10}, long_turn);
  std::vector<std::byte> buffer(100);
  EXPECT_EQ(body.read(buffer), 100U);
  EXPECT_EQ(body.move(pipe), limits::pipe_bytes - 97) << "the rest of it";
  EXPECT_EQ(body.move(pipe), 0U);
  EXPECT_EQ(body.read(buffer), 0U);
  EXPECT_TRUE(body.is_fast());
}

TEST(FastBodyTest, ATurnEndsWithTheFirstBufferThatIsNotFilled) {
  Sender sender(99);
  FastBody body(sender, {0, 1000}, long_turn);
  std::vector<std::byte> buffer(100);
  EXPECT_EQ(body.read(buffer), 99U);
  EXPECT_FALSE(body.is_fast());
  EXPECT_EQ(body.read(buffer), 0U);
}

TEST(FastBodyTest, ATurnEndsWithItsTime) {
  Sender sender(limits::pipe_bytes);
  runtime::Pipe pipe = open_pipe();
  FastBody body(sender, {0, limits::pipe_bytes}, Duration(0));
  std::vector<std::byte> buffer(100);
  EXPECT_EQ(body.read(buffer), 0U);
  EXPECT_EQ(body.move(pipe), 0U);
  EXPECT_TRUE(body.is_fast());
}

TEST(FastBodyTest, BuffersEndAtMultiplesOfTheirSizeInTheFile) {
  Sender sender(limits::buffer_bytes);
  FastBody body(sender, {limits::buffer_bytes + 5, 10 * limits::buffer_bytes}, long_turn);
  std::vector<std::byte> buffer(limits::buffer_bytes);
  EXPECT_EQ(body.read(buffer), limits::buffer_bytes - 5);
  EXPECT_EQ(body.read(buffer), limits::buffer_bytes);
  EXPECT_TRUE(body.is_fast()) << "it gave all that it was asked for";
}

TEST(FastBodyTest, WhoMovesABufferAtOnceIsFastAndNobodyElse) {
  runtime::Pipe pipe = open_pipe();
  Sender fast(limits::buffer_bytes);
  FastBody body(fast, {0, 2 * limits::pipe_bytes}, long_turn);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(body.move(pipe), limits::buffer_bytes);
    EXPECT_TRUE(body.is_fast());
    empty(pipe, limits::buffer_bytes);
  }
  Sender slow(limits::buffer_bytes - 1);
  FastBody other(slow, {0, 2 * limits::pipe_bytes}, long_turn);
  EXPECT_EQ(other.move(pipe), limits::buffer_bytes - 1);
  EXPECT_FALSE(other.is_fast());
  EXPECT_EQ(other.move(pipe), 0U);
}

// What comes in small segments fills the pipe's pages, not its bytes.
TEST(FastBodyTest, WhoFillsThePipeIsFastHoweverFewBytesItTook) {
  runtime::Pipe pipe = open_pipe();
  ASSERT_GT(::fcntl(pipe.write_end(), F_SETPIPE_SZ, 4096), 0);
  Sender sender(limits::pipe_bytes);
  FastBody body(sender, {0, 2 * limits::pipe_bytes}, long_turn);
  EXPECT_EQ(body.move(pipe), 4096U);
  EXPECT_TRUE(body.is_fast());
  EXPECT_EQ(body.move(pipe), 0U) << "it is full";
  EXPECT_FALSE(body.is_fast()) << "nothing came";
}

TEST(FastBodyTest, WhatCannotBeMovedCanStillBeRead) {
  testing::ScriptedSource source("abc");
  runtime::Pipe pipe = open_pipe();
  FastBody body(source, {0, 3}, long_turn);
  EXPECT_EQ(body.move(pipe), std::nullopt);
  std::vector<std::byte> buffer(3);
  EXPECT_EQ(body.read(buffer), 3U);
}

TEST(FastBodyTest, TheSourceIsLentForTheTurn) {
  testing::ScriptedSource source("abc");
  {
    const FastBody body(source, {0, 3}, long_turn);
    EXPECT_TRUE(source.is_lent);
  }
  EXPECT_FALSE(source.is_lent);
  const FastBody nothing(source, {3, 3}, long_turn);
  EXPECT_FALSE(source.is_lent) << "nothing is read";
}

}  // namespace
}  // namespace sluice::upload
