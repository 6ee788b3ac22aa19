// SPDX-License-Identifier: MIT
#include "protocol/location_resources.h"

#include <gtest/gtest.h>

#include <string>

#include "support/protocol_fakes.h"

namespace sluice::protocol {
namespace {

constexpr const char* unknown = "/uploads/0123456789012345678901234567890123456789012";

class LocationResourcesTest : public testing::RouterFixture {
 protected:
  // The path of the location of a file that the backend has been given.
  std::string upload(const std::string& bytes) {
    std::string path = open(bytes.size());
    send("PUT " + path, bytes);
    return path;
  }
};

TEST_F(LocationResourcesTest, GiveTheBackendsAnswer) {
  const std::string path = upload("abc");
  const http::Response response = send("GET " + path + "/answer");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"id":"12345"})");
  EXPECT_EQ(header(response, "Sluice-Answer"), "backend");
  EXPECT_STREQ(last.route, "answer");
  EXPECT_EQ(last.upload_id, 1U);
  answer.status = 422;
  EXPECT_EQ(send("GET " + upload("abc") + "/answer").status, 422);
}

TEST_F(LocationResourcesTest, TellWhyThereIsNoAnswer) {
  const std::string path = open(3);
  EXPECT_EQ(error_of(send("GET " + path + "/answer")), "503 DeliveryPending");
  answers_at_once = false;
  send("PUT " + path, "abc");
  EXPECT_EQ(error_of(send("GET " + path + "/answer")), "503 DeliveryPending");
  run(EngineFixture::engine->ledger().gave_up(token_of(path), 1, "it is out"));
  EXPECT_EQ(error_of(send("GET " + path + "/answer")), "502 DeliveryFailed");
  EXPECT_EQ(error_of(send(std::string("GET ") + unknown + "/answer")), "404 RecordNotFound");
  EXPECT_EQ(error_of(send("GET /uploads/x/answer")), "404 RecordNotFound");
  EXPECT_EQ(error_of(send("PUT " + path + "/answer")), "405 MethodNotAllowed");
}

}  // namespace
}  // namespace sluice::protocol
