// SPDX-License-Identifier: MIT
// Files that are made of partial uploads.
#include "upload/partials.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/engine_fixture.h"

namespace sluice::upload {
namespace {

class PartialsTest : public testing::EngineFixture {
 protected:
  std::string partial(const std::string& bytes) {
    NewUpload request{bytes.size(), "part", "", "{}"};
    request.is_partial = true;
    const std::string token = (*run(engine->create(std::move(request))))->token;
    if (!bytes.empty()) {
      EXPECT_EQ(append(token, bytes, ContinuesAt{0})->acknowledged, bytes.size());
    }
    return token;
  }
  Result<SnapshotPtr> concatenate(const std::string& token,
                                  const std::vector<std::string>& partials) {
    return run(engine->concatenate(token, partials));
  }
};

TEST_F(PartialsTest, APartialUploadIsCompleteWithoutAHandOff) {
  const std::string token = partial("abc");
  EXPECT_EQ(status(token)->acknowledged, 3U) << "no byte is withheld";
  EXPECT_EQ(status(token)->state, model::UploadState::receiving);
  EXPECT_EQ(deliveries, 0);
  restart();
  EXPECT_EQ(status(token)->acknowledged, 3U);
  EXPECT_TRUE(status(token)->is_partial);
}

TEST_F(PartialsTest, TheirBytesBecomeAFileInTheirOrder) {
  const std::vector<std::string> partials{partial("abc"), partial(""), partial("de"),
                                          partial("fghi")};
  const std::string token = create(9);
  const Result<SnapshotPtr> made = concatenate(token, partials);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE((*made)->answer);
  EXPECT_EQ(delivered_bytes, "abcdefghi");
  EXPECT_TRUE(concatenate(token, partials)) << "a repetition";
  EXPECT_EQ(deliveries, 1);
  // They stay, also for the same one twice.
  const std::string other = create(6);
  ASSERT_TRUE(concatenate(other, {partials[0], partials[0]}));
  EXPECT_EQ(delivered_bytes, "abcabc");
}

TEST_F(PartialsTest, ARepetitionGoesOn) {
  const std::vector<std::string> partials{partial("abc"), partial("defghi")};
  for (std::size_t before = 1; before < 9; ++before) {
    const std::string token = create(9);
    ASSERT_TRUE(append(token, std::string("abcdefghi").substr(0, before), ContinuesAt{0}));
    restart();
    ASSERT_TRUE(concatenate(token, partials)) << before;
    EXPECT_EQ(delivered_bytes, "abcdefghi");
  }
}

TEST_F(PartialsTest, OnlyCompletePartialUploadsOfTheRightSize) {
  const std::string abc = partial("abc");
  NewUpload unfinished{3, "part", "", "{}"};
  unfinished.is_partial = true;
  const std::string open = (*run(engine->create(std::move(unfinished))))->token;
  const std::string aborted = partial("xyz");
  ASSERT_TRUE(run(engine->abort(aborted)));
  const std::string token = create(6);
  const auto refusal = [&](const std::vector<std::string>& partials) {
    const Result<SnapshotPtr> made = concatenate(token, partials);
    return made ? Errc::internal : made.error().code();
  };
  EXPECT_EQ(refusal({abc}), Errc::bad_request);
  EXPECT_EQ(refusal({abc, abc, abc}), Errc::bad_request);
  EXPECT_EQ(refusal({abc, open}), Errc::bad_request);
  EXPECT_EQ(refusal({abc, create(3)}), Errc::bad_request);
  EXPECT_EQ(refusal({abc, "unknown"}), Errc::not_found);
  EXPECT_EQ(refusal({abc, aborted}), Errc::not_found);
  EXPECT_EQ(status(token)->acknowledged, 0U);
}

TEST_F(PartialsTest, TheAnswerMayBeLongInComing) {
  answers_at_once = false;
  const std::vector<std::string> partials{partial("abc"), partial("def")};
  const std::string token = create(6);
  EXPECT_EQ(concatenate(token, partials).error().code(), Errc::delivery_pending);
  EXPECT_EQ(concatenate(token, partials).error().code(), Errc::delivery_pending);
  answer_now(token);
  EXPECT_TRUE((*concatenate(token, partials))->answer);
  EXPECT_EQ(deliveries, 1);
}

TEST_F(PartialsTest, ALostPartialIsAnError) {
  const std::vector<std::string> partials{partial("abc"), partial("def")};
  store.blobs.erase(2);
  const std::string token = create(6);
  EXPECT_EQ(concatenate(token, partials).error().code(), Errc::storage_failed);
  EXPECT_EQ(status(token)->acknowledged, 3U);
}

}  // namespace
}  // namespace sluice::upload
