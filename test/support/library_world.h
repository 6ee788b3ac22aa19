// SPDX-License-Identifier: MIT
// For tests of the video library: everything around it, which can fail or lose power at any step.
#pragma once

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
#include "support/memory_journal.h"
#include "support/memory_store.h"
#include "video/probe.h"

namespace sluice::testing {

// The process is gone: nothing behind the step that throws this happens.
struct Crash {};

// Counts what happens outside the library. Step `stop_at` fails, or is the process's last one:
// with or without its effect.
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

class SteppedJournal final : public journal::Journal {
 public:
  explicit SteppedJournal(Steps& steps) : steps_(steps) {}

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
  runtime::Task<Result<std::optional<model::VideoRecord>>> find_video(std::string id) override {
    return memory.find_video(std::move(id));
  }
  runtime::Task<Result<journal::VideoPage>> list_videos(journal::VideoQuery query) override {
    return memory.list_videos(std::move(query));
  }
  runtime::Task<Result<std::vector<model::VideoRecord>>> leftover_videos(
      std::string after, std::size_t count) override {
    return memory.leftover_videos(std::move(after), count);
  }
  runtime::Task<Result<std::vector<model::Notification>>> next_notifications(
      std::size_t count) override {
    return memory.next_notifications(count);
  }
  runtime::Task<Result<std::uint64_t>> next_upload_id() override { return memory.next_upload_id(); }
  runtime::Task<Result<journal::Promises>> promises() override { return memory.promises(); }
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload(
      std::string token) override {
    return memory.find_upload(std::move(token));
  }
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload_by_id(
      std::uint64_t id) override {
    return memory.find_upload_by_id(id);
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> undelivered(std::uint64_t after,
                                                                      std::size_t count) override {
    return memory.undelivered(after, count);
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> due(Timestamp now,
                                                              journal::ExpiryPosition after,
                                                              std::size_t count) override {
    return memory.due(now, after, count);
  }
  runtime::Task<Result<std::vector<journal::Decided>>> decided(journal::Decided after,
                                                               Timestamp until,
                                                               std::size_t count) override {
    return memory.decided(after, until, count);
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> leftover_blobs(
      std::uint64_t after, std::size_t count) override {
    return memory.leftover_blobs(after, count);
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> unsynced(std::uint64_t after,
                                                                   std::size_t count) override {
    return memory.unsynced(after, count);
  }
  runtime::Task<Result<std::map<model::UploadState, std::uint64_t>>> upload_counts() override {
    return memory.upload_counts();
  }
  runtime::Task<Result<std::vector<std::uint64_t>>> claim(journal::Work work,
                                                          std::vector<std::uint64_t> ids,
                                                          journal::Lease lease) override {
    return memory.claim(work, std::move(ids), std::move(lease));
  }
  runtime::Task<Result<>> release(journal::Work work, std::vector<std::uint64_t> ids,
                                  std::string node) override {
    return memory.release(work, std::move(ids), std::move(node));
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> list_uploads(
      journal::UploadQuery query) override {
    return memory.list_uploads(std::move(query));
  }
  bool healthy() const noexcept override { return memory.healthy(); }

  MemoryJournal memory;
  std::shared_ptr<runtime::Event> gate;  // Where there is one, commits wait for it.

 private:
  Steps& steps_;
};

// Blobs and the files that become of them.
class SteppedStore final : public store::Store, public store::NamedFiles {
 public:
  explicit SteppedStore(Steps& steps) : steps_(steps) {}

  std::unique_ptr<store::Blob> open(const store::BlobRef& blob) override {
    return memory.open(blob);
  }
  runtime::Task<Result<>> remove(std::uint64_t upload_id) override {
    return memory.remove(upload_id);
  }
  runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open_finished(
      std::uint64_t upload_id, std::uint64_t size) override {
    return memory.open_finished(upload_id, size);
  }
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

  Result<video::MediaInfo> probe(int descriptor) override {
    const Result<> begun = steps_.begin("probe");
    if (!begun) {
      return fail(begun.error());
    }
    steps_.end();
    return descriptor == MemoryStore::descriptor ? result
                                                 : fail(Errc::internal, "another descriptor");
  }

  Result<video::MediaInfo> result = video::MediaInfo{};

 private:
  Steps& steps_;
};

}  // namespace sluice::testing
