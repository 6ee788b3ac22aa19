// SPDX-License-Identifier: MIT
#include "video/recent_chunks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"

namespace sluice::video {
namespace {

constexpr std::uint64_t chunk_bytes = limits::asked_chunk_bytes;

// Each byte tells its place.
class CountedFile final : public runtime::ReadableFile {
 public:
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
    reads.push_back(offset / chunk_bytes);
    for (std::size_t i = 0; i < buffer.size(); ++i) {
      buffer[i] = static_cast<std::byte>((offset + i) / 1000);
    }
    return failure ? fail(*failure) : Result<std::size_t>(buffer.size());
  }
  int descriptor() const noexcept override { return -1; }

  std::vector<std::uint64_t> reads;
  std::optional<Errc> failure;
};

class RecentChunksTest : public ::testing::Test {
 protected:
  // What comes at once.
  std::size_t read(RecentChunks& chunks, std::uint64_t offset, std::size_t size) {
    std::vector<std::byte> buffer(size);
    const Result<std::size_t> count = chunks.read_at(offset, buffer);
    EXPECT_TRUE(count);
    for (std::size_t i = 0; i < count.value_or(0); ++i) {
      EXPECT_EQ(buffer[i], static_cast<std::byte>((offset + i) / 1000));
    }
    return count.value_or(0);
  }

  CountedFile file;
};

TEST_F(RecentChunksTest, GivesWhatAChunkHas) {
  RecentChunks chunks(file, 2 * chunk_bytes + 5);
  EXPECT_EQ(read(chunks, 0, 9), 9U);
  EXPECT_EQ(read(chunks, chunk_bytes - 3, 9), 3U);
  EXPECT_EQ(read(chunks, chunk_bytes, 9), 9U);
  EXPECT_EQ(read(chunks, 2 * chunk_bytes + 1, 9), 4U);
  EXPECT_EQ(file.reads, (std::vector<std::uint64_t>{0, 1, 2}));
}

TEST_F(RecentChunksTest, KeepsThoseThatWereUsedLast) {
  RecentChunks chunks(file, 100 * chunk_bytes);
  for (std::uint64_t i = 0; i < limits::asked_chunks_kept; ++i) {
    read(chunks, i * chunk_bytes, 9);
  }
  read(chunks, 0, 9);
  read(chunks, 50 * chunk_bytes, 9);
  file.reads.clear();
  read(chunks, 0, 9);
  read(chunks, 2 * chunk_bytes, 9);
  read(chunks, 50 * chunk_bytes + 700, 9);
  EXPECT_TRUE(file.reads.empty());
  read(chunks, chunk_bytes, 9);
  EXPECT_EQ(file.reads, std::vector<std::uint64_t>{1}) << "it had gone";
}

TEST_F(RecentChunksTest, HasABoundAndPassesErrorsOn) {
  RecentChunks chunks(file, 1'000'000 * chunk_bytes);
  std::vector<std::byte> byte(1);
  file.failure = Errc::unavailable;
  EXPECT_EQ(chunks.read_at(0, byte).error().code(), Errc::unavailable);
  file.failure.reset();
  const std::uint64_t most = limits::asked_read_bytes_max / chunk_bytes;
  for (std::uint64_t i = 1; i < most; ++i) {
    ASSERT_TRUE(chunks.read_at(i * chunk_bytes, byte));
  }
  EXPECT_TRUE(chunks.read_at((most - 1) * chunk_bytes, byte)) << "it is here";
  EXPECT_EQ(chunks.read_at(0, byte).error().code(), Errc::unsupported_media_type);
}

}  // namespace
}  // namespace sluice::video
