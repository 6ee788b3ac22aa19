// SPDX-License-Identifier: MIT
#include "delivery/http_backend.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <filesystem>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "runtime/posix_disk.h"
#include "store/local/local_files.h"
#include "store/local/local_references.h"
#include "store/local/local_store.h"
#include "support/manual_clock.h"
#include "support/raw_server.h"
#include "support/run.h"
#include "support/scripted_source.h"
#include "support/temporary_directory.h"

namespace sluice::delivery {
namespace {

using Server = testing::RawServer<boost::asio::ip::tcp>;

constexpr const char* good =
    "HTTP/1.1 201 Created\r\nContent-Type: a/b\r\nX-Private: no\r\nContent-Length: 2\r\n\r\n{}";
constexpr const char* busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

// The value of a header of a raw request.
std::string header(const std::string& request, const std::string& name) {
  const std::size_t begin = request.find("\r\n" + name + ": ");
  if (begin == std::string::npos) {
    return "(none)";
  }
  const std::size_t value = begin + name.size() + 4;
  return request.substr(value, request.find("\r\n", value) - value);
}

std::string body(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

class HttpBackendTest : public ::testing::Test {
 protected:
  HttpBackendTest() {
    handoff.upload_id = 7;
    handoff.idempotency_key = std::string(32, 'a');
    handoff.file_name = "file";
    handoff.file_size = 5;
    handoff.blob_size = 5;
    handoff.parameters = R"({"title":"x"})";
    settings.answer_headers = {"content-type"};
  }

  void write_blob(const std::string& text) {
    const auto blob = store.open({7, text.size()});
    testing::ScriptedSource source(text);
    ASSERT_EQ(testing::run(blob->receive({0, text.size()}, source, store::AtEnd::settles)).bytes,
              text.size());
  }
  HttpBackend& backend_for(const Server& server) {
    settings.url = *outgoing::UrlTemplate::parse(
        "http://127.0.0.1:" + std::to_string(server.endpoint().port()) + "/");
    backend = std::make_unique<HttpBackend>(client, store, references, answers, pool, slow_work,
                                            clock, settings);
    return *backend;
  }

  testing::TemporaryDataDirectory directory;
  testing::TemporaryDirectory incoming;
  runtime::PosixDisk disk;
  runtime::BlockingPool pool{0};
  SlowWork slow_work{0};
  Metrics metrics;
  runtime::BufferPool buffers{limits::buffer_budget_bytes_min, metrics.buffers_in_use};
  store::local::LocalStore store{disk,   pool, buffers, directory.path(), Durability::commit,
                                 metrics};
  store::local::LocalReferences references{store, incoming.path()};
  store::local::LocalFiles files{disk, pool, directory.path(), Durability::commit};
  store::AnswerFiles answers{files};
  testing::ManualClock clock;
  outgoing::HttpClient client{pool};
  HttpBackendSettings settings;
  Handoff handoff;
  std::unique_ptr<HttpBackend> backend;
};

TEST_F(HttpBackendTest, KeepsStatusChosenHeadersAndBody) {
  write_blob("hello");
  Server server(testing::any_port, {good});
  const auto delivery = testing::run(backend_for(server).deliver(handoff));
  ASSERT_TRUE(delivery) << delivery.error().message();
  EXPECT_EQ(delivery->answer.status, 201);
  EXPECT_EQ(delivery->answer.body, "{}");
  ASSERT_EQ(delivery->answer.headers.size(), 1U);
  EXPECT_EQ(delivery->answer.headers[0].second, "a/b");
  EXPECT_FALSE(delivery->blob_taken);
  EXPECT_EQ(body(server.requests().at(0)), "hello");
}

TEST_F(HttpBackendTest, ReadsTheFileForItsDigestOnceInAProcess) {
  write_blob("hello");
  settings.mode = HandoffMode::form;
  settings.with_digest = true;
  Server server(testing::any_port, {busy, good});
  backend_for(server);
  EXPECT_EQ(testing::run(backend->deliver(handoff))->answer.status, 503);
  write_blob("HELLO");  // A blob never changes otherwise: the digest shows which bytes were read.
  ASSERT_TRUE(testing::run(backend->deliver(handoff)));
  const std::vector<std::string> requests = server.requests();
  EXPECT_EQ(header(requests[0], "X-Sluice-File-SHA256"), to_hex(sha256("hello")));
  EXPECT_EQ(header(requests[0], "X-Sluice-Body-SHA256"), to_hex(sha256(body(requests[0]))));
  EXPECT_EQ(header(requests[1], "X-Sluice-File-SHA256"), to_hex(sha256("hello")));
  EXPECT_EQ(header(requests[1], "Content-Type"), header(requests[0], "Content-Type"));
}

TEST_F(HttpBackendTest, SendsExtraFilesBehindTheFileInAForm) {
  write_blob("helloabcde");
  handoff.blob_size = 10;
  handoff.extra_files = {{"sub\"s", "s.srt", {5, 7}}, {"none", "n", {7, 7}}, {"t", "t", {7, 10}}};
  settings.mode = HandoffMode::form;
  settings.with_digest = true;
  Server server(testing::any_port, {good});
  ASSERT_TRUE(testing::run(backend_for(server).deliver(handoff)));
  const std::string request = server.requests().at(0);
  const std::string type = header(request, "Content-Type");
  const std::string boundary = "--" + type.substr(type.find('=') + 1);
  const auto part = [&boundary](const std::string& name, const std::string& file_name,
                                const std::string& content) {
    return boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" +
           file_name + "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + content + "\r\n";
  };
  const std::string sent = body(request);
  EXPECT_EQ(sent.substr(sent.find(part("file", "file", "hello"))),
            part("file", "file", "hello") + part("extra_files[sub%22s]", "s.srt", "ab") +
                part("extra_files[none]", "n", "") + part("extra_files[t]", "t", "cde") + boundary +
                "--\r\n");
  EXPECT_EQ(header(request, "X-Sluice-File-SHA256"), to_hex(sha256("hello")));
  EXPECT_EQ(header(request, "X-Sluice-Body-SHA256"), to_hex(sha256(sent)));
}

std::string answer_of(int status, const std::string& fields = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields + "Content-Length: 0\r\n\r\n";
}

TEST_F(HttpBackendTest, TellsTroubleOnTheWayFromARefusal) {
  write_blob("hello");
  settings.trouble = {404, 429};
  const struct {
    int status;
    bool is_trouble;
  } cases[] = {{200, false}, {400, false}, {401, true}, {403, false}, {404, true},
               {422, false}, {429, true},  {500, true}, {503, true}};
  for (const auto& row : cases) {
    const Server server(testing::any_port, {answer_of(row.status)});
    const auto delivery = testing::run(backend_for(server).deliver(handoff));
    ASSERT_TRUE(delivery) << row.status;
    EXPECT_EQ(delivery->is_trouble, row.is_trouble) << row.status;
    EXPECT_FALSE(delivery->retry_after) << row.status;
  }
  handoff.origin = R"({"address":"::1","headers":{"authorization":"Bearer x"}})";
  const Server server(testing::any_port, {answer_of(401)});
  EXPECT_FALSE(testing::run(backend_for(server).deliver(handoff))->is_trouble)
      << "the application means the client";
}

TEST_F(HttpBackendTest, HearsWhenToComeAgain) {
  write_blob("hello");
  const Server server(testing::any_port, {answer_of(503, "Retry-After: 120\r\n")});
  EXPECT_EQ(testing::run(backend_for(server).deliver(handoff))->retry_after,
            std::chrono::minutes(2));
}

TEST_F(HttpBackendTest, FollowsNoRedirect) {
  write_blob("hello");
  const Server server(testing::any_port,
                      {"HTTP/1.1 307 No\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"});
  const auto delivery = testing::run(backend_for(server).deliver(handoff));
  ASSERT_FALSE(delivery);
  EXPECT_EQ(delivery.error().code(), Errc::delivery_failed);
}

TEST_F(HttpBackendTest, AFileThatIsNotWholeIsNotSent) {
  write_blob("hell");
  const Server server(testing::any_port, {});
  EXPECT_EQ(testing::run(backend_for(server).deliver(handoff)).error().code(),
            Errc::storage_failed);
}

TEST_F(HttpBackendTest, TheSecondNameStaysUnlessTheFileIsRefused) {
  write_blob("hello");
  settings.mode = HandoffMode::reference;
  const std::string path = incoming.path() + "/" + handoff.idempotency_key;
  {
    const Server server(testing::any_port, {good});
    ASSERT_TRUE(testing::run(backend_for(server).deliver(handoff)));
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  settings.trouble = {404};
  for (const int status : {404, 422}) {
    const Server server(testing::any_port, {answer_of(status)});
    ASSERT_TRUE(testing::run(backend_for(server).deliver(handoff)));
    EXPECT_EQ(std::filesystem::exists(path), status == 404);
  }
  EXPECT_TRUE(std::filesystem::exists(store.blob_path(7)));
}

TEST_F(HttpBackendTest, StopEndsTheMakingOfDigests) {
  write_blob("hello");
  settings.with_digest = true;
  const Server server(testing::any_port, {});
  backend_for(server).stop();
  EXPECT_EQ(testing::run(backend->deliver(handoff)).error().code(), Errc::draining);
}

}  // namespace
}  // namespace sluice::delivery
