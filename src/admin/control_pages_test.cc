// SPDX-License-Identifier: MIT
#include "admin/control_pages.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <vector>

#include "base/limits.h"
#include "support/memory_journal.h"
#include "support/memory_store.h"
#include "support/recording_log.h"
#include "support/run.h"
#include "support/scripted_source.h"

namespace sluice::admin {
namespace {

class ControlPagesTest : public ::testing::Test,
                         public upload::Operations,
                         public protocol::Relocation,
                         public BackupSource {
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

  static upload::UploadView view(std::uint64_t id) {
    upload::UploadView view;
    view.record.id = id;
    view.record.token = "secret";
    view.record.file_name = "a.mp4";
    view.record.progress.file_size = 9;
    view.record.progress.stored.add({0, 5});
    view.arrived = 6;
    view.is_being_written = true;
    return view;
  }

  runtime::Task<Result<std::vector<upload::UploadView>>> list(journal::UploadQuery query) override {
    queries.push_back(query);
    std::vector<upload::UploadView> page;
    for (std::uint64_t id = query.after + 1; page.size() < query.count && id <= last_id; ++id) {
      page.push_back(view(id));
    }
    co_return page;
  }

  runtime::Task<Result<upload::UploadView>> find(std::uint64_t upload_id) override {
    if (upload_id == 404) {
      co_return fail(Errc::not_found, "there is no upload 404");
    }
    upload::UploadView found = view(upload_id);
    found.record.parameters = R"({"user":5})";
    found.record.progress.answer =
        model::Answer{.status = 200, .headers = {}, .body = R"({"id":"v"})"};
    co_return found;
  }

  std::vector<std::shared_ptr<const upload::LiveUpload>> live() override { return {}; }
  upload::UploadView look_at(const upload::LiveUpload& /*upload*/) const override { return {}; }

  runtime::Task<Result<upload::UploadView>> abort(std::uint64_t upload_id) override {
    aborted.push_back(upload_id);
    co_return view(upload_id);
  }

  runtime::Task<Result<upload::UploadView>> release(std::uint64_t upload_id) override {
    released.push_back(upload_id);
    co_return view(upload_id);
  }

  runtime::Task<Result<upload::UploadView>> refuse(std::uint64_t upload_id,
                                                   std::string words) override {
    refused.push_back(std::to_string(upload_id) + ": " + words);
    if (upload_id == 404) {
      co_return fail(Errc::not_found, "there is no upload 404");
    }
    co_return view(upload_id);
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

  runtime::Task<Result<ReloadReport>> reload() { co_return reloaded; }
  runtime::Task<Result<>> begin() override {
    ++backups_begun;
    co_return Result<>();
  }
  runtime::Task<Result<>> end() override {
    co_return fail(Errc::bad_request, "no backup is under way");
  }

  http::Response ask(http::Method method, const std::string& path) {
    return ask(method, path, pages);
  }
  http::Response ask(http::Method method, const std::string& path, ControlPages& asked) {
    http::Request request;
    request.method = method;
    const std::size_t mark = path.find('?');
    request.path = path.substr(0, mark);
    request.query = mark == std::string::npos ? "" : path.substr(mark + 1);
    testing::ScriptedSource body("");
    http::Interims nowhere;
    http::Exchange exchange(request, context, body, nowhere);
    return testing::run(asked.handle(exchange))->response;
  }

  http::RequestContext context{.request_id = "1",
                               .peer_address = "unix",
                               .peer_process = net::PeerProcess{.user_id = 12, .process_id = 345}};
  std::uint64_t last_id = 3;
  std::vector<journal::UploadQuery> queries;
  std::vector<std::uint64_t> aborted;
  std::vector<std::uint64_t> retried;
  std::vector<std::uint64_t> released;
  std::vector<std::string> refused;
  std::vector<upload::RetryRange> ranges;
  std::vector<std::string> moved_to;
  int backups_begun = 0;
  testing::MemoryJournal journal;
  testing::MemoryStore store;
  Metrics metrics;
  runtime::BlockingPool pool{0};  // Inline.
  ServerPages server{metrics, journal, store, store, pool, 0};
  testing::RecordingLog log;
  Result<ReloadReport> reloaded = ReloadReport{{"limits.uploads"}, {"server.listen"}};
  ControlPages pages{*this, *this, *this, server, [this] { return reload(); }, log};
};

TEST_F(ControlPagesTest, ListsUploadsPageByPage) {
  const http::Response first =
      ask(http::Method::get, "/uploads?state=receiving&owner=a%20b&count=2");
  EXPECT_EQ(first.status, 200);
  const boost::json::object page = boost::json::parse(first.body).as_object();
  EXPECT_EQ(page.at("uploads").as_array().size(), 2U);
  EXPECT_EQ(page.at("next"), 2);
  EXPECT_EQ(boost::json::serialize(page.at("uploads").at(0)),
            R"({"id":1,"state":"receiving","file_name":"a.mp4","file_size":9,"arrived":6,)"
            R"("is_being_written":true})");
  EXPECT_FALSE(boost::json::parse(ask(http::Method::get, "/uploads?after=2&count=2").body)
                   .as_object()
                   .contains("next"));
  ASSERT_EQ(queries.size(), 2U);
  EXPECT_EQ(queries[0].state, model::UploadState::receiving);
  EXPECT_EQ(queries[0].owner, "a b");
  EXPECT_EQ(queries[1].after, 2U);
  for (const char* wrong :
       {"state=none", "state=", "after=0", "after=x", "count=0", "count=101", "count=-1", "x=%"}) {
    EXPECT_EQ(ask(http::Method::get, std::string("/uploads?") + wrong).status, 400) << wrong;
  }
  EXPECT_EQ(queries.size(), 2U);
}

TEST_F(ControlPagesTest, ASearchGoesOnBehindWhatItHasSeen) {
  const auto found = [this](const std::string& query) {
    std::vector<std::uint64_t> ids;
    const auto page = boost::json::parse(ask(http::Method::get, "/uploads?" + query).body);
    for (const boost::json::value& upload : page.at("uploads").as_array()) {
      ids.push_back(upload.at("id").to_number<std::uint64_t>());
    }
    const boost::json::value* next = page.as_object().if_contains("next");
    ids.push_back(next != nullptr ? next->to_number<std::uint64_t>() : 0);
    return ids;
  };
  using Ids = std::vector<std::uint64_t>;
  EXPECT_EQ(found("search=A.MP&count=2"), (Ids{1, 2, 2}));
  EXPECT_EQ(found("search=A.MP&count=2&after=2"), (Ids{3, 0}));
  EXPECT_EQ(found("search=other"), (Ids{0}));
  last_id = 2 * limits::operator_search_count_max;
  queries.clear();
  EXPECT_EQ(found("search=other"), (Ids{limits::operator_search_count_max}));
  EXPECT_EQ(queries.size(), limits::operator_search_count_max / limits::operator_page_count_max);
}

TEST_F(ControlPagesTest, DecidesWhatIsSetAside) {
  EXPECT_EQ(ask(http::Method::post, "/uploads/7/release").status, 200);
  EXPECT_EQ(released, std::vector<std::uint64_t>{7});
  EXPECT_EQ(ask(http::Method::post, "/uploads/8/refuse?words=it%20is%20odd").status, 200);
  EXPECT_EQ(ask(http::Method::post, "/uploads/9/refuse").status, 200);
  EXPECT_EQ(refused, (std::vector<std::string>{"8: it is odd", "9: the file was refused"}));
  const std::string long_words(limits::failure_bytes_max + 1, 'a');
  for (const std::string& wrong :
       {std::string("/uploads/x/release"), std::string("/uploads/0/refuse"),
        std::string("/uploads/7/refuse?word=a"), "/uploads/7/refuse?words=" + long_words}) {
    EXPECT_EQ(ask(http::Method::post, wrong).status, 400) << wrong;
  }
  EXPECT_EQ(refused.size(), 2U);
}

TEST_F(ControlPagesTest, SaysInTheLogWhatAnOperatorDid) {
  ask(http::Method::get, "/uploads/7");
  EXPECT_TRUE(log.lines.empty()) << "a question is no act";
  ask(http::Method::post, "/uploads/7/abort");
  ask(http::Method::post, "/uploads/404/refuse?words=no");
  ask(http::Method::post, "/locations/to/https%3A%2F%2Fb.example");
  const std::string by = " from=unix user_id=12 process_id=345 result=";
  EXPECT_EQ(log.lines,
            (std::vector<std::string>{"audit act=abort upload=7" + by + "done",
                                      "audit act=refuse upload=404" + by + "there is no upload 404",
                                      "audit act=move subject=https://b.example" + by + "done"}));
  log.lines.clear();
  context = {.request_id = "1", .peer_address = "192.0.2.7"};
  ControlPages of_console{*this, *this, *this, server, nullptr, log, "a token"};
  ask(http::Method::post, "/uploads/7/release", of_console);
  EXPECT_EQ(log.lines, (std::vector<std::string>{"audit act=release upload=7 from=192.0.2.7 "
                                                 "credential=a token result=done"}));
}

TEST_F(ControlPagesTest, TellsAllAboutAnUploadButItsToken) {
  const http::Response whole = ask(http::Method::get, "/uploads/7");
  const boost::json::object story = boost::json::parse(whole.body).as_object();
  EXPECT_EQ(story.at("parameters").at("user"), 5);
  EXPECT_EQ(story.at("answer").at("id"), "v");
  EXPECT_EQ(story.at("answer_status"), 200);
  EXPECT_EQ(whole.body.find("secret"), std::string::npos);
  EXPECT_EQ(ask(http::Method::get, "/uploads/404").status, 404);
  EXPECT_EQ(ask(http::Method::get, "/uploads/0").status, 400);
}

TEST_F(ControlPagesTest, EndsAnUpload) {
  EXPECT_EQ(ask(http::Method::post, "/uploads/7/abort").status, 200);
  EXPECT_EQ(ask(http::Method::post, "/uploads/x/abort").status, 400);
  EXPECT_EQ(ask(http::Method::get, "/uploads/7/abort").status, 405);
  EXPECT_EQ(aborted, std::vector<std::uint64_t>{7});
}

TEST_F(ControlPagesTest, SaysHowTheServerIs) {
  metrics.bytes_received.add(5);
  const boost::json::object status =
      boost::json::parse(ask(http::Method::get, "/status").body).as_object();
  EXPECT_EQ(status.at("ready"), true);
  EXPECT_EQ(status.at("bytes_received"), 5);
  EXPECT_TRUE(status.at("uploads").is_object());
}

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

TEST_F(ControlPagesTest, TellsWhatBecameOfSettings) {
  const http::Response done = ask(http::Method::post, "/reload");
  EXPECT_EQ(done.body, R"({"applied":["limits.uploads"],"waiting":["server.listen"]})");
  reloaded = fail(Errc::bad_request, "sluice.toml:3: no");
  const http::Response refused = ask(http::Method::post, "/reload");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("sluice.toml:3: no"), std::string::npos);
}

TEST_F(ControlPagesTest, BeginsAndEndsABackup) {
  EXPECT_EQ(ask(http::Method::get, "/backup").status, 405);
  EXPECT_EQ(ask(http::Method::post, "/backup").status, 200);
  EXPECT_EQ(backups_begun, 1);
  const http::Response ended = ask(http::Method::post, "/backup/end");
  EXPECT_EQ(ended.status, 400);
  EXPECT_NE(ended.body.find("no backup is under way"), std::string::npos);
}

TEST_F(ControlPagesTest, RefusesWhatIsNoCommand) {
  for (const char* path :
       {"/uploads/0/retry", "/uploads/-1/retry", "/uploads/7x/retry",
        "/uploads/9007199254740992/retry", "/uploads/99999999999999999999/retry"}) {
    EXPECT_EQ(ask(http::Method::post, path).status, 400) << path;
  }
  for (const char* path : {"/", "/uploads/7/x", "/uploads//retry/x", "/videos/7/retry"}) {
    EXPECT_EQ(ask(http::Method::post, path).status, 404) << path;
  }
  EXPECT_EQ(ask(http::Method::get, "/uploads/7/retry").status, 405);
  EXPECT_TRUE(retried.empty());
}

}  // namespace
}  // namespace sluice::admin
