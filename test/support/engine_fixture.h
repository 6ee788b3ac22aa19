// SPDX-License-Identifier: MIT
// An engine over a journal and a store in memory, with a backend that answers as the test says.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "store/answer_files.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"
#include "support/memory_store.h"
#include "support/run.h"
#include "support/scripted_source.h"
#include "upload/upload_engine.h"

namespace sluice::testing {

class EngineFixture : public ::testing::Test, public delivery::Handover {
 protected:
  EngineFixture() {
    settings.admission = {1000, 100};
    settings.answer_wait = std::chrono::milliseconds(50);
    restart();
  }

  // A new process with the journal and the store of the last one.
  void restart() {
    close();
    upload::EngineParts parts{journal, store, answers, announcer, buffers, clock, metrics, log};
    engine =
        std::make_unique<upload::UploadEngine>(parts, *this, settings, *run(journal.promises()));
    engine->concatenations().open(context.get_executor());
  }

  void close() {
    if (engine) {
      EXPECT_TRUE(run(engine->concatenations().close(std::chrono::seconds(10))));
    }
    engine.reset();
  }

  template <class T>
  T run(runtime::Task<T> task) {
    return run_in(context, std::move(task));
  }

  std::string create(std::optional<std::uint64_t> file_size) {
    upload::NewUpload request{file_size, "file.mp4", "video/mp4", "{}"};
    return (*run(engine->create(std::move(request))))->token;
  }
  Result<upload::Snapshot> append(const std::string& token, std::string bytes,
                                  upload::Range range) {
    return append(token, std::move(bytes), upload::Piece(range));
  }
  Result<upload::Snapshot> append(const std::string& token, std::string bytes,
                                  const upload::Piece& piece) {
    ScriptedSource body(std::move(bytes));
    return value_of(run(engine->append(token, piece, body)));
  }
  Result<upload::Snapshot> status(const std::string& token) {
    return value_of(run(engine->status(token)));
  }
  Result<upload::Snapshot> declare_size(const std::string& token, std::uint64_t file_size) {
    return value_of(run(engine->declare_size(token, file_size)));
  }
  static Result<upload::Snapshot> value_of(const Result<upload::SnapshotPtr>& snapshot) {
    return snapshot ? Result<upload::Snapshot>(**snapshot) : fail(snapshot.error());
  }
  const std::string& blob(std::uint64_t id) { return store.blobs.at(id).bytes; }

  void submit(model::UploadRecord record) override {
    ++deliveries;
    if (answers_at_once) {
      runtime::start(context.get_executor(), log, "answer", deliver(record.token, record.id));
    }
  }

  void hurry(std::uint64_t upload_id) override { hurried.push_back(upload_id); }

  // Of the last file alone.
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read_delivered(
      model::UploadRecord /*record*/, ByteRange range) override {
    if (!store.files.contains("video")) {
      co_return fail(Errc::not_found, "it is gone");
    }
    co_return co_await store.read("video", store.files.at("video").size(), range);
  }

  void answer_now(const std::string& token) {
    run(deliver(token, run(journal.find_upload(token)).value()->id));
  }

  runtime::Task<> deliver(std::string token, std::uint64_t id) {
    engine->ledger().began(token);
    delivered_bytes = store.blobs.contains(id) ? store.blobs.at(id).durable : "";
    (void)co_await store.finish(id, {{{0, delivered_bytes.size()}, "video"}});
    delivery::Delivery delivery;
    delivery.answer = answer_to(id);
    delivery.blob_taken = true;
    const Result<> kept = co_await engine->ledger().answered(std::move(token), std::move(delivery));
    EXPECT_TRUE(kept);
  }

  // The answer of the backend to an upload's file.
  virtual model::Answer answer_to(std::uint64_t id) const {
    model::Answer answer;
    answer.status = 200;
    answer.body = "answer " + std::to_string(id);
    return answer;
  }

  // Where syncs are not deferred, no byte is stored without the journal knowing where it lies.
  void TearDown() override {
    close();
    for (const auto& [id, record] : journal.uploads) {
      for (const ByteRange& range : record.progress.stored.ranges()) {
        EXPECT_TRUE(settings.defers_syncs || !record.progress.blob_present ||
                    journal.covered(id).contains(range))
            << id << ": " << range.begin << "-" << range.end;
      }
    }
  }

  boost::asio::io_context context{1};
  MemoryJournal journal;
  MemoryStore store;
  upload::NoAnnouncer announcer;
  store::AnswerFiles answers{store};
  ManualClock clock;
  Metrics metrics;
  NullLog log;
  // Room for one buffer: no request may need two at a time.
  runtime::BufferPool buffers{limits::buffer_bytes, metrics.buffers_in_use};
  upload::EngineSettings settings;
  std::unique_ptr<upload::UploadEngine> engine;
  bool answers_at_once = true;
  int deliveries = 0;
  std::vector<std::uint64_t> hurried;
  std::string delivered_bytes;
};

}  // namespace sluice::testing
