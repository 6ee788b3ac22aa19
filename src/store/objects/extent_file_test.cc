// SPDX-License-Identifier: MIT
#include "store/objects/extent_file.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "runtime/blocking_pool.h"
#include "runtime/event.h"
#include "support/extent_world.h"
#include "support/forwarding_objects.h"

namespace sluice::store::objects {
namespace {

using runtime::Task;
using sluice::testing::ExtentWorld;
using sluice::testing::MemoryObjects;
using sluice::testing::NetworkFault;
using sluice::testing::run_in;

constexpr std::uint64_t file_id = 7;
constexpr std::uint64_t chunk_bytes = limits::extent_read_bytes;
constexpr std::uint64_t file_bytes = 6 * chunk_bytes + 5;
using File = std::shared_ptr<runtime::ReadableFile>;

// Bytes that differ from chunk to chunk.
std::string file_text() {
  std::string text;
  for (std::uint64_t at = 0; at < file_bytes; ++at) {
    text += static_cast<char>('a' + at / 1000 % 23);
  }
  return text;
}

class HookedObjects final : public sluice::testing::ForwardingObjects {
 public:
  HookedObjects() : ForwardingObjects(memory) {}

  Task<Result<std::string>> get_range(std::string key, ByteRange range) override {
    if (before_get) {
      co_await before_get();
    }
    co_return co_await memory.get_range(std::move(key), range);
  }

  MemoryObjects memory;
  std::function<Task<>()> before_get;
};

class ExtentFileTest : public ::testing::Test {
 protected:
  ExtentFileTest() : text(file_text()) {
    world.put_file(file_id,
                   {text.substr(0, 3), text.substr(3, chunk_bytes), text.substr(chunk_bytes + 3)});
  }

  File open() {
    const auto file = run_in(world.context, world.store->open_finished(file_id, file_bytes));
    EXPECT_TRUE(file);
    objects.memory.requests = 0;
    return *file;
  }
  // The bytes from there on, as a thread of the pool reads them; what is read ahead has come.
  Result<std::string> read(const File& file, std::uint64_t offset, std::size_t count) {
    auto work = [&]() -> Result<std::string> {
      std::string bytes(count, '\0');
      const auto done = file->read_at(offset, std::as_writable_bytes(std::span(bytes)));
      return done ? Result<std::string>(bytes.substr(0, *done)) : fail(done.error());
    };
    Result<std::string> bytes = run_in(world.context, runtime::offload(world.pool, work));
    run_in(world.context, world.store->drain(std::chrono::minutes(1)));
    return bytes;
  }
  std::uint64_t lent() const {
    return static_cast<std::uint64_t>(world.metrics.buffers_in_use.value());
  }

  // Another object has the bytes from now on.
  Task<> swap() {
    objects.before_get = nullptr;
    const model::Extent made{{0, file_bytes}, "prefix/whole"};
    const journal::ReplaceExtents change{file_id, old, {made}};
    EXPECT_TRUE(co_await world.journal.commit({change}));
    objects.memory.objects = {{made.object, text}};
  }

  const std::string text;
  HookedObjects objects;
  ExtentWorld world{std::uint64_t{64} << 20U, &objects};
  std::vector<model::Extent> old;  // Before swap().
};

TEST_F(ExtentFileTest, TheNextChunksComeWhileOneIsUsed) {
  File file = open();
  EXPECT_EQ(read(file, 0, 1), text.substr(0, 1));
  // The first chunk lies in two objects.
  EXPECT_EQ(objects.memory.requests, limits::extent_window_chunks + 2);
  EXPECT_EQ(lent(), 4 * chunk_bytes / limits::buffer_bytes);
  EXPECT_EQ(read(file, 1, chunk_bytes - 1), text.substr(1, chunk_bytes - 1));
  EXPECT_EQ(objects.memory.requests, limits::extent_window_chunks + 2) << "it is still used";
  EXPECT_EQ(read(file, chunk_bytes, 1), text.substr(chunk_bytes, 1));
  EXPECT_EQ(objects.memory.requests, limits::extent_window_chunks + 3);
  EXPECT_EQ(read(file, chunk_bytes + 1, file_bytes), text.substr(chunk_bytes + 1));
  EXPECT_EQ(objects.memory.requests, 9U) << "and no byte was read twice";
  EXPECT_EQ(read(file, file_bytes, 1), "");
  file.reset();
  EXPECT_EQ(lent(), 0U);
}

TEST_F(ExtentFileTest, ASecondPassBeginsAtTheFront) {
  const File file = open();
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(read(file, 0, file_bytes + 1), text);
  }
  EXPECT_EQ(read(file, 5 * chunk_bytes + 3, 4), text.substr(5 * chunk_bytes + 3, 4));
}

TEST_F(ExtentFileTest, WithoutRoomToSpareOnlyWhatIsUsedIsInMemory) {
  std::vector<runtime::BudgetShare> others;
  while (auto share = world.buffers.spare(limits::buffer_bytes)) {
    others.push_back(*std::move(share));
  }
  const File file = open();
  EXPECT_EQ(read(file, 4 * chunk_bytes, 1), text.substr(4 * chunk_bytes, 1));
  EXPECT_EQ(objects.memory.requests, 1U);
  EXPECT_EQ(read(file, 0, file_bytes), text);
}

TEST_F(ExtentFileTest, AfterAFailureTheBytesAreAskedForAgain) {
  const File file = open();
  objects.memory.faults = {NetworkFault::none, NetworkFault::none, NetworkFault::none,
                           NetworkFault::none, NetworkFault::lost};
  const std::uint64_t there = 2 * chunk_bytes;
  EXPECT_EQ(read(file, 0, there), text.substr(0, there));
  const Result<std::string> away = read(file, there, file_bytes);
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code(), Errc::unavailable);
  EXPECT_EQ(read(file, there, file_bytes), text.substr(there));
}

// Between the lookup of its extents and the request for their objects.
TEST_F(ExtentFileTest, AnObjectWhoseBytesAnotherHoldsIsNotMissed) {
  old = world.extents(file_id);
  const File file = open();
  objects.before_get = [this] { return swap(); };
  EXPECT_EQ(read(file, 0, file_bytes), text);
  EXPECT_FALSE(objects.before_get);
  objects.memory.objects.clear();
  const Result<std::string> lost = read(file, 0, 1);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), Errc::storage_failed);
}

Task<> wait_for(std::shared_ptr<runtime::Event> event) {
  co_await event->wait(std::chrono::minutes(1));
}

TEST_F(ExtentFileTest, TheEndOfTheServerEndsTheWaitForTheStore) {
  const auto answers = std::make_shared<runtime::Event>();
  const File file = open();
  objects.before_get = [answers] { return wait_for(answers); };
  world.store->stop();
  auto work = [&file] {
    std::byte byte{};
    return file->read_at(0, {&byte, 1});
  };
  const Result<std::size_t> ended = run_in(world.context, runtime::offload(world.pool, work));
  answers->set();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Errc::draining);
}

}  // namespace
}  // namespace sluice::store::objects
