// SPDX-License-Identifier: MIT
#include "fsck/comparison.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/encoding.h"
#include "support/test_records.h"

namespace sluice::fsck {
namespace {

using model::UploadState;
using testing::at;
using testing::sample_upload;
using testing::sample_video;

constexpr std::uint64_t file_size = 1000;

model::UploadRecord upload(UploadState state, std::uint64_t stored) {
  model::UploadRecord record = sample_upload(0x2A7);
  record.progress.file_size = file_size;
  record.progress.state = state;
  if (stored != 0) {
    record.progress.stored.add({stored / 2, stored});
    record.progress.stored.add({0, stored / 4});
  }
  return record;
}

model::VideoRecord video() {
  model::VideoRecord record = sample_video(std::string(32, 'a'));
  record.document = R"({"extname":".mp4","file_size":1000})";
  return record;
}

TEST(Comparison, ComparesTheLastStoredByteWithTheBlob) {
  struct Case {
    const char* name;
    UploadState state;
    std::uint64_t stored;
    std::optional<std::uint64_t> blob;
    HandedOver handed_over;
    std::optional<Remedy> expected;
  };
  const Case cases[] = {
      {"nothing stored, no blob", UploadState::receiving, 0, std::nullopt, HandedOver::no, {}},
      {"exactly enough", UploadState::receiving, 400, 400, HandedOver::no, {}},
      {"more than the journal knows", UploadState::receiving, 400, 900, HandedOver::no, {}},
      {"one byte short", UploadState::receiving, 400, 399, HandedOver::no, Remedy::cut_stored},
      {"gone", UploadState::receiving, 400, std::nullopt, HandedOver::no, Remedy::cut_stored},
      {"longer than the file", UploadState::receiving, 400, 1001, HandedOver::no, Remedy::none},
      {"complete", UploadState::received, 1000, 1000, HandedOver::no, {}},
      {"complete and gone", UploadState::received, 1000, std::nullopt, HandedOver::no,
       Remedy::cut_stored},
      {"renamed already", UploadState::delivering, 1000, std::nullopt, HandedOver::file, {}},
      {"renamed, and a short blob", UploadState::delivering, 1000, 10, HandedOver::file,
       Remedy::cut_stored},
      {"a video already", UploadState::delivering, 1000, std::nullopt, HandedOver::record, {}},
      {"receiving is never handed over", UploadState::receiving, 400, std::nullopt,
       HandedOver::file, Remedy::cut_stored},
      {"failed, kept for another try", UploadState::failed, 1000, 1000, HandedOver::no, {}},
      {"failed and gone", UploadState::failed, 1000, std::nullopt, HandedOver::no,
       Remedy::cut_stored},
      {"delivered", UploadState::delivered, 1000, std::nullopt, HandedOver::no, {}},
      {"refused, kept for another try", UploadState::refused, 1000, 1000, HandedOver::no, {}},
      {"refused and gone", UploadState::refused, 1000, std::nullopt, HandedOver::no,
       Remedy::forget_blob},
      {"refused and cut", UploadState::refused, 1000, 10, HandedOver::no, Remedy::forget_blob},
      {"aborted", UploadState::aborted, 400, 10, HandedOver::no, {}},
      {"expired", UploadState::expired, 400, std::nullopt, HandedOver::no, {}},
  };
  for (const Case& c : cases) {
    const auto finding = judge_upload(upload(c.state, c.stored), c.blob, c.handed_over);
    ASSERT_EQ(finding.has_value(), c.expected.has_value()) << c.name;
    if (finding) {
      EXPECT_EQ(finding->remedy, *c.expected) << c.name;
      EXPECT_FALSE(finding->harmless) << c.name;
    }
  }
}

TEST(Comparison, NamesTheBlobAndBothEnds) {
  EXPECT_EQ(judge_upload(upload(UploadState::receiving, 400), 100, HandedOver::no)->what,
            "uploads/a7/679.part ends at byte 100, the journal has bytes of upload 679 up to 400");
}

TEST(Comparison, ABlobNeedsAnUpload) {
  EXPECT_EQ(judge_blob(679, nullptr)->remedy, Remedy::move_aside);
  for (const UploadState state :
       {UploadState::receiving, UploadState::received, UploadState::delivering,
        UploadState::refused, UploadState::failed}) {
    const model::UploadRecord record = upload(state, 400);
    EXPECT_FALSE(judge_blob(679, &record)) << model::to_text(state);
  }
  for (const UploadState state :
       {UploadState::delivered, UploadState::aborted, UploadState::expired}) {
    model::UploadRecord record = upload(state, 400);
    const auto leftover = judge_blob(679, &record);
    EXPECT_TRUE(leftover && leftover->harmless) << model::to_text(state);
    record.progress.blob_present = false;
    const auto forgotten = judge_blob(679, &record);
    ASSERT_TRUE(forgotten) << model::to_text(state);
    EXPECT_FALSE(forgotten->harmless);
    EXPECT_EQ(forgotten->remedy, Remedy::move_aside);
  }
}

TEST(Comparison, ARefusedUploadMayHaveNoFile) {
  model::UploadRecord record = upload(UploadState::refused, 1000);
  record.progress.blob_present = false;
  EXPECT_FALSE(judge_upload(record, std::nullopt, HandedOver::no));
  EXPECT_EQ(judge_blob(679, &record)->remedy, Remedy::move_aside);
}

TEST(Comparison, AVideoHasItsFileWithItsSize) {
  EXPECT_FALSE(judge_video(video(), 1000));
  EXPECT_EQ(judge_video(video(), std::nullopt)->remedy, Remedy::forget_file);
  EXPECT_EQ(judge_video(video(), 999)->remedy, Remedy::forget_file);
  model::VideoRecord record = video();
  record.source_present = false;
  EXPECT_FALSE(judge_video(record, std::nullopt));
  record = video();
  record.status = "deleted";
  EXPECT_FALSE(judge_video(record, std::nullopt));
  record = video();
  record.document = R"({"extname":".mp4","file_size":-1})";
  EXPECT_EQ(judge_video(record, 1000)->remedy, Remedy::none);
  record.document = "not JSON";
  EXPECT_EQ(judge_video(record, 1000)->remedy, Remedy::none);
}

TEST(Comparison, AFileOfVideosBelongsToARecord) {
  const std::string name = std::string(32, 'a') + ".mp4";
  model::VideoRecord record = video();
  EXPECT_FALSE(judge_video_file(name, record));
  EXPECT_EQ(judge_video_file(name + ".bak", record)->remedy, Remedy::move_aside);
  record.status = "deleted";
  EXPECT_TRUE(judge_video_file(name, record)->harmless);
  record.source_present = false;
  EXPECT_EQ(judge_video_file(name, record)->remedy, Remedy::move_aside);
}

TEST(Comparison, ExplainsAFileOfAnInterruptedHandOff) {
  const model::UploadRecord record = upload(UploadState::received, 1000);
  const std::string name = handoff_files(record).front().name;
  EXPECT_EQ(name, short_digest("video:" + short_digest("handoff:token-679")) + ".mp4");
  EXPECT_TRUE(judge_unrecorded_video(name, 1000, &record).harmless);
  EXPECT_TRUE(judge_unrecorded_video(name + ".partial", 10, &record).harmless);
  EXPECT_EQ(judge_unrecorded_video(name, 999, &record).remedy, Remedy::move_aside);
  EXPECT_FALSE(judge_unrecorded_video(name, 999, &record).harmless);
  EXPECT_EQ(judge_unrecorded_video(name, 1000, nullptr).remedy, Remedy::move_aside);
}

TEST(Comparison, KnowsHowFarExtraFilesWereTakenOut) {
  model::UploadRecord record = upload(UploadState::delivering, 0);
  record.progress.stored.add({0, 1000});
  record.layout = model::Layout{600, 5, {}};
  ASSERT_TRUE(record.layout->add("subtitles", "s.SRT", 300));
  ASSERT_TRUE(record.layout->add("cover", "", 100));
  for (const std::uint64_t size : {1000U, 900U, 600U}) {
    EXPECT_FALSE(judge_upload(record, size, HandedOver::no)) << size;
  }
  EXPECT_EQ(judge_upload(record, 899, HandedOver::no)->remedy, Remedy::cut_stored);
  const std::vector<HandoffFile> files = handoff_files(record);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0].size, 600U);
  EXPECT_EQ(files[1].name, handoff_video_id(record) + "-1.srt");
  EXPECT_EQ(files[2].name, handoff_video_id(record) + "-2");
  EXPECT_EQ(video_id_of(files[1].name), handoff_video_id(record));
  EXPECT_TRUE(judge_unrecorded_video(files[1].name, 300, &record).harmless);
  EXPECT_EQ(judge_unrecorded_video(files[1].name, 299, &record).remedy, Remedy::move_aside);
  record.progress.state = UploadState::receiving;
  EXPECT_EQ(judge_upload(record, 600, HandedOver::no)->remedy, Remedy::cut_stored);
}

