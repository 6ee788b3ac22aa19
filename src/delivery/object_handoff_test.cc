// SPDX-License-Identifier: MIT
// The hand-off of files that lie in objects, over HTTP.
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/json/parse.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "delivery/http_backend.h"
#include "store/objects/object_files.h"
#include "store/objects/object_references.h"
#include "support/extent_world.h"
#include "support/manual_clock.h"
#include "support/raw_server.h"

namespace sluice::delivery {
namespace {

using limits::MiB;
using Server = sluice::testing::RawServer<boost::asio::ip::tcp>;
using sluice::testing::NetworkFault;
using sluice::testing::run_in;

constexpr const char* thanks = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

// A file of more than a window, with a further one behind it.
class ObjectHandoffTest : public ::testing::Test {
 protected:
  ObjectHandoffTest() : text(std::string(3 * MiB, 'a') + std::string(3 * MiB, 'b') + "c") {
    world.put_file(7, {text.substr(0, 2 * MiB), text.substr(2 * MiB, 3 * MiB + 5),
                       text.substr(5 * MiB + 5) + "extra"});
    handoff.upload_id = 7;
    handoff.idempotency_key = std::string(32, 'a');
    handoff.file_name = "file";
    handoff.file_size = text.size();
    handoff.blob_size = text.size() + 5;
    handoff.extra_files = {{"t", "t", {text.size(), text.size() + 5}}};
    settings.with_digest = true;
  }
  ~ObjectHandoffTest() override { client.stop(); }

  Result<Delivery> deliver(const Server& server) {
    settings.url = *outgoing::UrlTemplate::parse(
        "http://127.0.0.1:" + std::to_string(server.endpoint().port()) + "/");
    HttpBackend backend(client, *world.store, references, answers, pool, slow_work, clock,
                        settings);
    return run_in(world.context, backend.deliver(handoff));
  }

  const std::string text;
  sluice::testing::ExtentWorld world;
  store::objects::Merger merger{world.store->tools(), world.replacing(), s3::Copying::by_store};
  store::objects::ObjectReferences references{merger, {world.objects, "ours"}};
  runtime::BlockingPool pool{2};
  SlowWork slow_work{1};
  store::objects::ObjectFiles files{world.store->tools(), world.context.get_executor()};
  store::AnswerFiles answers{files};
  sluice::testing::ManualClock clock;
  outgoing::HttpClient client{pool};
  HttpBackendSettings settings;
  Handoff handoff;
};

TEST_F(ObjectHandoffTest, TheFileIsTheBody) {
  Server server(sluice::testing::any_port, {thanks});
  const auto delivery = deliver(server);
  ASSERT_TRUE(delivery) << delivery.error().message();
  EXPECT_EQ(delivery->answer.status, 200);
  const std::string request = server.requests().at(0);
  EXPECT_TRUE(body_of(request) == text);
  EXPECT_TRUE(request.contains("X-Sluice-File-SHA256: " + to_hex(sha256(text))));
}

TEST_F(ObjectHandoffTest, AFormHasAllFiles) {
  settings.mode = HandoffMode::form;
  Server server(sluice::testing::any_port, {thanks});
  ASSERT_TRUE(deliver(server));
  const std::string request = server.requests().at(0);
  const std::string sent = body_of(request);
  EXPECT_TRUE(sent.contains("\r\n\r\n" + text + "\r\n--"));
  EXPECT_TRUE(sent.contains("\r\n\r\nextra\r\n--"));
  EXPECT_TRUE(request.contains("X-Sluice-Body-SHA256: " + to_hex(sha256(sent))));
}

TEST_F(ObjectHandoffTest, AStoreThatGoesAwayInTheMiddleCostsTheAttemptAlone) {
  settings.with_digest = false;
  Server server(sluice::testing::any_port, {thanks, thanks});
  world.objects.faults.assign(6, NetworkFault::none);
  world.objects.faults.push_back(NetworkFault::lost);
  const auto broken = deliver(server);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code(), Errc::unavailable);
  ASSERT_TRUE(deliver(server));
  const std::vector<std::string> requests = server.requests();
  EXPECT_LT(body_of(requests.at(0)).size(), text.size());
  EXPECT_TRUE(body_of(requests.at(1)) == text);
}

TEST_F(ObjectHandoffTest, ALargeAnswerBecomesAnObject) {
  const std::string body(limits::answer_bytes_max + 2 * MiB + 7, 'x');
  settings.answer_bytes_max = 8 * MiB;
  Server server(
      sluice::testing::any_port,
      {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body});
  const auto delivery = deliver(server);
  ASSERT_TRUE(delivery) << delivery.error().message();
  EXPECT_EQ(delivery->answer.body, "");
  EXPECT_EQ(delivery->answer.spilled_bytes, body.size());
  EXPECT_TRUE(world.objects.objects.at("prefix/f/answers/7" + delivery->answer.spilled_as) == body);
  EXPECT_TRUE(run_in(world.context, answers.open(7, delivery->answer)));
}

TEST_F(ObjectHandoffTest, AReferenceNamesTheOneObject) {
  settings.mode = HandoffMode::reference;
  Server server(sluice::testing::any_port, {thanks});
  ASSERT_TRUE(deliver(server));
  const auto document = boost::json::parse(body_of(server.requests().at(0))).as_object();
  const auto& object = document.at("object").as_object();
  EXPECT_EQ(object.at("bucket"), "ours");
  EXPECT_EQ(object.at("size"), handoff.blob_size);
  EXPECT_EQ(world.objects.objects.size(), 1U);
  EXPECT_TRUE(world.objects.objects.at(std::string(object.at("key").as_string())) ==
              text + "extra");
}

}  // namespace
}  // namespace sluice::delivery
