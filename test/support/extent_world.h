// SPDX-License-Identifier: MIT
// A store over objects in memory, with a journal that knows its extents and a process that can die.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "store/objects/extent_store.h"
#include "store/objects/merger.h"
#include "support/memory_journal.h"
#include "support/memory_objects.h"
#include "support/recording_disk.h"
#include "support/run.h"
#include "support/scripted_source.h"
#include "support/temporary_directory.h"
#include "support/test_records.h"

namespace sluice::testing {

class ExtentWorld {
 public:
  using Extents = std::vector<model::Extent>;

  explicit ExtentWorld(std::uint64_t scratch_bytes = std::uint64_t{64} << 20U,
                       s3::ObjectStore* behind = nullptr)
      : scratch(disk, directory.path(), scratch_bytes), engine_(behind ? behind : &objects) {
    restart();
  }
  // The threads of the pool end before the event loop, which they hand results to.
  ~ExtentWorld() {
    run_in(context, store->drain(limits::extent_wait_max));
    pool.stop();
  }
  ExtentWorld(const ExtentWorld&) = delete;
  ExtentWorld& operator=(const ExtentWorld&) = delete;

  // Another process; what the first had under way has ended.
  void restart() {
    if (store) {
      run_in(context, store->drain(limits::extent_wait_max));
    }
    auto find = [this](std::uint64_t id, std::uint64_t from, std::size_t count) {
      return journal.extents(id, from, count);
    };
    store.emplace(
        store::objects::ExtentStoreParts{*engine_, find, scratch, pool, buffers,
                                         context.get_executor(), log, metrics, replacing()},
        "prefix");
    merger.emplace(store->tools(), replacing(), s3::Copying::by_store);
    store->tools().merger = &*merger;
  }
  store::objects::ReplaceExtents replacing() {
    return [this](std::uint64_t id, Extents old, Extents made) {
      return journal.commit({journal::ReplaceExtents{id, std::move(old), std::move(made)}});
    };
  }
  // The bytes of the extents are stored from now on.
  Result<> commit(std::uint64_t id, std::vector<model::Extent> extents) {
    if (!journal.uploads.contains(id)) {
      const Result<> made =
          run_in(context, journal.commit({journal::CreateUpload{sample_upload(id)}}));
      EXPECT_TRUE(made);
    }
    journal::UpdateUpload update{id, journal.uploads.at(id).progress};
    update.extents = std::move(extents);
    return run_in(context, journal.commit({std::move(update)}));
  }

  // Makes an upload of these pieces, an object each.
  void put_file(std::uint64_t id, const std::vector<std::string>& pieces) {
    std::vector<model::Extent> extents;
    std::uint64_t end = 0;
    for (const std::string& piece : pieces) {
      const ByteRange range{end, end + piece.size()};
      extents.push_back({range, names_.next(id, range)});
      EXPECT_TRUE(run_in(context, engine_->put(extents.back().object, s3::payload_of(piece))));
      end = range.end;
    }
    EXPECT_TRUE(commit(id, std::move(extents)));
  }
  Extents extents(std::uint64_t id) {
    return run_in(context, journal.extents(id, 0, limits::extents_max)).value();
  }
  // The first bytes of the file, as they are stored.
  std::string stored(std::uint64_t id, std::uint64_t size) {
    std::string bytes(size, '\0');
    const auto file = run_in(context, store->open_finished(id, size));
    if (!file) {
      return "failed: " + file.error().message();
    }
    auto read = [&] { return (*file)->read_at(0, std::as_writable_bytes(std::span(bytes))); };
    const Result<std::size_t> count = run_in(context, runtime::offload(pool, read));
    return count && *count == size ? bytes : "failed";
  }

  TemporaryDirectory directory;
  RecordingDisk disk{directory.path()};
  runtime::BlockingPool pool{2};
  Metrics metrics;
  runtime::BufferPool buffers{limits::buffer_budget_bytes_default, metrics.buffers_in_use};
  NullLog log;
  MemoryObjects objects;
  MemoryJournal journal;
  store::objects::Scratch scratch;
  boost::asio::io_context context{1};
  std::optional<store::objects::ExtentStore> store;
  std::optional<store::objects::Merger> merger;

 private:
  s3::ObjectStore* const engine_;
  store::objects::ExtentNames names_{"prefix"};
};

}  // namespace sluice::testing
