// SPDX-License-Identifier: MIT
#include "admin/control_pages.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/run.h"
#include "support/scripted_source.h"

namespace sluice::admin {
namespace {

class ControlPagesTest : public ::testing::Test,
                         public upload::Operations,
                         public protocol::Relocation {
 protected:
  runtime::Task<Result<upload::SnapshotPtr>> retry(std::uint64_t upload_id) override {
    retried.push_back(upload_id);
    if (upload_id == 404) {
      co_return fail(Errc::not_found, "there is no upload 404");
    }
    upload::Snapshot snapshot;
    snapshot.id = upload_id;
    snapshot.state = model::UploadState::received;
    co_return std::make_unique<const upload::Snapshot>(std::move(snapshot));
  }

  runtime::Task<Result<upload::RetriedPage>> retry_all(upload::RetryRange range) override {
    ranges.push_back(range);
    upload::RetriedPage page{2, 1, std::nullopt};
    if (!range.until) {
      page.next = upload::RetryRange{{Timestamp(Duration(5)), 9}, Timestamp(Duration(70))};
    }
    co_return page;
  }

  runtime::Task<Result<>> move(std::string url) override {
    moved_to.push_back(url);
    if (url == "nonsense") {
      co_return fail(Errc::bad_request, "expected a URL");
    }
    co_return Result<>();
  }

  http::Response ask(http::Method method, std::string path) {
    http::Request request;
    request.method = method;
    request.path = std::move(path);
    const http::RequestContext context;
    testing::ScriptedSource body("");
    http::Interims nowhere;
    http::Exchange exchange(request, context, body, nowhere);
    return testing::run(pages.handle(exchange))->response;
  }

  std::vector<std::uint64_t> retried;
  std::vector<upload::RetryRange> ranges;
  std::vector<std::string> moved_to;
  ControlPages pages{*this, *this};
};

TEST_F(ControlPagesTest, RetriesAnUpload) {
  const http::Response response = ask(http::Method::post, "/uploads/7/retry");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"id":7,"state":"received"})");
  EXPECT_EQ(retried, std::vector<std::uint64_t>{7});
}

TEST_F(ControlPagesTest, PassesOnWhatTheEngineSays) {
  const http::Response response = ask(http::Method::post, "/uploads/404/retry");
  EXPECT_EQ(response.status, 404);
  EXPECT_NE(response.body.find("there is no upload 404"), std::string::npos);
}

TEST_F(ControlPagesTest, RetriesPageAfterPage) {
  EXPECT_EQ(ask(http::Method::post, "/uploads/since/3.0/retry").body,
            R"({"retried":2,"failed":1,"next":"5.9.70"})");
  EXPECT_EQ(ask(http::Method::post, "/uploads/since/5.9.70/retry").body,
            R"({"retried":2,"failed":1})");
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].after, (journal::Decided{Timestamp(Duration(3)), 0}));
  EXPECT_FALSE(ranges[0].until);
  EXPECT_EQ(ranges[1].after, (journal::Decided{Timestamp(Duration(5)), 9}));
  EXPECT_EQ(ranges[1].until, Timestamp(Duration(70)));
  for (const char* text : {"3", "3.", ".3", "3.-1", "x.1", "1.2.3.4", "1.2.x"}) {
    const std::string path = std::string("/uploads/since/") + text + "/retry";
    EXPECT_EQ(ask(http::Method::post, path).status, 400) << text;
  }
  EXPECT_EQ(ranges.size(), 2U);
}

TEST_F(ControlPagesTest, MovesLocations) {
  EXPECT_EQ(ask(http::Method::post, "/locations/to/https%3A%2F%2Fb.example%2Fup").status, 200);
  EXPECT_EQ(ask(http::Method::post, "/locations/to/nonsense").status, 400);
  EXPECT_EQ(ask(http::Method::post, "/locations/back").status, 200);
  EXPECT_EQ(moved_to, (std::vector<std::string>{"https://b.example/up", "nonsense", ""}));
  EXPECT_EQ(ask(http::Method::post, "/locations/to/").status, 404);
}

TEST_F(ControlPagesTest, RefusesWhatIsNoCommand) {
  for (const char* path :
       {"/uploads/0/retry", "/uploads/-1/retry", "/uploads/7x/retry",
        "/uploads/9007199254740992/retry", "/uploads/99999999999999999999/retry"}) {
    EXPECT_EQ(ask(http::Method::post, path).status, 400) << path;
  }
  for (const char* path : {"/", "/uploads/7", "/uploads//retry", "/videos/7/retry"}) {
    EXPECT_EQ(ask(http::Method::post, path).status, 404) << path;
  }
  EXPECT_EQ(ask(http::Method::get, "/uploads/7/retry").status, 405);
  EXPECT_TRUE(retried.empty());
}

}  // namespace
}  // namespace sluice::admin
