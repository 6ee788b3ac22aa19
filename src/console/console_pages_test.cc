// SPDX-License-Identifier: MIT
#include "console/console_pages.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/json/parse.hpp>

#include "protocol/location_base.h"
#include "support/engine_fixture.h"

namespace sluice::console {
namespace {

constexpr std::array files{
    pages::PageFile{"/", "text/html; charset=utf-8", "a1", "upload page", ""},
    pages::PageFile{"/console.html", "text/html; charset=utf-8", "a2", "console page", ""},
    pages::PageFile{"/assets/console-X.js", "text/javascript", "b2", "let a;", ""},
};

// Says which path it was asked for.
class Room final : public http::Handler {
 public:
  explicit Room(std::string name) : name_(std::move(name)) {}
  runtime::Task<http::ReplyPtr> handle(http::Exchange& exchange) override {
    auto reply = std::make_unique<http::Reply>();
    reply->response.body = name_ + " " + exchange.request().path + "?" + exchange.request().query;
    co_return reply;
  }

 private:
  const std::string name_;
};

class ConsolePagesTest : public testing::EngineFixture {
 protected:
  static ConsoleSettings with_token(std::string token) {
    ConsoleSettings settings;
    settings.token = std::move(token);
    settings.names.base = std::make_shared<protocol::LocationBase>("");
    return settings;
  }
  http::Response ask(ConsolePages& pages, const std::string& method, const std::string& target,
                     const std::vector<http::Header>& fields = {}) {
    http::Request request;
    request.method = method == "GET" ? http::Method::get : http::Method::post;
    request.method_text = method;
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    request.query = mark == std::string::npos ? "" : target.substr(mark + 1);
    for (const http::Header& field : fields) {
      request.headers.add(field.name, field.value);
    }
    testing::ScriptedSource body("");
    http::Interims nowhere;
    http::Exchange exchange(request, context_, body, nowhere);
    return run(pages.handle(exchange))->response;
  }