TEST(Comparison, ExtraFilesBelongToTheirVideo) {
  model::VideoRecord record = video();
  record.document = R"({"extname":".mp4","file_size":1000,)"
                    R"("extra_files":[{"extname":".srt","file_size":3}]})";
  EXPECT_FALSE(judge_video_file(record.id + "-1.srt", record));
  EXPECT_EQ(judge_video_file(record.id + "-2.srt", record)->remedy, Remedy::move_aside);
}

TEST(Comparison, ExtraFilesThatAreMissingAreFound) {
  model::VideoRecord record = video();
  record.document = R"({"extname":".mp4","file_size":1000,)"
                    R"("extra_files":[{"extname":".srt","file_size":3}]})";
  const std::vector<HandoffFile> files = extra_files_of(record);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].name, record.id + "-1.srt");
  EXPECT_FALSE(judge_extra_file(files[0], 3));
  for (const std::optional<std::uint64_t> size : {std::optional<std::uint64_t>(), {2}, {4}}) {
    const auto finding = judge_extra_file(files[0], size);
    ASSERT_TRUE(finding);
    EXPECT_NE(finding->what.find(files[0].name), std::string::npos);
    EXPECT_EQ(finding->remedy, Remedy::none);
    EXPECT_FALSE(finding->harmless);
  }
  record.source_present = false;
  EXPECT_TRUE(extra_files_of(record).empty());
}

