// SPDX-License-Identifier: MIT
#include "http/forwarded.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace sluice::http {
namespace {

using Fields = std::vector<std::pair<const char*, const char*>>;

TEST(Forwarded, IsBelievedFromTrustedProxiesAlone) {
  struct Row {
    const char* peer;
    Fields fields;
    const char* address;
    bool secure;
    const char* host;
  };
  const auto trusted = net::TrustedProxies::parse("10.0.0.0/8, unix, 2001:db8::1");
  ASSERT_TRUE(trusted);
  const Row rows[] = {
      {"10.0.0.1", {}, "10.0.0.1", false, ""},
      {"192.0.2.9", {{"Forwarded", "for=1.2.3.4;proto=https;host=h"}}, "192.0.2.9", false, ""},
      {"192.0.2.9",
       {{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-Proto", "https"}},
       "192.0.2.9",
       false,
       ""},
      {"10.0.0.1",
       {{"Forwarded", "for=1.2.3.4;proto=https;host=\"u.example:8443\""}},
       "1.2.3.4",
       true,
       "u.example:8443"},
      {"10.0.0.1",
       {{"forwarded", "For=\"[2001:db8::7]:4711\" ; PROTO=HTTPS"}},
       "2001:db8::7",
       true,
       ""},
      {"unix",
       {{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-Proto", "https"}},
       "1.2.3.4",
       true,
       ""},
      {"2001:db8::1",
       {{"X-Forwarded-For", "1.2.3.4:99"}, {"X-Forwarded-Host", "h"}},
       "1.2.3.4",
       false,
       "h"},
      // The client's own values stand before those that the proxies add.
      {"10.0.0.1", {{"X-Forwarded-For", "6.6.6.6, 1.2.3.4, 10.0.0.2"}}, "1.2.3.4", false, ""},
      {"10.0.0.1",
       {{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-For", "1.2.3.4"}},
       "1.2.3.4",
       false,
       ""},
      {"10.0.0.1",
       {{"Forwarded", "for=6.6.6.6;host=evil, for=1.2.3.4;host=h"}},
       "1.2.3.4",
       false,
       "h"},
      {"10.0.0.1",
       {{"Forwarded", "for=1.2.3.4;proto=https;host=outer, for=10.0.0.2;proto=http;host=inner"}},
       "1.2.3.4",
       true,
       "outer"},
      {"10.0.0.1",
       {{"X-Forwarded-For", "1.2.3.4, 10.0.0.2"}, {"X-Forwarded-Proto", "https, http"}},
       "1.2.3.4",
       true,
       ""},
      // Of several values the one of the hop next to the trusted proxy counts.
      {"10.0.0.1",
       {{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-Proto", "https, http"}},
       "1.2.3.4",
       false,
       ""},
      {"10.0.0.1", {{"X-Forwarded-Proto", "https, http"}}, "10.0.0.1", false, ""},
      {"10.0.0.1",
       {{"X-Forwarded-Proto", "http"}, {"X-Forwarded-Proto", "https"}},
       "10.0.0.1",
       true,
       ""},
      {"10.0.0.1",
       {{"X-Forwarded-For", "6.6.6.6, 1.2.3.4"},
        {"X-Forwarded-Proto", "https, http"},
        {"X-Forwarded-Host", "evil, h"}},
       "1.2.3.4",
       false,
       "h"},
      {"10.0.0.1",
       {{"Forwarded", "for=6.6.6.6;proto=https, for=1.2.3.4;proto=http"}},
       "1.2.3.4",
       false,
       ""},
      {"10.0.0.1",
       {{"X-Forwarded-For", "1.2.3.4, 10.0.0.2"}, {"X-Forwarded-Proto", "https"}},
       "1.2.3.4",
       true,
       ""},
      // Empty elements do not count.
      {"10.0.0.1",
       {{"X-Forwarded-For", "1.2.3.4,"}, {"X-Forwarded-Proto", "https, ,"}},
       "1.2.3.4",
       true,
       ""},
      {"10.0.0.1", {{"Forwarded", "for=1.2.3.4;proto=https, ,"}}, "1.2.3.4", true, ""},
      // Both fields: the client may have sent one of them.
      {"10.0.0.1",
       {{"Forwarded", "for=1.2.3.4"}, {"X-Forwarded-For", "6.6.6.6"}},
       "10.0.0.1",
       false,
       ""},
      // Values that cannot be parsed are left out.
      {"10.0.0.1", {{"Forwarded", "for=unknown;proto=https"}}, "10.0.0.1", true, ""},
      {"10.0.0.1", {{"Forwarded", "for=_hidden;proto=gopher;host=\"a/b\""}}, "10.0.0.1", false, ""},
      {"10.0.0.1", {{"Forwarded", "\"\\\\\";;=,=;for"}}, "10.0.0.1", false, ""},
      {"10.0.0.1", {{"Forwarded", "for=\""}}, "10.0.0.1", false, ""},
      {"10.0.0.1", {{"X-Forwarded-For", ""}}, "10.0.0.1", false, ""},
      {"10.0.0.1", {{"X-Forwarded-For", "["}, {"X-Forwarded-Proto", ","}}, "10.0.0.1", false, ""},
  };
  for (const Row& row : rows) {
    Request request;
    std::string shown = row.peer;
    for (const auto& [name, value] : row.fields) {
      request.headers.add(name, value);
      shown += std::string(" ") + name + ": " + value;
    }
    const Sender sender =
        sender_of(request, {.address = row.peer, .secure = false, .host = {}}, *trusted);
    EXPECT_EQ(sender.address, row.address) << shown;
    EXPECT_EQ(sender.secure, row.secure) << shown;
    EXPECT_EQ(sender.host, row.host) << shown;
  }
}

TEST(Forwarded, TellsOfAProxyThatIsNotTrusted) {
  const auto trusted = net::TrustedProxies::parse("10.0.0.1");
  ASSERT_TRUE(trusted);
  for (const char* field :
       {"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"}) {
    Request request;
    EXPECT_FALSE(sender_of(request, {.address = "10.0.0.2", .host = {}}, *trusted).untrusted);
    request.headers.add(field, "h");
    EXPECT_TRUE(sender_of(request, {.address = "10.0.0.2", .host = {}}, *trusted).untrusted)
        << field;
    EXPECT_FALSE(sender_of(request, {.address = "10.0.0.1", .host = {}}, *trusted).untrusted)
        << field;
  }
}

TEST(Inside, IsThisMachineAndTrustedPeersThatSpeakForThemselves) {
  const auto trusted = net::TrustedProxies::parse("10.0.0.0/8");
  ASSERT_TRUE(trusted);
  const Request direct;
  for (const char* peer : {"127.0.0.1", "127.8.9.1", "::1", "unix", "10.0.0.1"}) {
    EXPECT_TRUE(is_from_inside(direct, peer, *trusted)) << peer;
  }
  for (const char* peer : {"192.0.2.1", "2001:db8::1", "11.0.0.1", ""}) {
    EXPECT_FALSE(is_from_inside(direct, peer, *trusted)) << peer;
  }
  for (const char* field : {"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
                            "X-Real-IP", "Via"}) {
    Request passed_on;
    passed_on.headers.add(field, "for=127.0.0.1");
    EXPECT_FALSE(is_from_inside(passed_on, "127.0.0.1", *trusted)) << field;
    EXPECT_FALSE(is_from_inside(passed_on, "10.0.0.1", *trusted)) << field;
  }
}

TEST(TrustedProxies, AreNetworksAddressesAndUnixSockets) {
  EXPECT_FALSE(net::TrustedProxies().contains("unix"));
  EXPECT_FALSE(net::TrustedProxies::parse("")->contains("127.0.0.1"));
  EXPECT_TRUE(net::TrustedProxies::parse("::1,127.0.0.0/8")->contains("127.0.0.9"));
  for (const char* text : {"localhost", "10.0.0.1/8", "10.0.0.0/8 unix", "10.0.0.0/8,,unix"}) {
    EXPECT_FALSE(net::TrustedProxies::parse(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::http
