// SPDX-License-Identifier: MIT
#include "store/turn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "runtime/blocking_pool.h"
#include "runtime/posix_disk.h"
#include "store/file_source.h"
#include "store/local/open_file.h"
#include "support/recording_disk.h"
#include "support/run.h"
#include "support/temporary_directory.h"

namespace sluice::store {
namespace {

using local::FileTools;
using local::OpenFile;
using local::Shards;
using sluice::testing::RecordingDisk;
constexpr Duration long_turn = std::chrono::hours(1);

// All bytes asked for are there, up to `at_once` a call.
class Reader final : public runtime::Loan {
 public:
  explicit Reader(std::size_t at_once) : at_once_(at_once) {}

  std::size_t read(MutableBytes buffer, Duration /*patience*/) override {
    const std::size_t count = std::min(buffer.size(), at_once_);
    std::ranges::fill(buffer.first(count), std::byte{'r'});
    asked.push_back(buffer.size());
    return count;
  }

  std::vector<std::size_t> asked;

 private:
  const std::size_t at_once_;
};

// The bytes lie in a socket.
class Socket final : public runtime::Loan {
 public:
  explicit Socket(std::uint64_t left) : left_(left) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0);
    const int size = 4 << 20;
    ::setsockopt(ends_[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  }
  ~Socket() override {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send(const std::string& text) {
    ASSERT_EQ(::send(ends_[0], text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  void close_sender() { ::shutdown(ends_[0], SHUT_WR); }

  std::size_t read(MutableBytes buffer, Duration /*patience*/) override {
    const ssize_t count = ::recv(ends_[1], buffer.data(), buffer.size(), 0);
    return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  }
  std::optional<Descriptor> descriptor() override {
    return is_plain ? std::optional(Descriptor{ends_[1], left_}) : std::nullopt;
  }
  void took(std::uint64_t bytes) override {
    left_ -= bytes;
    if (ends_after_first) {
      is_plain = false;
    }
  }

  bool is_plain = true;
  bool ends_after_first = false;  // Without a descriptor for the rest.

 private:
  std::array<int, 2> ends_{};
  std::uint64_t left_;
};

class TurnTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t id = 0x1ab;

  TurnTest() { EXPECT_TRUE(file.open(0, 0)); }

  Result<> run(Turn& turn) { return turn.run(pipes, buffer); }
  std::string contents() const {
    std::ifstream stream(tools.shards.blob_path(id), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  sluice::testing::TemporaryDirectory directory;
  RecordingDisk disk{directory.path()};
  Metrics metrics;
  FileTools tools{
      disk, Durability::commit, metrics, Shards(disk, directory.path(), Durability::commit), {}};
  OpenFile file{tools, id};
  runtime::PipePool pipes;
  std::vector<std::byte> buffer{limits::buffer_bytes};
};

TEST_F(TurnTest, EndsWithItsBytes) {
  Reader sender(limits::pipe_bytes);
  Turn turn(file, sender, {7, 107}, long_turn);
  EXPECT_TRUE(run(turn));
  EXPECT_EQ(turn.bytes(), 100U);
  EXPECT_TRUE(turn.is_fast());
  EXPECT_EQ(contents().substr(7), std::string(100, 'r'));
}

TEST_F(TurnTest, EndsWithTheFirstBufferThatIsNotFilled) {
  Reader sender(99);
  Turn turn(file, sender, {0, 1000}, long_turn);
  EXPECT_TRUE(run(turn));
  EXPECT_EQ(turn.bytes(), 99U);
  EXPECT_FALSE(turn.is_fast());
}

TEST_F(TurnTest, EndsWithItsTime) {
  Reader sender(limits::pipe_bytes);
  Turn turn(file, sender, {0, limits::pipe_bytes}, Duration(0));
  EXPECT_TRUE(run(turn));
  EXPECT_EQ(turn.bytes(), 0U);
  EXPECT_TRUE(turn.is_fast());
}

TEST_F(TurnTest, BuffersEndAtMultiplesOfTheirSizeInTheFile) {
  Reader sender(limits::buffer_bytes);
  Turn turn(file, sender, {limits::buffer_bytes + 5, 3 * limits::buffer_bytes}, long_turn);
  EXPECT_TRUE(run(turn));
  EXPECT_EQ(sender.asked,
            (std::vector<std::size_t>{limits::buffer_bytes - 5, limits::buffer_bytes}));
  EXPECT_TRUE(turn.is_fast()) << "it gave all that it was asked for";
}

TEST_F(TurnTest, TakesFromADescriptorWhatIsThereAndNotMoreThanIsLeft) {
  Socket sender(9);
  sender.send("abcdefghiGET");
  Turn turn(file, sender, {3, 100}, long_turn);
  EXPECT_TRUE(run(turn));
  EXPECT_EQ(turn.bytes(), 9U);
  EXPECT_EQ(contents().substr(3), "abcdefghi");
  std::array<std::byte, 8> behind{};
  EXPECT_EQ(sender.read(behind, Duration(1)), 3U);
}

TEST_F(TurnTest, AWholeBufferFromADescriptorIsFastAndLessIsNot) {
  Socket fast(limits::pipe_bytes);
  fast.send(std::string(limits::buffer_bytes, 'x'));
  Turn turn(file, fast, {0, limits::buffer_bytes}, long_turn);
  EXPECT_TRUE(run(turn));
  EXPECT_TRUE(turn.is_fast());
  Socket slow(limits::pipe_bytes);
  slow.send("abc");
  Turn other(file, slow, {0, limits::buffer_bytes}, long_turn);
  EXPECT_TRUE(run(other));
  EXPECT_EQ(other.bytes(), 3U);
  EXPECT_FALSE(other.is_fast());
}

// Bytes that come in small segments fill the pipe's pages, not its bytes.
TEST_F(TurnTest, AFullPipeIsFastHoweverFewBytesItHolds) {
  auto pipe = runtime::Pipe::open();
  ASSERT_TRUE(pipe);
  ASSERT_GT(::fcntl(pipe->write_end(), F_SETPIPE_SZ, 4096), 0);
  pipes.give_back(*std::move(pipe));
  Socket sender(limits::pipe_bytes);
  sender.send(std::string(6000, 'x'));
  Turn turn(file, sender, {0, limits::pipe_bytes}, long_turn);
  EXPECT_TRUE(run(turn));
  EXPECT_EQ(turn.bytes(), 6000U) << "it went on after the full one";
  EXPECT_FALSE(turn.is_fast()) << "then less came";
}

TEST_F(TurnTest, ReadsWhatCannotBeTakenFromTheDescriptor) {
  Socket sender(100);
  sender.send("abcdef");
  sender.ends_after_first = true;
  Turn turn(file, sender, {0, 100}, long_turn);
  EXPECT_TRUE(run(turn));
  EXPECT_EQ(contents(), "abcdef");
  Socket ciphered(100);
  ciphered.is_plain = false;
  ciphered.send("ghi");
  Turn other(file, ciphered, {6, 100}, long_turn);
  EXPECT_TRUE(run(other));
  EXPECT_EQ(contents(), "abcdefghi");
}

TEST_F(TurnTest, TheEndOfTheSenderEndsIt) {
  Socket sender(100);
  sender.send("abc");
  sender.close_sender();
  Turn turn(file, sender, {0, 100}, long_turn);
  EXPECT_TRUE(run(turn));
  EXPECT_EQ(turn.bytes(), 3U);
}

TEST_F(TurnTest, TellsHowFarItCameBeforeAnError) {
  disk.fail_on("write");
  Reader sender(4);
  Turn turn(file, sender, {0, 4}, long_turn);
  EXPECT_FALSE(run(turn));
  EXPECT_EQ(turn.bytes(), 0U);
}

TEST_F(TurnTest, WhatAFailedWriteLeavesInAPipeGetsIntoNoOtherFile) {
  Socket sender(100);
  sender.send("secret");
  disk.fail_on("write");
  Turn failing(file, sender, {0, 100}, long_turn);
  EXPECT_FALSE(run(failing));
  EXPECT_EQ(failing.bytes(), 0U);
  disk.fail_on("");
  Socket next(100);
  next.send("open");
  Turn turn(file, next, {0, 100}, long_turn);
  EXPECT_TRUE(run(turn));
  EXPECT_EQ(contents(), "open");
}

// A file in place of a body.
class TurnOfAFileTest : public TurnTest {
 protected:
  TurnOfAFileTest() {
    for (std::size_t i = 0; i < 300'000; ++i) {
      bytes += static_cast<char>(i % 251);
    }
    std::ofstream(path(), std::ios::binary) << bytes;
  }
  std::string path() const { return directory.path() + "/other"; }
  // From its byte `begin` on.
  FileSource source_from(std::uint64_t begin) {
    return {pool, *posix.open(path(), runtime::OpenMode::read_only), {begin, bytes.size()}, "it"};
  }

  std::string bytes;
  runtime::PosixDisk posix;
  runtime::BlockingPool pool{0};
};

TEST_F(TurnOfAFileTest, CopiesItBesideThisProcessWhereTheDiskCan) {
  for (const bool copies : {true, false}) {
    disk.copies = copies;
    FileSource source = source_from(100);
    const std::unique_ptr<runtime::Loan> loan = source.lend();
    Turn turn(file, *loan, {7, 250'007}, long_turn);
    buffer.assign(buffer.size(), std::byte{});
    EXPECT_TRUE(run(turn));
    EXPECT_EQ(turn.bytes(), 250'000U);
    EXPECT_TRUE(turn.is_fast());
    EXPECT_EQ(contents().substr(7), bytes.substr(100, 250'000));
    EXPECT_EQ(source.remaining(), bytes.size() - 250'100);
    EXPECT_EQ(buffer.front() == std::byte{}, copies) << "nothing was read";
    EXPECT_FALSE(file.is_clean({})) << "it is to be synced";
    EXPECT_TRUE(file.sync({}));
  }
}

TEST_F(TurnOfAFileTest, EndsWithIt) {
  FileSource source = source_from(299'000);
  const std::unique_ptr<runtime::Loan> loan = source.lend();
  Turn turn(file, *loan, {0, 5000}, long_turn);
  EXPECT_TRUE(run(turn));
  EXPECT_EQ(turn.bytes(), 1000U);
  EXPECT_EQ(source.remaining(), 0U);
}

TEST_F(TurnOfAFileTest, EndsWhereItIsCutOffOrShorterThanItWas) {
  FileSource cut = source_from(0);
  const std::unique_ptr<runtime::Loan> loan = cut.lend();
  cut.cancel(Errc::draining);
  Turn none(file, *loan, {0, 5000}, long_turn);
  EXPECT_TRUE(run(none));
  EXPECT_EQ(none.bytes(), 0U);
  FileSource shorter = source_from(0);
  std::ofstream(path(), std::ios::binary) << "abc";
  const std::unique_ptr<runtime::Loan> other = shorter.lend();
  Turn three(file, *other, {0, 5000}, long_turn);
  EXPECT_TRUE(run(three));
  EXPECT_EQ(three.bytes(), 3U);
  EXPECT_FALSE(sluice::testing::run(shorter.read(buffer, Duration(0)))) << "which tells of it";
}

TEST_F(TurnOfAFileTest, AFullDiskIsTold) {
  disk.fail_on("write", Errc::disk_full);
  FileSource source = source_from(0);
  const std::unique_ptr<runtime::Loan> loan = source.lend();
  Turn turn(file, *loan, {0, 5000}, long_turn);
  EXPECT_EQ(run(turn).error().code(), Errc::disk_full);
  EXPECT_EQ(turn.bytes(), 0U);
}

}  // namespace
}  // namespace sluice::store
