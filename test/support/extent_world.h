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
  explicit ExtentWorld(std::uint64_t scratch_bytes = std::uint64_t{64} << 20U,
                       s3::ObjectStore* behind = nullptr)
      : scratch(disk, directory.path(), scratch_bytes), engine_(behind ? behind : &objects) {
    restart();
  }
  ~ExtentWorld() { run_in(context, store->drain(limits::extent_wait_max)); }
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
    store.emplace(store::objects::ExtentStoreParts{*engine_, find, scratch, pool, buffers,
                                                   context.get_executor(), log, metrics},
                  "prefix");
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

  TemporaryDirectory directory;
  RecordingDisk disk{directory.path()};
  runtime::BlockingPool pool{2};
  Metrics metrics;
  runtime::BufferPool buffers{limits::buffer_bytes, metrics.buffers_in_use};
  NullLog log;
  MemoryObjects objects;
  MemoryJournal journal;
  store::objects::Scratch scratch;
  boost::asio::io_context context{1};
  std::optional<store::objects::ExtentStore> store;

 private:
  s3::ObjectStore* const engine_;
};

}  // namespace sluice::testing