TEST(Comparison, CutsToWhatIsThereAndReceivesAgain) {
  model::UploadProgress progress = upload(UploadState::delivering, 1000).progress;
  progress.attempts = 7;
  progress.next_attempt_at = at(99);
  progress.expires_at = at(10);
  const model::UploadProgress left = cut(progress, bytes_behind(600), at(20));
  EXPECT_EQ(left.state, UploadState::receiving);
  EXPECT_EQ(left.stored.to_text(), "0-250,500-600");
  EXPECT_EQ(left.expires_at, at(20));
  EXPECT_EQ(left.attempts, 0U);
  EXPECT_EQ(left.next_attempt_at, Timestamp());
  EXPECT_TRUE(cut(progress, bytes_behind(0), at(5)).stored.empty());
  EXPECT_EQ(cut(progress, bytes_behind(0), at(5)).expires_at, at(10));
}

TEST(Comparison, KnowsTheNamesOfBlobs) {
  EXPECT_EQ(upload_id_of("a7", "679.part"), 679U);
  EXPECT_EQ(blob_path(679), "uploads/a7/679.part");
  for (const char* name : {"679", "679.part2", "0679.part", "+679.part", "-679.part", "0.part",
                           ".part", "", "679.PART", "9007199254740992.part"}) {
    EXPECT_FALSE(upload_id_of("a7", name)) << name;
  }
  EXPECT_FALSE(upload_id_of("00", "9007199254740992.part"));
  EXPECT_FALSE(upload_id_of("a6", "679.part"));
  EXPECT_TRUE(is_shard_name("0f"));
  for (const char* name : {"0F", "0", "000", "xx", ""}) {
    EXPECT_FALSE(is_shard_name(name)) << name;
  }
}

TEST(Comparison, KnowsTheNamesOfVideos) {
  const std::string id(32, '0');
  EXPECT_EQ(video_id_of(id), id);
  EXPECT_EQ(video_id_of(id + ".mp4"), id);
  EXPECT_FALSE(video_id_of(id + "0"));
  EXPECT_FALSE(video_id_of(id.substr(1) + ".mp4"));
  EXPECT_FALSE(video_id_of(std::string(32, 'A')));
  EXPECT_FALSE(video_id_of(""));
  model::VideoRecord record = video();
  record.id = "../../etc/passwd";
  EXPECT_FALSE(video_file_name(record));
}

TEST(Comparison, ComparesAnAnswerWithItsFile) {
  model::UploadRecord record = upload(UploadState::delivered, 1000);
  const std::uint64_t id = record.id;
  EXPECT_FALSE(judge_answer(record, std::nullopt));
  record.progress.answer.emplace();
  EXPECT_FALSE(judge_answer(record, std::nullopt));
  EXPECT_TRUE(judge_answer_file(id, &record)->harmless);
  record.progress.answer->spilled_bytes = 70;
  EXPECT_FALSE(judge_answer(record, 70));
  EXPECT_FALSE(judge_answer_file(id, &record));
  EXPECT_EQ(judge_answer(record, 69)->what,
            "answers/679 has 69 bytes, the answer to upload 679 70");
  EXPECT_EQ(judge_answer(record, std::nullopt)->remedy, Remedy::none);
  EXPECT_EQ(judge_answer_file(id, nullptr)->remedy, Remedy::move_aside);
  EXPECT_EQ(answer_id_of("679"), 679U);
  for (const char* name : {"", "0", "0679", "679.part", "-1", "9007199254740992"}) {
    EXPECT_FALSE(answer_id_of(name)) << name;
  }
}

TEST(Comparison, KnowsTheNamesInTheDataDirectory) {
  for (const char* name :
       {"lock", "journal.sqlite", "journal.sqlite-wal", "uploads", "videos", "answers", "secret",
        "location", "control.sock", "backup", "lost+found", "lost+found-20261122T120000Z"}) {
    EXPECT_TRUE(is_known_name(name)) << name;
  }
  for (const char* name : {"", "locks", "journal.sqlite.bak", "Uploads", "lost+foundry"}) {
    EXPECT_FALSE(is_known_name(name)) << name;
  }
}

}  // namespace
}  // namespace sluice::fsck
