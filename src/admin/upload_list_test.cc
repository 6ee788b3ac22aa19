// SPDX-License-Identifier: MIT
#include "admin/upload_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "support/engine_fixture.h"
#include "support/test_records.h"

namespace sluice::admin {
namespace {

using model::UploadState;

class UploadListTest : public testing::EngineFixture {
 protected:
  model::UploadRecord& put(std::uint64_t id, std::string name, std::string owner,
                           std::uint64_t size, std::uint64_t stored, UploadState state) {
    model::UploadRecord record = testing::sample_upload(id);
    record.file_name = std::move(name);
    record.owner = std::move(owner);
    record.progress.file_size = size;
    record.progress.stored.add({0, stored});
    journal.cover(id, {0, stored});
    record.progress.state = state;
    return journal.uploads[id] = std::move(record);
  }

  boost::json::object page(const std::string& text) {
    Result<ListQuery> query = list_query_of(text);
    EXPECT_TRUE(query) << text;
    Result<boost::json::object> document = run(list_page(engine->operations(), *std::move(query)));
    EXPECT_TRUE(document) << text;
    return *std::move(document);
  }

  static std::string ids_of(const boost::json::object& page) {
    std::string ids;
    for (const boost::json::value& upload : page.at("uploads").as_array()) {
      ids += (ids.empty() ? "" : " ") + std::to_string(upload.at("id").to_number<int>());
    }
    return ids;
  }
  std::string ids(const std::string& text) { return ids_of(page(text)); }
};

TEST_F(UploadListTest, PutsThoseOnRecordInAnOrder) {
  put(1, "c", "bob", 30, 5, UploadState::delivered);
  put(2, "a", "ann", 10, 9, UploadState::receiving);
  put(3, "b", "bob", 20, 7, UploadState::failed);
  put(4, "a", "", 10, 0, UploadState::receiving);
  struct Case {
    const char* query;
    const char* ids;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"", "1 2 3 4"},
           {"sort=id", "4 3 2 1"},
           {"sort=id&reverse=true", "1 2 3 4"},
           {"sort=name", "4 2 3 1"},
           {"sort=name&reverse=true", "1 3 2 4"},
           {"sort=owner", "4 2 3 1"},
           {"sort=size", "1 3 4 2"},
           {"sort=size&reverse=true", "2 4 3 1"},
           {"sort=arrived", "2 3 1 4"},
           {"sort=state", "4 2 1 3"},
           {"sort=size&owner=bob", "1 3"},
           {"sort=name&state=receiving", "4 2"},
           {"sort=size&search=B", "1 3"},
           {"sort=size&count=3", "1 3 4"},
           {"sort=size&count=2&skip=1", "3 4"},
           {"sort=size&skip=4", ""},
           {"sort=id&count=2&after=4", "3 2"},
       }) {
    EXPECT_EQ(ids(c.query), c.ids) << c.query;
  }
}

TEST_F(UploadListTest, SaysWhereItGoesOnAndHowManyMatch) {
  for (std::uint64_t id = 1; id <= 5; ++id) {
    put(id, "film" + std::to_string(id), "", id, 0, UploadState::receiving);
  }
  const auto first = page("sort=size&count=2");
  EXPECT_EQ(first.at("matching"), 5);
  EXPECT_EQ(first.at("next"), 2);
  EXPECT_FALSE(first.contains("truncated"));
  const auto last = page("sort=size&count=2&skip=4&search=film");
  EXPECT_EQ(ids_of(last), "1");
  EXPECT_FALSE(last.contains("next"));
  const auto newest = page("sort=id&count=2");
  EXPECT_EQ(newest.at("next"), 4);
  EXPECT_FALSE(newest.contains("matching"));
}

TEST_F(UploadListTest, ComparesTheBeginningsOfLongNames) {
  const std::string long_name(limits::operator_sort_bytes_max, 'n');
  put(1, long_name + "a", "", 0, 0, UploadState::receiving);
  put(2, long_name + "b", "", 0, 0, UploadState::receiving);
  put(3, "n", "", 0, 0, UploadState::receiving);
  EXPECT_EQ(ids("sort=name"), "3 2 1");
}

TEST_F(UploadListTest, AnOrderIsThatOfTheNewestAlone) {
  const std::uint64_t last = limits::operator_search_count_max + 1;
  for (std::uint64_t id = 1; id <= last; ++id) {
    put(id, "a", "", last - id, 0, UploadState::receiving);
  }
  const auto largest = page("sort=size&count=1");
  EXPECT_EQ(ids_of(largest), "2") << "the first, and largest, is one too many";
  EXPECT_EQ(largest.at("matching"), limits::operator_search_count_max);
  EXPECT_EQ(largest.at("truncated"), true);
}

TEST_F(UploadListTest, RefusesWhatItDoesNotKnow) {
  for (const char* wrong : {"sort=", "sort=active", "reverse=yes", "skip=0", "skip=10001", "skip=x",
                            "count=101", "after=0", "state=odd"}) {
    const Result<ListQuery> query = list_query_of(wrong);
    ASSERT_FALSE(query) << wrong;
    EXPECT_EQ(query.error().code(), Errc::bad_request);
  }
}

}  // namespace
}  // namespace sluice::admin
