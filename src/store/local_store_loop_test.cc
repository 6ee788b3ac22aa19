// SPDX-License-Identifier: MIT
// The local store on the thread of an event loop.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <latch>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "runtime/worker.h"
#include "store/local_store.h"
#include "support/recording_disk.h"
#include "support/temporary_directory.h"

namespace sluice::store {
namespace {

using Calls = std::vector<std::string>;
using testing::RecordingDisk;
constexpr std::uint64_t id = 0x1ab;  // 427, in shard ab.

// All that a small file needs, from an event loop with threads for what blocks.
runtime::Task<> store_small_file(Store& store, std::string path, Calls& failures) {
  std::string text = "bytes";
  const MutableBytes bytes = std::as_writable_bytes(std::span(text));
  if (!co_await store.open(id + 0x100, text.size(), 0)) {
    failures.emplace_back("open another one, which makes the shard");
  }
  const auto opened = co_await store.open_and_stream(
      id, text.size(), 0,
      {.offset = 0, .buffer = bytes, .count = text.size(), .sync_at = text.size()});
  if (!opened || !opened->streamed.outcome) {
    failures.emplace_back("open_and_stream");
    co_return;
  }
  const auto again = co_await store.open(id, text.size(), text.size());
  if (!again || !co_await (*again)->write(0, bytes) || !co_await (*again)->sync()) {
    failures.emplace_back("open, write, sync");
  }
  if (!co_await store.move_to(id, text.size(), std::move(path))) {
    failures.emplace_back("move_to");
  }
}

class LocalStoreOnALoop : public ::testing::TestWithParam<Durability> {};

TEST_P(LocalStoreOnALoop, MakesSomeCallsThereAndNeverASync) {
  const sluice::testing::TemporaryDirectory directory;
  RecordingDisk disk(directory.path());
  NullLog log;
  Metrics metrics;
  runtime::BlockingPool pool(1);
  LocalStore store(disk, pool, directory.path(), GetParam(), metrics);
  Calls failures;
  {
    runtime::Worker worker("test", log);
    runtime::run_and_wait(worker.executor(), log, "test",
                          store_small_file(store, directory.path() + "/video", failures));
  }
  EXPECT_EQ(failures, Calls());
  const Calls on_loop = disk.take_calls_on_loops();
  EXPECT_NE(std::ranges::find(on_loop, "open ab/427.part"), on_loop.end());
  for (const std::string& call : on_loop) {
    EXPECT_FALSE(call.starts_with("sync")) << call;
  }
}

// Holds up the opening of one file, on whichever thread, and tells which thread opened another.
class HeldDisk final : public RecordingDisk {
 public:
  explicit HeldDisk(const std::string& root) : RecordingDisk(root) {}

  Result<std::unique_ptr<runtime::DiskFile>> open(const std::string& path,
                                                  runtime::OpenMode mode) override {
    if (path.ends_with("/" + std::to_string(id) + ".part") && !held_.exchange(true)) {
      is_held.count_down();
      go_on.wait();
    } else if (path.ends_with("/" + std::to_string(id + 0x100) + ".part")) {
      opened_by = std::this_thread::get_id();
    }
    return RecordingDisk::open(path, mode);
  }

  std::latch is_held{1};
  std::latch go_on{1};
  std::atomic<std::thread::id> opened_by;

 private:
  std::atomic<bool> held_ = false;
};

runtime::Task<> open_a_blob(Store& store, std::uint64_t upload_id) {
  EXPECT_TRUE(co_await store.open(upload_id, 5, 0));
}

// `home`: the thread that ran the loop when the second one was to be opened.
runtime::Task<> open_both(HeldDisk& disk, Store& store, std::thread::id& home) {
  const runtime::Executor loop = co_await boost::asio::this_coro::executor;
  NullLog log;
  // Its shard has to be made: a thread of the pool opens it.
  runtime::TaskGroup tasks(loop, log);
  tasks.spawn("held", open_a_blob(store, id));
  while (!disk.is_held.try_wait()) {
    co_await runtime::sleep_for(std::chrono::milliseconds(1));
  }
  home = std::this_thread::get_id();
  tasks.spawn("other", open_a_blob(store, id + 0x100));
  // Its attempt waits for its turn on the loop twice.
  for (int i = 0; i < 5; ++i) {
    co_await boost::asio::post(loop, boost::asio::deferred);
  }
  disk.go_on.count_down();
  EXPECT_TRUE(co_await tasks.wait(std::chrono::minutes(1)));
}

// The one that is being opened holds a lock of its shard, on a thread that may block.
TEST(LocalStoreShards, AnEventLoopDoesNotWaitForWhoOpensABlobOfTheSameShard) {
  const sluice::testing::TemporaryDirectory directory;
  HeldDisk disk(directory.path());
  NullLog log;
  Metrics metrics;
  runtime::BlockingPool pool(2);
  LocalStore store(disk, pool, directory.path(), Durability::commit, metrics);
  std::thread::id home;
  {
    runtime::Worker worker("test", log);
    runtime::run_and_wait(worker.executor(), log, "test", open_both(disk, store, home));
  }
  EXPECT_NE(disk.opened_by.load(), home);
}

INSTANTIATE_TEST_SUITE_P(Durabilities, LocalStoreOnALoop,
                         ::testing::Values(Durability::commit, Durability::interval,
                                           Durability::none));

}  // namespace
}  // namespace sluice::store
