// SPDX-License-Identifier: MIT
// Files that are made of partial uploads.
#include "upload/partials.h"

#include <gtest/gtest.h>

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <optional>
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
  // One of `size` bytes without any yet.
  std::string empty_partial(std::optional<std::uint64_t> size) {
    NewUpload request{size, "part", "", "{}"};
    request.is_partial = true;
    return (*run(engine->create(std::move(request))))->token;
  }
  // An upload that is made of them, of `size` bytes where that is known.
  std::string create_final(const std::vector<std::string>& partials,
                           std::optional<std::uint64_t> size) {
    NewUpload request{size, "file.mp4", "video/mp4", "{}"};
    request.partials = partials;
    return (*run(engine->create(std::move(request))))->token;
  }
  Result<SnapshotPtr> made(const std::string& token) { return run(engine->wait_for_made(token)); }
  // As long as others are at work.
  void let_others_work() {
    for (int i = 0; i < 100; ++i) {
      run(pass());
    }
  }
  static runtime::Task<> pass() {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::deferred);
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
  const std::string token = create_final(partials, 9);
  const Result<SnapshotPtr> file = made(token);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_TRUE((*file)->answer);
  EXPECT_EQ(delivered_bytes, "abcdefghi");
  EXPECT_TRUE(made(token)) << "a repetition";
  EXPECT_EQ(deliveries, 1);
  // They stay, also for the same one twice.
  ASSERT_TRUE(made(create_final({partials[0], partials[0]}, 6)));
  EXPECT_EQ(delivered_bytes, "abcabc");
  ASSERT_TRUE(made(create_final({partials[1]}, 0)));
  EXPECT_EQ(delivered_bytes, "");
}

TEST_F(PartialsTest, AFileIsMadeWithoutARequest) {
  const std::string token = create_final({partial("abc"), partial("def")}, 6);
  let_others_work();
  EXPECT_EQ(status(token)->state, model::UploadState::delivered);
  EXPECT_EQ(delivered_bytes, "abcdef");
}

TEST_F(PartialsTest, AFileIsMadeOnceTheLastOfThemIsComplete) {
  for (const bool is_size_known : {true, false}) {
    const std::string first = empty_partial(3);
    const std::string last = empty_partial(is_size_known ? std::optional(3) : std::nullopt);
    const std::string token =
        create_final({first, last}, is_size_known ? std::optional(6) : std::nullopt);
    ASSERT_TRUE(append(last, "def", ContinuesAt{0}));
    let_others_work();
    EXPECT_EQ(made(token).error().code(), Errc::delivery_pending);
    ASSERT_TRUE(append(first, "ab", ContinuesAt{0}));
    ASSERT_TRUE(append(first, "c", ContinuesAt{2}));
    if (!is_size_known) {
      EXPECT_EQ(made(token).error().code(), Errc::delivery_pending);
      EXPECT_FALSE(status(token)->file_size);
      ASSERT_TRUE(declare_size(last, 3));
    }
    EXPECT_TRUE((*made(token))->answer);
    EXPECT_EQ(status(token)->file_size, 6U);
    EXPECT_EQ(delivered_bytes, "abcdef");
  }
  EXPECT_EQ(deliveries, 2);
}

TEST_F(PartialsTest, ARestartKnowsWhatIsToBeMade) {
  const std::string first = empty_partial(3);
  const std::string token = create_final({first, partial("def")}, 6);
  restart();
  EXPECT_EQ(made(token).error().code(), Errc::delivery_pending);
  ASSERT_TRUE(append(first, "abc", ContinuesAt{0}));
  EXPECT_TRUE((*made(token))->answer);
  EXPECT_EQ(delivered_bytes, "abcdef");
}

TEST_F(PartialsTest, ARestartGoesOnWhereTheProcessEnded) {
  const std::string bytes = "abcdefghi";
  for (std::uint64_t before = 0; before <= bytes.size(); ++before) {
    const std::string first = empty_partial(3);
    const std::string token = create_final({first, partial("defghi")}, bytes.size());
    close();
    // As if the process had ended while it wrote the file.
    const auto store_bytes = [this](std::uint64_t id, const std::string& some) {
      store.blobs[id] = {some, some};
      journal.uploads.at(id).progress.stored.add({0, some.size()});
      journal.cover(id, {0, some.size()});
    };
    store_bytes(run(journal.find_upload(first)).value()->id, "abc");
    if (before > 0) {
      store_bytes(run(journal.find_upload(token)).value()->id, bytes.substr(0, before));
    }
    restart();
    let_others_work();
    EXPECT_EQ(status(token)->state, model::UploadState::delivered) << before;
    EXPECT_EQ(delivered_bytes, bytes) << before;
  }
}

