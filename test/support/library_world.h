// SPDX-License-Identifier: MIT
// For tests of the video library: a journal, a store, a disk and a probe that can fail at any call.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/journal.h"
#include "runtime/disk.h"
#include "runtime/event.h"
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

class SteppedStore final : public ForwardingStore {
 public:
  explicit SteppedStore(Steps& steps) : ForwardingStore(memory), steps_(steps) {}

  runtime::Task<Result<bool>> move_to(std::uint64_t upload_id, std::uint64_t file_size,
                                      std::string path) override {
    const Result<> begun = steps_.begin("move");
    if (!begun) {
      co_return fail(begun.error());
    }
    const Result<bool> moved = co_await memory.move_to(upload_id, file_size, std::move(path));
    steps_.end();
    co_return moved;
  }
  runtime::Task<Result<>> split(std::uint64_t upload_id, std::uint64_t main_size,
                                std::vector<store::SplitOff> extra_files) override {
    const Result<> begun = steps_.begin("split");
    if (!begun) {
      co_return begun;
    }
    const Result<> done = co_await memory.split(upload_id, main_size, std::move(extra_files));
    steps_.end();
    co_return done;
  }

  MemoryStore memory;

 private:
  Steps& steps_;
};

// The files that the store has moved.
class SteppedDisk final : public runtime::Disk {
 public:
  SteppedDisk(Steps& steps, MemoryStore& store) : steps_(steps), store_(store) {}

  Result<std::unique_ptr<runtime::DiskFile>> open(const std::string& path,
                                                  runtime::OpenMode mode) override {
    if (mode != runtime::OpenMode::read_only || !store_.moved.contains(path)) {
      return fail(Errc::file_missing, path);
    }
    const Result<> begun = steps_.begin("open");
    if (!begun) {
      return fail(begun.error());
    }
    steps_.end();
    return std::make_unique<File>();
  }
  Result<> remove(const std::string& path) override {
    const Result<> begun = steps_.begin("remove");
    if (!begun) {
      return begun;
    }
    store_.moved.erase(path);
    steps_.end();
    return {};
  }
  Result<> sync_directory(const std::string& path) override {
    const Result<> begun = steps_.begin("sync " + path);
    steps_.end();
    return begun;
  }
  Result<> make_directory(const std::string& path) override { return steps_.begin("make " + path); }
  Result<> rename(const std::string&, const std::string&) override { return unexpected(); }
  Result<bool> exists(const std::string& path) override { return store_.moved.contains(path); }
  Result<runtime::DiskSpace> space(const std::string&) override {
    return fail(unexpected().error());
  }

 private:
  static Result<> unexpected() { return fail(Errc::internal, "the library does not do this"); }

  // The library hands the descriptor on and makes no other call of the file.
  class File final : public runtime::DiskFile {
   public:
    Result<> write_at(std::uint64_t, Bytes) override { return unexpected(); }
    Result<std::size_t> read_at(std::uint64_t, MutableBytes) override {
      return fail(unexpected().error());
    }
    Result<> preallocate(std::uint64_t) override { return unexpected(); }
    void start_writeback(ByteRange) override {}
    Result<> sync() override { return unexpected(); }
    Result<std::uint64_t> size() override { return fail(unexpected().error()); }
    Result<> shorten(std::uint64_t) override { return unexpected(); }
    int descriptor() const noexcept override { return 42; }
  };

  Steps& steps_;
  MemoryStore& store_;
};

class SteppedProber final : public video::Prober {
 public:
  explicit SteppedProber(Steps& steps) : steps_(steps) {}

  Result<video::MediaInfo> probe(int descriptor) override {
    const Result<> begun = steps_.begin("probe");
    if (!begun) {
      return fail(begun.error());
    }
    steps_.end();
    return descriptor == 42 ? result : fail(Errc::internal, "another descriptor");
  }

  Result<video::MediaInfo> result = video::MediaInfo{};

 private:
  Steps& steps_;
};

}  // namespace sluice::testing
