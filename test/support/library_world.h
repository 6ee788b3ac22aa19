// SPDX-License-Identifier: MIT
// For tests of the library and its backends: a journal, a store, a disk and a probe that can fail
// at any call.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/journal.h"
#include "runtime/event.h"
#include "store/named_files.h"
#include "store/store.h"
#include "support/forwarding_journal.h"
#include "support/forwarding_store.h"
#include "support/memory_journal.h"
#include "support/memory_store.h"
#include "video/probe.h"

namespace sluice::testing {

// Thrown where the process dies.
struct Crash {};

// Counts the library's calls of its surroundings. Call `stop_at` fails, or the process dies in it,
// before or after its effect.
struct Steps {
  enum class Stop { error, crash_before, crash_after };

  Result<> begin(std::string what) {
    names.push_back(std::move(what));
    if (names.size() == stop_at && stop == Stop::error) {
      return fail(Errc::storage_failed, "as the test wants");
    }
    if (names.size() == stop_at && stop == Stop::crash_before) {
      throw Crash();
    }
    return {};
  }
  void end() const {
    if (names.size() == stop_at && stop == Stop::crash_after) {
      throw Crash();
    }
  }

  Stop stop = Stop::error;
  std::size_t stop_at = 0;  // 0: never.
  std::vector<std::string> names;
};

class SteppedJournal final : public ForwardingJournal<SteppedJournal> {
 public:
  explicit SteppedJournal(Steps& steps) : steps_(steps) {}

  template <class Call>
  auto forward(Call call) {
    return call(memory);
  }
  runtime::Task<Result<>> commit(std::vector<journal::Change> changes) override {
    if (gate) {
      co_await gate->wait(std::chrono::minutes(1));
    }
    const Result<> begun = steps_.begin("commit");
    if (!begun) {
      co_return begun;
    }
    const Result<> committed = co_await memory.commit(std::move(changes));
    steps_.end();
    co_return committed;
  }
  bool healthy() const noexcept override { return memory.healthy(); }

  MemoryJournal memory;
  std::shared_ptr<runtime::Event> gate;  // Commits wait for it, if set.

 private:
  Steps& steps_;
};

// Blobs and the files that become of them.
class SteppedStore final : public ForwardingStore, public store::NamedFiles {
 public:
  explicit SteppedStore(Steps& steps) : ForwardingStore(memory), steps_(steps) {}

  using ForwardingStore::open;
  using ForwardingStore::remove;
  runtime::Task<Result<bool>> finish(std::uint64_t upload_id,
                                     std::vector<store::NamedRange> files) override {
    const Result<> begun = steps_.begin("finish");
    if (!begun) {
      co_return fail(begun.error());
    }
    const Result<bool> finished = co_await memory.finish(upload_id, std::move(files));
    steps_.end();
    co_return finished;
  }

  runtime::Task<Result<store::Space>> space() override { return memory.space(); }

  Result<std::unique_ptr<store::NewFile>> create(const std::string& name) override {
    return memory.create(name);
  }
  runtime::Task<Result<bool>> exists(std::string name) override {
    return memory.exists(std::move(name));
  }
  runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open(std::string name,
                                                                     std::uint64_t size) override {
    const Result<> begun = steps_.begin("open");
    if (!begun) {
      co_return fail(begun.error());
    }
    auto file = co_await memory.open(std::move(name), size);
    steps_.end();
    co_return file;
  }
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read(std::string name,
                                                                   std::uint64_t size,
                                                                   ByteRange range) override {
    return memory.read(std::move(name), size, range);
  }
  runtime::Task<Result<>> remove(std::vector<std::string> names) override {
    const Result<> begun = steps_.begin("remove");
    if (!begun) {
      co_return begun;
    }
    Result<> removed = co_await memory.remove(std::move(names));
    steps_.end();
    co_return removed;
  }

  MemoryStore memory;

 private:
  Steps& steps_;
};

class SteppedProber final : public video::Prober {
 public:
  explicit SteppedProber(Steps& steps) : steps_(steps) {}

  Result<video::MediaInfo> probe(runtime::ReadableFile& file, std::uint64_t /*size*/) override {
    const Result<> begun = steps_.begin("probe");
    if (!begun) {
      return fail(begun.error());
    }
    steps_.end();
    return file.descriptor() == MemoryStore::descriptor ? result
                                                        : fail(Errc::internal, "another file");
  }

  Result<video::MediaInfo> result = video::MediaInfo{};

 private:
  Steps& steps_;
};

// Runs `act` on fresh worlds with a stop at each step in turn, and then `check`. Returns the steps
// of a run without a stop.
template <class World, class Prepare, class Act, class Check>
std::vector<std::string> at_every_step(const Prepare& prepare, const Act& act, const Check& check) {
  for (const Steps::Stop stop :
       {Steps::Stop::error, Steps::Stop::crash_before, Steps::Stop::crash_after}) {
    for (std::size_t stop_at = 1;; ++stop_at) {
      World world;
      prepare(world);
      world.steps = {.stop = stop, .stop_at = stop_at, .names = {}};
      bool succeeded = false;
      try {
        succeeded = act(world);
      } catch (const Crash&) {
        succeeded = false;
      }
      const std::vector<std::string> names = world.steps.names;
      if (names.size() < stop_at) {
        EXPECT_TRUE(succeeded);
        if (stop == Steps::Stop::crash_after) {
          return names;
        }
        break;
      }
      SCOPED_TRACE("stopped at step " + std::to_string(stop_at) + ", " + names.back() + ", way " +
                   std::to_string(static_cast<int>(stop)));
      EXPECT_FALSE(succeeded);
      world.steps.stop_at = 0;
      world.clock.advance(std::chrono::hours(1));
      check(world);
    }
  }
  return {};
}

}  // namespace sluice::testing
