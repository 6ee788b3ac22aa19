// SPDX-License-Identifier: MIT
#include "upload/live_uploads.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "support/memory_journal.h"
#include "support/memory_store.h"
#include "support/run.h"

namespace sluice::upload {
namespace {

class LiveUploadsTest : public ::testing::Test {
 protected:
  static model::UploadRecord record(std::uint64_t id) {
    model::UploadRecord upload;
    upload.id = id;
    upload.token = token(id);
    return upload;
  }
  // As long as a real token: too long for the short-string optimisation.
  static std::string token(std::uint64_t id) { return std::string(32, '-') + std::to_string(id); }

  std::shared_ptr<LiveUpload> find(std::uint64_t id) {
    const std::string wanted = token(id);
    return testing::run(uploads_.find(wanted)).value_or(nullptr);
  }
  bool is_in_memory(std::uint64_t id) { return uploads_.find_in_memory(token(id)) != nullptr; }

  testing::MemoryJournal journal_;
  testing::MemoryStore store_;
  Admission admission_{store_, {}, {.bytes = 0, .unfinished_uploads = 0}};
  NoAnnouncer announcer_;
  testing::ManualClock clock_;
  LiveUploads uploads_{journal_, admission_, announcer_, clock_};
};

TEST_F(LiveUploadsTest, AnUploadIsInMemoryOnce) {
  journal_.uploads.emplace(1, record(1));
  EXPECT_EQ(find(2), nullptr);
  EXPECT_FALSE(is_in_memory(1));
  const std::shared_ptr<LiveUpload> found = find(1);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id(), 1U);
  EXPECT_EQ(find(1), found);
  EXPECT_EQ(uploads_.find_in_memory(token(1)), found);
  EXPECT_EQ(uploads_.add(record(1)), found);
}

TEST_F(LiveUploadsTest, AnUploadThatIsForgottenIsAnotherOne) {
  const std::shared_ptr<LiveUpload> first = uploads_.add(record(1));
  uploads_.forget(first->token());
  EXPECT_FALSE(is_in_memory(1));
  const std::shared_ptr<LiveUpload> second = uploads_.add(record(1));
  EXPECT_NE(second, first);
  EXPECT_EQ(find(1), second);
}

TEST_F(LiveUploadsTest, WhatIsInUseStaysAndTheLeastRecentlyUsedLeaves) {
  const std::shared_ptr<LiveUpload> in_use = uploads_.add(record(1));
  const std::uint64_t most = limits::idle_uploads_cached_max;
  for (std::uint64_t id = 2; id <= most; ++id) {
    uploads_.add(record(id));
  }
  EXPECT_NE(find(2), nullptr);
  uploads_.add(record(most + 1));
  EXPECT_TRUE(is_in_memory(1));
  EXPECT_TRUE(is_in_memory(2)) << "it was used later than the third";
  EXPECT_FALSE(is_in_memory(3));
  EXPECT_TRUE(is_in_memory(4));
  EXPECT_TRUE(is_in_memory(most + 1));
}

TEST_F(LiveUploadsTest, IdleOnesAreBoundedByTheirBytes) {
  const std::uint64_t each = 64 * limits::KiB;
  const std::uint64_t fit = limits::uploads_cached_bytes_max / each;
  ASSERT_LT(fit, limits::idle_uploads_cached_max);
  for (std::uint64_t id = 1; id <= 2 * fit; ++id) {
    model::UploadRecord upload = record(id);
    upload.parameters = std::string(each, ' ');
    uploads_.add(std::move(upload));
  }
  std::uint64_t in_memory = 0;
  for (std::uint64_t id = 1; id <= 2 * fit; ++id) {
    in_memory += is_in_memory(id) ? 1 : 0;
  }
  EXPECT_LE(in_memory, fit);
  EXPECT_GE(in_memory, fit / 2);
  EXPECT_TRUE(is_in_memory(2 * fit));
}

TEST_F(LiveUploadsTest, AnAnswerThatComesLaterCounts) {
  const std::uint64_t most = limits::uploads_cached_bytes_max / limits::MiB + 8;
  for (std::uint64_t id = 1; id <= most; ++id) {
    model::UploadRecord upload = record(id);
    upload.progress.state = model::UploadState::received;
    journal_.uploads.emplace(id, upload);
    uploads_.add(upload);
  }
  for (std::uint64_t id = 1; id <= most; ++id) {
    const std::shared_ptr<LiveUpload> upload = find(id);
    Answered event;
    event.answer.status = 200;
    event.answer.body = std::string(limits::MiB, 'a');
    event.blob_taken = true;
    ASSERT_TRUE(testing::run(upload->commit(std::move(event))));
  }
  EXPECT_FALSE(is_in_memory(1));
  EXPECT_TRUE(is_in_memory(most));
}

}  // namespace
}  // namespace sluice::upload
