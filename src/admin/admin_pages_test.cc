// SPDX-License-Identifier: MIT
#include "admin/admin_pages.h"

#include <gtest/gtest.h>

#include "support/run.h"
#include "support/scripted_source.h"

namespace sluice::admin {
namespace {

class Pages final : public protocol::ServicePages {
 public:
  runtime::Task<http::Response> healthz() override { co_return page("healthy"); }
  runtime::Task<http::Response> readyz() override { co_return page("ready"); }
  runtime::Task<http::Response> metrics() override { co_return page("metrics"); }

 private:
  static http::Response page(const char* body) {
    return {.status = 200, .headers = {}, .body = body};
  }
};

class AdminPagesTest : public ::testing::Test {
 protected:
  http::Reply ask(http::Method method, const std::string& path) {
    http::Request request;
    request.method = method;
    request.path = path;
    const http::RequestContext context;
    testing::ScriptedSource nothing("");
    http::Interims nowhere;
    http::Exchange exchange(request, context, nothing, nowhere);
    return std::move(*testing::run(admin_.handle(exchange)));
  }

  Pages pages_;
  AdminPages admin_{pages_};
};

TEST_F(AdminPagesTest, AreThePagesAboutTheInside) {
  EXPECT_EQ(ask(http::Method::get, "/healthz").response.body, "healthy");
  EXPECT_EQ(ask(http::Method::get, "/readyz").response.body, "ready");
  const http::Reply metrics = ask(http::Method::head, "/metrics");
  EXPECT_EQ(metrics.response.body, "metrics");
  EXPECT_STREQ(metrics.route, "metrics");
}

TEST_F(AdminPagesTest, AreNothingElse) {
  for (const char* path : {"/", "/videos.json", "/uploads/A", "/metrics/more", "/v2/metrics"}) {
    EXPECT_EQ(ask(http::Method::get, path).response.status, 404) << path;
  }
  const http::Reply refused = ask(http::Method::post, "/metrics");
  EXPECT_EQ(refused.response.status, 405);
  EXPECT_EQ(refused.response.headers.find("Allow"), "GET, HEAD");
}

}  // namespace
}  // namespace sluice::admin
