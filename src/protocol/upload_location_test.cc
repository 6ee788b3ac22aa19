// SPDX-License-Identifier: MIT
#include "protocol/upload_location.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "http/interims.h"
#include "support/recording_log.h"
#include "support/scripted_source.h"

namespace sluice::protocol {
namespace {

class UploadLocation : public ::testing::Test {
 protected:
  UploadLocation() {
    settings.base = std::make_shared<LocationBase>("", &log);
    request.headers.set("Host", "inside:8080");
    context.peer_address = "192.0.2.1";
  }

  std::string location() { return upload_location(Call(exchange_), settings, "T"); }

  testing::RecordingLog log;
  ProtocolSettings settings;
  http::Request request;
  http::RequestContext context;

 private:
  testing::ScriptedSource nothing_{"", testing::ScriptedSource::Ending::end};
  http::Interims nowhere_;
  http::Exchange exchange_{request, context, nothing_, nowhere_};
};

TEST_F(UploadLocation, IsMadeOfTheSettingsOrOfTheRequest) {
  EXPECT_EQ(location(), "http://inside:8080/uploads/T");
  context.host = "up.example";
  context.secure = true;
  EXPECT_EQ(location(), "https://up.example/uploads/T");
  settings.base->set("https://public.example/sub");
  EXPECT_EQ(location(), "https://public.example/sub/uploads/T");
  EXPECT_TRUE(log.lines.empty());
}

TEST_F(UploadLocation, OfAProxyThatIsNotTrustedIsWarnedOfOnce) {
  context.untrusted_proxy = true;
  settings.base->set("https://public.example");
  EXPECT_EQ(location(), "https://public.example/uploads/T");
  EXPECT_TRUE(log.lines.empty()) << "what the proxy says changes nothing";
  settings.base->set("");
  EXPECT_EQ(location(), "http://inside:8080/uploads/T");
  EXPECT_EQ(location(), "http://inside:8080/uploads/T");
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_NE(log.lines[0].find("peer=192.0.2.1"), std::string::npos) << log.lines[0];
  EXPECT_NE(log.lines[0].find("server.trusted_proxies"), std::string::npos) << log.lines[0];
}

}  // namespace
}  // namespace sluice::protocol
