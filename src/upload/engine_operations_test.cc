// SPDX-License-Identifier: MIT
#include "upload/engine_operations.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "support/engine_fixture.h"
#include "support/run.h"

namespace sluice::upload {
namespace {

using model::UploadState;

class EngineOperationsTest : public testing::EngineFixture {
 protected:
  std::vector<std::uint64_t> listed(journal::UploadQuery query) {
    std::vector<std::uint64_t> ids;
    for (const UploadView& view : *run(engine->operations().list(std::move(query)))) {
      ids.push_back(view.record.id);
    }
    return ids;
  }
};

TEST_F(EngineOperationsTest, ListsWhatIsInTheJournal) {
  const std::string first = create(3);
  create(3);
  const std::string third = create(9);
  ASSERT_TRUE(append(first, "abc", {0, 3, 3}));
  ASSERT_TRUE(append(third, "abcd", {0, 4, 9}));
  using Ids = std::vector<std::uint64_t>;
  EXPECT_EQ(listed({}), (Ids{1, 2, 3}));
  EXPECT_EQ(listed({.state = UploadState::receiving}), (Ids{2, 3}));
  EXPECT_EQ(listed({.after = 1, .count = 1}), (Ids{2}));
  for (int start = 0; start < 2; ++start) {
    const Result<UploadView> view = run(engine->operations().find(3));
    ASSERT_TRUE(view);
    EXPECT_EQ(view->arrived, 4U);
    EXPECT_FALSE(view->is_being_written);
    restart();
  }
  EXPECT_EQ(run(engine->operations().find(4)).error().code(), Errc::not_found);
}

TEST_F(EngineOperationsTest, LooksAtWhatIsInMemory) {
  const std::string first = create(9);
  create(9);
  ASSERT_TRUE(append(first, "abc", {0, 3, 9}));
  std::map<std::uint64_t, UploadView> views;
  for (const auto& upload : engine->operations().live()) {
    views[upload->id()] = engine->operations().look_at(*upload);
  }
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[1].arrived, 3U);
  EXPECT_GT(views[1].last_byte_at, Timestamp());
  EXPECT_EQ(views[2].last_byte_at, Timestamp());
  restart();
  EXPECT_TRUE(engine->operations().live().empty());
}

TEST_F(EngineOperationsTest, EndsOnlyWhatIsBeingReceived) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abcd", {0, 4, 9}));
  const Result<UploadView> ended = run(engine->operations().abort(1));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->record.progress.state, UploadState::aborted);
  EXPECT_FALSE(store.blobs.contains(1));
  EXPECT_EQ(append(token, "efghi", {4, 9, 9}).error().code(), Errc::not_found);
  EXPECT_EQ(run(engine->operations().abort(1)).error().code(), Errc::bad_request);
  EXPECT_EQ(run(engine->operations().abort(7)).error().code(), Errc::not_found);

  const std::string whole = create(3);
  ASSERT_TRUE(append(whole, "abc", {0, 3, 3}));
  EXPECT_EQ(run(engine->operations().abort(2)).error().code(), Errc::bad_request);
  EXPECT_EQ(run(engine->operations().find(2))->record.progress.state, UploadState::delivered);
}

}  // namespace
}  // namespace sluice::upload
