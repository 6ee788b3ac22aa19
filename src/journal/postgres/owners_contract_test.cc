// SPDX-License-Identifier: MIT
// The promises of journal.h about owners, signatures, videos and notifications, for each database.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "support/tested_journal.h"

namespace sluice::journal::postgres {
namespace {

using sluice::testing::at;
using sluice::testing::run;
using sluice::testing::sample_upload;
using sluice::testing::sample_video;

class JournalOfOwners : public sluice::testing::TestedJournal {
 protected:
  static model::UploadRecord upload(std::uint64_t id, const std::string& owner,
                                    std::uint64_t size) {
    model::UploadRecord record = sample_upload(id);
    record.owner = owner;
    record.progress.file_size = record.file_size_max = size;
    return record;
  }
  static model::VideoRecord video(const std::string& id, const std::string& owner,
                                  std::uint64_t size) {
    model::VideoRecord record = sample_video(id);
    record.owner = owner;
    record.files_size = size;
    return record;
  }
  // "sessions bytes records"
  std::string usage(const std::string& owner) {
    for (const OwnerUsage& usage : *run(journal().owners(1000))) {
      if (usage.owner == owner) {
        return std::to_string(usage.sessions) + " " + std::to_string(usage.bytes) + " " +
               std::to_string(usage.records);
      }
    }
    return "none";
  }
};

TEST_P(JournalOfOwners, CountUploadsThroughTheirLives) {
  ASSERT_TRUE(commit({CreateUpload{upload(1, "ann", 100)}, CreateUpload{upload(2, "ann", 20)},
                      CreateUpload{upload(3, "bob", 3)}}));
  EXPECT_EQ(usage("ann"), "2 120 2");
  model::UploadProgress progress = upload(1, "ann", 100).progress;
  for (const auto& [state, expected] : {std::pair(model::UploadState::received, "1 120 2"),
                                        std::pair(model::UploadState::delivering, "1 120 2"),
                                        std::pair(model::UploadState::set_aside, "1 120 2"),
                                        std::pair(model::UploadState::failed, "1 120 2"),
                                        std::pair(model::UploadState::refused, "1 120 2"),
                                        std::pair(model::UploadState::delivered, "1 20 2")}) {
    progress.state = state;
    ASSERT_TRUE(commit({UpdateUpload{1, progress}}));
    EXPECT_EQ(usage("ann"), expected) << to_text(state);
    ++progress.version;
  }
  ASSERT_TRUE(commit({RemoveUpload{1}, RemoveUpload{2}}));
  EXPECT_EQ(usage("ann"), "0 0 0");
  EXPECT_EQ(usage("bob"), "1 3 1");
}

TEST_P(JournalOfOwners, CountARefusedFileWhileItIsThere) {
  ASSERT_TRUE(commit({CreateUpload{upload(1, "ann", 100)}}));
  model::UploadProgress progress = upload(1, "ann", 100).progress;
  progress.state = model::UploadState::refused;
  ASSERT_TRUE(commit({UpdateUpload{1, progress}}));
  EXPECT_EQ(usage("ann"), "0 100 1");
  progress.blob_present = false;
  ++progress.version;
  ASSERT_TRUE(commit({UpdateUpload{1, progress}}));
  EXPECT_EQ(usage("ann"), "0 0 1");
}

TEST_P(JournalOfOwners, CountASizeOnceItIsKnown) {
  model::UploadRecord record = upload(1, "ann", 1000);
  record.progress.file_size.reset();
  ASSERT_TRUE(commit({CreateUpload{record}}));
  EXPECT_EQ(usage("ann"), "1 1000 1");
  record.progress.file_size = 30;
  ASSERT_TRUE(commit({UpdateUpload{1, record.progress}}));
  EXPECT_EQ(usage("ann"), "1 30 1");
}

TEST_P(JournalOfOwners, CountVideosUntilTheirFilesAreGone) {
  ASSERT_TRUE(commit({PutVideo{video("v", "ann", 100)}, PutVideo{video("w", "ann", 5)}}));
  model::VideoRecord record = video("v", "ann", 100);
  record.status = "deleted";
  ASSERT_TRUE(commit({PutVideo{record}}));
  EXPECT_EQ(usage("ann"), "0 105 2");
  record.source_present = false;
  ASSERT_TRUE(commit({PutVideo{record}}));
  EXPECT_EQ(usage("ann"), "0 5 2");
  ASSERT_TRUE(commit({RemoveVideo{"v"}, RemoveVideo{"w"}}));
  EXPECT_EQ(usage("ann"), "0 0 0");
}

TEST_P(JournalOfOwners, CountEveryRecordOnceForEach4KiBOfTexts) {
  const OwnerLimits limits{.sessions = std::nullopt, .bytes = std::nullopt, .records = 4};
  ASSERT_TRUE(commit({CreateUpload{upload(1, "ann", 1), limits}}));
  model::UploadRecord wordy = upload(2, "ann", 1);
  wordy.parameters.assign(3 * limits::record_text_bytes, 'x');
  EXPECT_EQ(refusal({CreateUpload{wordy, limits}}), Errc::quota_exceeded);
  wordy.parameters.resize(2 * limits::record_text_bytes);
  ASSERT_TRUE(commit({CreateUpload{wordy, limits}}));
  EXPECT_EQ(usage("ann"), "2 2 4");
  model::UploadProgress progress = wordy.progress;
  progress.state = model::UploadState::delivered;
  progress.blob_present = false;
  progress.answer.emplace();
  progress.answer->status = 200;
  progress.answer->body.assign(limits::record_text_bytes, 'y');
  ASSERT_TRUE(commit({UpdateUpload{2, progress}}));
  EXPECT_EQ(usage("ann"), "1 1 3") << "its answer is kept, its parameters are not";
  EXPECT_EQ(find(2)->parameters, "{}");
  EXPECT_EQ(find(2)->progress.answer->body, progress.answer->body);
}

TEST_P(JournalOfOwners, HaveLimits) {
  const OwnerLimits limits{.sessions = 2, .bytes = 100};
  ASSERT_TRUE(commit({CreateUpload{upload(1, "ann", 60), limits}}));
  const Result<> refused = commit({CreateUpload{upload(2, "ann", 41), limits}});
  ASSERT_EQ(refused.error().code(), Errc::quota_exceeded);
  EXPECT_EQ(refused.error().message(), "the quota is 100 bytes; with this file it would be 101");
  ASSERT_TRUE(commit({CreateUpload{upload(2, "ann", 40), limits}}));
  EXPECT_EQ(refusal({CreateUpload{upload(3, "ann", 0), limits}}), Errc::too_many_sessions);
  EXPECT_TRUE(commit({CreateUpload{upload(3, "bob", 100), limits}}));
  EXPECT_EQ(usage("ann"), "2 100 2") << "nothing of what is refused remains";
}

TEST_P(JournalOfOwners, WithTheMostBytesComeFirst) {
  ASSERT_TRUE(commit({CreateUpload{upload(1, "ann", 100)}, CreateUpload{upload(2, "bob", 700)},
                      CreateUpload{upload(3, "bob", 20)}, CreateUpload{upload(4, "cid", 5)}}));
  EXPECT_EQ(*run(journal().owners(2)),
            (std::vector<OwnerUsage>{{"bob", 2, 720, 2}, {"ann", 1, 100, 1}}));
}

TEST_P(JournalOfOwners, MayHaveMoreBytesThanANumberHolds) {
  const std::uint64_t most = limits::file_size_max;
  std::vector<Change> changes;
  for (std::uint64_t id = 1; id <= 1100; ++id) {
    changes.emplace_back(CreateUpload{upload(id, "ann", most)});
  }
  ASSERT_TRUE(commit_in_steps(changes));
  EXPECT_GE(run(journal().owners(1))->front().bytes, 1023 * most);
  EXPECT_EQ(refusal({CreateUpload{upload(2000, "ann", 1), {.sessions = {}, .bytes = most}}}),
            Errc::quota_exceeded);
}

TEST_P(JournalOfOwners, ForgetTheirOldestGoneUploads) {
  const std::uint64_t count = limits::gone_uploads_per_owner_max + 3;
  std::vector<Change> changes;
  for (std::uint64_t id = 1; id <= count; ++id) {
    changes.emplace_back(CreateUpload{upload(id, "ann", 1)});
  }
  ASSERT_TRUE(commit_in_steps(changes));
  changes.clear();
  for (std::uint64_t id = 1; id <= count; ++id) {
    model::UploadProgress progress = upload(id, "ann", 1).progress;
    progress.state = model::UploadState::aborted;
    progress.blob_present = false;
    changes.emplace_back(UpdateUpload{id, progress});
  }
  ASSERT_TRUE(commit_in_steps(changes));
  EXPECT_FALSE(find(3));
  ASSERT_TRUE(find(4));
  EXPECT_EQ(find(4)->file_name, "") << "and of those that are left the names";
  EXPECT_EQ(usage("ann"), "0 0 " + std::to_string(limits::gone_uploads_per_owner_max));
  EXPECT_EQ(run(journal().upload_counts()).value()[model::UploadState::aborted],
            limits::gone_uploads_per_owner_max);
}

TEST_P(JournalOfOwners, UseASignatureOnce) {
  const UseSignature use{"digest", at(1000), at(5000)};
  ASSERT_TRUE(commit({use, CreateUpload{upload(1, "ann", 1)}}));
  EXPECT_EQ(refusal({use, CreateUpload{upload(2, "ann", 1)}}), Errc::not_authorized);
  EXPECT_EQ(refusal({CreateUpload{upload(2, "ann", 1)}, use}), Errc::not_authorized);
  EXPECT_EQ(usage("ann"), "1 1 1") << "nothing of a refused commit remains";
  EXPECT_TRUE(commit({UseSignature{"other", at(1000), at(5000)}}));
  EXPECT_EQ(refusal({UseSignature{"late", at(5000), at(5000)}}), Errc::not_authorized);
}

TEST_P(JournalOfOwners, ListTheirVideosNewestFirstInPages) {
  std::vector<Change> changes;
  for (int i = 0; i < 9; ++i) {
    model::VideoRecord record = video(std::to_string(i), i % 3 == 0 ? "bob" : "ann", 1);
    record.created_at = at(i / 2);
    record.status = i % 2 == 0 ? "success" : "fail";
    changes.emplace_back(PutVideo{std::move(record)});
  }
  ASSERT_TRUE(commit(std::move(changes)));
  const auto list = [this](const VideoQuery& query) {
    const Result<VideoPage> page = run(journal().list_videos(query));
    std::string ids = std::to_string(page->total) + ":";
    for (const model::VideoRecord& record : page->records) {
      ids += record.id;
    }
    return ids;
  };
  EXPECT_EQ(list({}), "9:876543210");
  EXPECT_EQ(list({.status = std::nullopt, .offset = 2, .count = 3}), "9:654");
  EXPECT_EQ(list({.status = std::nullopt, .offset = 9}), "9:");
  EXPECT_EQ(list({.status = "fail"}), "4:7531");
  EXPECT_EQ(list({.status = std::nullopt, .owner = "bob"}), "3:630");
  EXPECT_EQ(list({.status = "success", .offset = 1, .count = 1, .owner = "bob"}), "2:0");
  EXPECT_EQ(list({.status = "no\xFFne"}), "0:");
  ASSERT_TRUE(commit({RemoveVideo{"8"}}));
  EXPECT_EQ(list({}), "8:76543210");
}

TEST_P(JournalOfOwners, LeaveFilesOfRemovedVideos) {
  model::VideoRecord removed = video("v", "ann", 1);
  removed.status = "deleted";
  model::VideoRecord gone = video("w", "ann", 1);
  gone.status = "deleted";
  gone.source_present = false;
  model::VideoRecord other = removed;
  other.id = "x";
  ASSERT_TRUE(
      commit({PutVideo{removed}, PutVideo{gone}, PutVideo{other}, PutVideo{video("y", "", 1)}}));
  EXPECT_EQ(*run(journal().leftover_videos("", 9)), (std::vector{removed, other}));
  EXPECT_EQ(*run(journal().leftover_videos("", 1)), (std::vector{removed}));
  EXPECT_EQ(*run(journal().leftover_videos("v", 9)), (std::vector{other}));
  EXPECT_EQ(*run(journal().find_video("w")), gone);
}

TEST_P(JournalOfOwners, AreToldOfTheFirstThingOfEachUpload) {
  const auto add = [](std::uint64_t upload_id, const std::string& key, int due) {
    model::Notification notification;
    notification.upload_id = upload_id;
    notification.event = "created";
    notification.key = key;
    notification.body = std::string("\0\xFF", 2);
    notification.next_attempt_at = at(due);
    return AddNotification{notification};
  };
  ASSERT_TRUE(commit({add(1, "a", 50), add(1, "b", 1), add(2, "c", 20)}));
  const auto next = [this](std::size_t count) {
    std::string keys;
    for (const model::Notification& notification : *run(journal().next_notifications(count))) {
      EXPECT_EQ(notification.body, std::string("\0\xFF", 2));
      keys += notification.key;
    }
    return keys;
  };
  EXPECT_EQ(next(9), "ca");
  EXPECT_EQ(next(1), "c");
  const std::vector<model::Notification> due = *run(journal().next_notifications(1));
  ASSERT_TRUE(commit({PostponeNotification{due.front().id, 7, at(90)}}));
  EXPECT_EQ(next(9), "ac");
  EXPECT_EQ(run(journal().next_notifications(2))->back().attempts, 7U);
  ASSERT_TRUE(commit({RemoveNotification{run(journal().next_notifications(1))->front().id}}));
  EXPECT_EQ(next(9), "bc");
}

INSTANTIATE_TEST_SUITE_P(All, JournalOfOwners, sluice::testing::databases(),
                         sluice::testing::name_of);

}  // namespace
}  // namespace sluice::journal::postgres