TEST_F(PartialsTest, NoClientSendsBytesOrASize) {
  const std::string token = create_final({empty_partial(3)}, std::nullopt);
  EXPECT_EQ(append(token, "abc", ContinuesAt{0}).error().code(), Errc::forbidden);
  EXPECT_EQ(append(token, "abc", Range{0, 3, 3}).error().code(), Errc::forbidden);
  EXPECT_EQ(declare_size(token, 3).error().code(), Errc::forbidden);
}

TEST_F(PartialsTest, APartialUploadThatEndsEndsTheFile) {
  const std::string aborted = empty_partial(3);
  const std::string token = create_final({aborted}, 3);
  let_others_work();
  ASSERT_TRUE(run(engine->abort(aborted)));
  let_others_work();
  EXPECT_EQ(status(token).error().code(), Errc::not_found);
  EXPECT_EQ(status(token).error().message(),
            "a partial upload of this file was aborted or has expired");
  restart();
  EXPECT_EQ(made(token).error().message(),
            "a partial upload of this file was aborted or has expired");
  for (const std::string& wrong : {create(3), std::string("unknown"), aborted}) {
    const std::string other = create_final({partial("abc"), wrong}, std::nullopt);
    EXPECT_EQ(made(other).error().code(), Errc::not_found) << wrong;
  }
  EXPECT_EQ(deliveries, 0);
}

TEST_F(PartialsTest, AFileThatWouldBeTooLargeEnds) {
  const std::string first = empty_partial(std::nullopt);
  NewUpload request{std::nullopt, "file.mp4", "", "{}"};
  request.partials = {first};
  request.file_size_max = 2;
  const std::string token = (*run(engine->create(std::move(request))))->token;
  ASSERT_TRUE(append(first, "abc", UpToEnd{0}));
  const Result<SnapshotPtr> file = made(token);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message(), "File size limit is set to 2 bytes, file_size is 3");
}

TEST_F(PartialsTest, AFileThatWaitsLivesAsLongAsWhatItWaitsFor) {
  const std::string first = empty_partial(9);
  const std::string token = create_final({first}, 9);
  let_others_work();
  for (std::uint64_t i = 0; i < 5; ++i) {
    clock.advance(std::chrono::hours(20));
    ASSERT_TRUE(append(first, "a", ContinuesAt{i}));
    ASSERT_TRUE(run(engine->reaper().reap()));
  }
  EXPECT_TRUE(status(token));
  clock.advance(std::chrono::hours(25));
  ASSERT_TRUE(run(engine->reaper().reap()));
  let_others_work();
  EXPECT_FALSE(status(token)) << "the partial upload has expired";
}

TEST_F(PartialsTest, TheAnswerMayBeLongInComing) {
  answers_at_once = false;
  const std::string token = create_final({partial("abc"), partial("def")}, 6);
  EXPECT_EQ(made(token).error().code(), Errc::delivery_pending);
  EXPECT_EQ(made(token).error().code(), Errc::delivery_pending);
  answer_now(token);
  EXPECT_TRUE((*made(token))->answer);
  EXPECT_EQ(deliveries, 1);
}

TEST_F(PartialsTest, AFileThatCannotBeMadeNowStays) {
  const std::vector<std::string> partials{partial("abc"), partial("def")};
  store.blobs.erase(2);
  const std::string token = create_final(partials, 6);
  EXPECT_EQ(made(token).error().code(), Errc::delivery_pending);
  EXPECT_EQ(status(token)->acknowledged, 3U);
  store.blobs[2] = {"def", "def"};
  restart();
  EXPECT_TRUE((*made(token))->answer);
  EXPECT_EQ(delivered_bytes, "abcdef") << "it goes on where it ended";
}

}  // namespace
}  // namespace sluice::upload
