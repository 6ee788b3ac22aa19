// SPDX-License-Identifier: MIT
#include "console/table.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <vector>

#include "base/limits.h"
#include "support/engine_fixture.h"

namespace sluice::console {
namespace {

using Ids = std::vector<std::uint64_t>;

class TableTest : public testing::EngineFixture {
 protected:
  std::string create_named(const std::string& name, const std::string& owner, std::uint64_t size) {
    upload::NewUpload request{size, name, "video/mp4", "{}"};
    request.owner = owner;
    request.origin = R"({"address":"192.0.2.7","headers":{}})";
    return (*run(engine->create(std::move(request))))->token;
  }
  boost::json::object updated(Table& table) {
    upload::Operations& uploads = engine->operations();
    return boost::json::parse(table.update(look_at(uploads, clock.now()), uploads)).as_object();
  }
  Ids shown(View view) {
    Table table(std::move(view));
    return ids(updated(table), "order");
  }
  static Ids ids(const boost::json::object& document, const char* member) {
    Ids found;
    for (const boost::json::value& each : document.at(member).as_array()) {
      found.push_back((each.is_object() ? each.at("id") : each).to_number<std::uint64_t>());
    }
    return found;
  }
};

TEST_F(TableTest, TellsWhatIsNewAndWhatHasChanged) {
  const std::string first = create_named("a.mp4", "ann", 9);
  create_named("b.mp4", "bob", 5);
  Table table{View()};
  boost::json::object told = updated(table);
  EXPECT_EQ(told.at("matching"), 2);
  EXPECT_EQ(told.at("counts").at("receiving"), 2);
  EXPECT_EQ(ids(told, "rows"), (Ids{2, 1}));
  EXPECT_EQ(told.at("rows").at(1).at("address"), "192.0.2.7");
  EXPECT_EQ(ids(updated(table), "rows"), Ids());
  ASSERT_TRUE(append(first, "abc", {0, 3, 9}));
  told = updated(table);
  EXPECT_EQ(ids(told, "rows"), Ids{1});
  EXPECT_EQ(told.at("rows").at(0).at("arrived"), 3);
  EXPECT_EQ(ids(told, "order"), (Ids{1, 2})) << "what was written last comes first";
  const boost::json::object whole = boost::json::parse(table.whole()).as_object();
  EXPECT_EQ(whole.at("all"), true);
  EXPECT_EQ(ids(whole, "rows"), (Ids{1, 2}));
  EXPECT_EQ(table.whole().find(first), std::string::npos) << "a token is nobody's to see";
}

TEST_F(TableTest, HasThoseThatTheViewWants) {
  create_named("Holiday at sea.mp4", "ann", 900);
  create_named("b.mp4", "bob", 20);
  ASSERT_TRUE(run(engine->operations().abort(2)));
  create_named("c.mp4", "Annabel", 5);
  const auto in = [](const char* query) { return *view_of(query); };
  EXPECT_EQ(shown(in("sort=id")), (Ids{3, 1}));
  EXPECT_EQ(shown(in("sort=id&state=all")), (Ids{3, 2, 1}));
  EXPECT_EQ(shown(in("state=aborted")), Ids{2});
  EXPECT_EQ(shown(in("search=HOLIDAY")), Ids{1});
  EXPECT_EQ(shown(in("search=ann&sort=size")), (Ids{1, 3}));
  EXPECT_EQ(shown(in("search=3")), Ids{3});
  EXPECT_EQ(shown(in("sort=name&reverse=true&state=all")), (Ids{3, 2, 1}));
  EXPECT_EQ(shown(in("sort=owner&state=all")), (Ids{3, 1, 2}));
}

TEST_F(TableTest, ShowsNoMoreThanFits) {
  for (std::size_t i = 0; i < limits::console_rows_max + 5; ++i) {
    create_named("a.mp4", "", 1);
  }
  Table table{View{.search = {}, .order = View::Order::id, .is_reversed = true}};
  const boost::json::object told = updated(table);
  EXPECT_EQ(told.at("matching"), limits::console_rows_max + 5);
  EXPECT_EQ(told.at("order").as_array().size(), limits::console_rows_max);
  EXPECT_EQ(told.at("order").at(0), 1);
  ASSERT_TRUE(run(engine->operations().abort(1)));
  EXPECT_EQ(ids(updated(table), "rows"), Ids{limits::console_rows_max + 1});
}

}  // namespace
}  // namespace sluice::console
