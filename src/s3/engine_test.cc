// SPDX-License-Identifier: MIT
// What only a real engine can tell, with the one of the environment where there is one.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "s3/probe.h"
#include "support/run.h"
#include "support/s3_engine.h"

namespace sluice::s3 {
namespace {

using sluice::testing::run;
using sluice::testing::S3Engine;

class EngineTest : public ::testing::TestWithParam<const char*> {
 protected:
  static ClientSettings settings() { return *sluice::testing::s3_engine_settings(); }
};

TEST_P(EngineTest, AUrlForOthersNeedsNoKey) {
  S3Engine engine(settings());
  const std::string key = "urls/" + random_hex_id() + " \xC3\xA9+";
  ASSERT_TRUE(run(engine.client().put(key, payload_of("for all"))));
  outgoing::HttpRequest request;
  request.method = "GET";
  request.target =
      *outgoing::parse_target(engine.client().presigned_get(key, std::chrono::seconds(60)));
  const Result<outgoing::HttpAnswer> answer = run(engine.http().send(request));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "for all");
  request.target.path.back() = request.target.path.back() == '0' ? '1' : '0';
  EXPECT_EQ(run(engine.http().send(request))->status, 403);
}

TEST_P(EngineTest, ItsTimeIsFollowed) {
  for (const int hours : {-1, 1}) {
    S3Engine engine(settings(), std::chrono::hours(hours));
    const Result<> done = run(engine.client().put("clocks/" + random_hex_id(), payload_of("x")));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_NEAR(static_cast<double>(engine.client().time_ahead().count()), hours * -3'600'000.0,
                60'000.0);
  }
}

TEST_P(EngineTest, TheProbeSaysWhatIsWrong) {
  const struct {
    std::function<void(ClientSettings&)> change;
    const char* refusal;  // Empty: none.
  } rows[] = {
      {[](ClientSettings&) {}, ""},
      {[](ClientSettings& settings) { settings.bucket = "nowhere"; }, "create the bucket"},
      {[](ClientSettings& settings) { settings.bucket = "versioned"; },
       "the bucket keeps versions"},
      {[](ClientSettings& settings) { settings.bucket = "expiring"; },
       "the lifecycle rule \"old\" removes objects"},
      {[](ClientSettings& settings) { settings.bucket = "full"; }, "the quota of the bucket"},
      {[](ClientSettings& settings) { settings.key.access_key = "OTHER"; },
       "does not know the access key"},
      {[](ClientSettings& settings) { settings.key.secret_key = "OTHER"; },
       "correct the secret key"},
  };
  for (const auto& row : rows) {
    ClientSettings changed = settings();
    row.change(changed);
    S3Engine engine(changed);
    const ProbeReport report = run(probe(engine.client(), "probed/"));
    EXPECT_EQ(report.refusals.size(), *row.refusal == '\0' ? 0U : 1U) << row.refusal;
    for (const std::string& refusal : report.refusals) {
      EXPECT_TRUE(refusal.contains(row.refusal)) << refusal;
    }
    EXPECT_TRUE(report.copies_parts);
    const auto left = run(engine.client().list("probed/", ""));
    EXPECT_TRUE(!left || left->objects.empty());
  }
}

std::vector<const char*> engines() {
  std::vector<const char*> names;
  if (sluice::testing::s3_engine_settings()) {
    names.push_back("engine");
  }
  return names;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EngineTest);
INSTANTIATE_TEST_SUITE_P(The, EngineTest, ::testing::ValuesIn(engines()),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace sluice::s3
