// SPDX-License-Identifier: MIT
#include "console/view.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::console {
namespace {

TEST(View, IsReadFromAQuery) {
  EXPECT_EQ(*view_of(""), View());
  const View all{.which = View::Which::all,
                 .state = model::UploadState::receiving,
                 .search = "film a",
                 .order = View::Order::name,
                 .is_reversed = true};
  EXPECT_EQ(*view_of("state=all&search=Film+A&sort=name&reverse=true"), all);
  EXPECT_EQ(view_of("state=delivering")->which, View::Which::in_state);
  EXPECT_EQ(view_of("state=delivering")->state, model::UploadState::delivering);
  EXPECT_EQ(*view_of("state=unfinished&sort=active&reverse=false&search="), View());
}

TEST(View, NothingElseIsAccepted) {
  const std::string long_one(limits::console_search_bytes_max + 1, 'x');
  for (const std::string& wrong :
       {std::string("state=none"), std::string("state="), std::string("sort=colour"),
        std::string("reverse=1"), std::string("other=true"), std::string("%"),
        "search=" + long_one}) {
    const Result<View> view = view_of(wrong);
    ASSERT_FALSE(view) << wrong;
    EXPECT_EQ(view.error().code(), Errc::bad_request) << wrong;
  }
}

}  // namespace
}  // namespace sluice::console