  http::RequestContext context_{
      .request_id = "1", .peer_address = "127.0.0.1", .is_from_inside = true};
  Room admin{"admin"};
  Room control{"control"};
  runtime::BlockingPool pool{0};
  admin::ServerPages server{metrics, journal, store, store, pool, 0};
  Feed feed{context.get_executor(),
            pool,
            {engine->operations(), server, journal, store, metrics, clock, log}};
  auth::Keyring keyring{{}, false};
  const ConsolePages::Parts parts{admin, control, feed, journal, keyring, files};
  ConsolePages open{parts, with_token("")};
  ConsolePages locked{parts, with_token("a secret token of the console")};
};

TEST_F(ConsolePagesTest, EachPathHasItsRoom) {
  EXPECT_EQ(ask(open, "GET", "/").body, "console page");
  EXPECT_EQ(ask(open, "GET", "/assets/console-X.js").body, "let a;");
  EXPECT_EQ(ask(open, "GET", "/metrics").body, "admin /metrics?");
  EXPECT_EQ(ask(open, "POST", "/").body, "admin /?");
  EXPECT_EQ(ask(open, "GET", "/api/uploads?state=failed").body, "control /uploads?state=failed");
  EXPECT_EQ(ask(open, "POST", "/api/uploads/7/abort").body, "control /uploads/7/abort?");
  EXPECT_EQ(ask(open, "GET", "/api/status").body, "control /status?");
  EXPECT_EQ(ask(open, "POST", "/api/locations/back").status, 404);
  EXPECT_EQ(ask(open, "GET", "/assets/console-Y.js").status, 404);
  EXPECT_EQ(ask(open, "POST", "/api/events").status, 405);
  EXPECT_EQ(ask(open, "GET", "/api/events?sort=colour").status, 400);
}

TEST_F(ConsolePagesTest, AProgramWithoutPagesHasTheRestOfIt) {
  ConsolePages bare{{admin, control, feed, journal, keyring, {}}, with_token("")};
  EXPECT_EQ(ask(bare, "GET", "/").body, "admin /?");
  EXPECT_EQ(ask(bare, "GET", "/api/status").body, "control /status?");
}

TEST_F(ConsolePagesTest, EventsAreAStreamWithoutEnd) {
  const http::Response events = ask(open, "GET", "/api/events");
  EXPECT_EQ(events.status, 200);
  EXPECT_EQ(events.headers.find("Content-Type"), "text/event-stream");
  EXPECT_EQ(events.headers.find("Cache-Control"), "no-store");
  EXPECT_TRUE(events.ends_with_connection());
}

TEST_F(ConsolePagesTest, OwnersAreToldOf) {
  upload::NewUpload request{7, "a.mp4", "video/mp4", "{}"};
  request.owner = "ann";
  ASSERT_TRUE(run(engine->create(std::move(request))));
  const auto owners = boost::json::parse(ask(open, "GET", "/api/owners").body);
  EXPECT_EQ(owners.at("owners").at(0).at("owner"), "ann");
  EXPECT_EQ(owners.at("owners").at(0).at("sessions"), 1);
}

TEST_F(ConsolePagesTest, ATokenIsAskedForWhereThereIsOne) {
  struct Case {
    const char* field;
    int status;
  };
  for (const Case& c : {Case{"Bearer a secret token of the console", 200},
                        Case{"bearer   a secret token of the console ", 200}, Case{"Bearer", 401},
                        Case{"Bearer ", 401}, Case{"Bearer a secret token of the consol", 401},
                        Case{"Basic a secret token of the console", 401}, Case{"", 401}}) {
    const http::Response answer = ask(locked, "GET", "/api/status", {{"Authorization", c.field}});
    EXPECT_EQ(answer.status, c.status) << c.field;
    EXPECT_EQ(answer.headers.find("WWW-Authenticate").has_value(), c.status == 401);
  }
  EXPECT_EQ(ask(locked, "GET", "/").body, "console page") << "the page asks for it";
  context_.is_from_inside = false;
  EXPECT_EQ(ask(locked, "GET", "/api/status",
                {{"Authorization", "Bearer a secret token of the console"},
                 {"Host", "console.example.com"}})
                .status,
            200);
}

TEST_F(ConsolePagesTest, WithoutATokenItIsForThisMachineAlone) {
  EXPECT_EQ(ask(open, "GET", "/api/status", {{"Host", "127.0.0.1:9"}}).status, 200);
  EXPECT_EQ(ask(open, "GET", "/api/status", {{"Host", "rebound.example.com"}}).status, 421);
  context_.is_from_inside = false;
  EXPECT_EQ(ask(open, "GET", "/api/status").status, 403);
  EXPECT_EQ(ask(open, "POST", "/api/uploads/1/abort").status, 403);
  EXPECT_EQ(ask(open, "GET", "/api/events").status, 403);
}

TEST_F(ConsolePagesTest, PagesOfOtherOriginsDoNothingHere) {
  const http::Header host{"Host", "127.0.0.1:9"};
  const http::Header token{"Authorization", "Bearer a secret token of the console"};
  for (ConsolePages* const pages : {&open, &locked}) {
    const auto status = [&](const http::Header& field) {
      return ask(*pages, "POST", "/api/uploads/1/abort", {host, token, field}).status;
    };
    EXPECT_EQ(status({"Origin", "http://127.0.0.1:9"}), 200);
    EXPECT_EQ(status({"Sec-Fetch-Site", "same-origin"}), 200);
    EXPECT_EQ(status({"Origin", "http://127.0.0.1:8080"}), 403);
    EXPECT_EQ(status({"Origin", "null"}), 403);
    EXPECT_EQ(status({"Sec-Fetch-Site", "cross-site"}), 403);
    EXPECT_EQ(status({"Sec-Fetch-Site", "same-site"}), 403);
  }
}

}  // namespace
}  // namespace sluice::console
