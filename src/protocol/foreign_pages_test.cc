// SPDX-License-Identifier: MIT
#include "protocol/foreign_pages.h"

#include "auth/keyring.h"
#include "base/limits.h"
#include "support/protocol_fakes.h"

namespace sluice::protocol {
namespace {

using testing::RouterFixture;

class ForeignPagesTest : public RouterFixture {
 protected:
  http::Response get(const std::string& host) {
    return send("GET /videos.json HTTP/1.1\nHost: " + host);
  }
  // A session's request from a page; the lines say what the browser adds.
  http::Response open_from(const std::string& lines) {
    return send("POST /videos/upload.json?file_name=a&file_size=9" + lines);
  }
  std::size_t sessions() const { return journal.uploads.size(); }
};

TEST_F(ForeignPagesTest, NeedANameThatIsTheServersOwn) {
  settings.hosts = {"up.example"};
  for (const char* host :
       {"127.0.0.1:8080", "192.0.2.7", "[::1]:8080", "[2001:db8::1]", "localhost", "LOCALHOST:8080",
        "a.b.localhost:8080", "localhost.", "up.example", "UP.example:81", "up.example."}) {
    EXPECT_EQ(get(host).status, 200) << host;
  }
  for (const char* host :
       {"evil.example:8080", "x.up.example", "up.example.evil.example", "localhost.evil.example",
        "127.0.0.1.evil.example", "127.1", "2130706433", "notlocalhost"}) {
    EXPECT_EQ(error_of(get(host)), "421 MisdirectedRequest") << host;
  }
  EXPECT_EQ(send("GET /videos.json HTTP/1.0").status, 200) << "no browser";
  EXPECT_EQ(videos.filters.size(), 12U);
}

TEST_F(ForeignPagesTest, MayUseAnyNameWhereTheOperatorOrACredentialSaysSo) {
  settings.serves_every_host = true;
  EXPECT_EQ(get("evil.example").status, 200);
  settings.serves_every_host = false;
  const auth::Keyring keys{{}, true};
  const auth::Authenticator closed{keys, clock, {}};
  authenticator = &closed;
  EXPECT_EQ(error_of(get("evil.example")), "400 BadRequest") << "it asks for a credential";
}

TEST_F(ForeignPagesTest, MayUseAnyNameForALocationAlone) {
  const std::string path = open(9);
  EXPECT_EQ(send("GET " + path + " HTTP/1.1\nHost: moved.example").status, 200);
  for (const char* head : {"POST /videos/upload.json?file_name=a&file_size=9", "GET /metrics",
                           "OPTIONS /videos.json", "DELETE /videos/1.json", "PUT /videos.json"}) {
    EXPECT_EQ(error_of(send(std::string(head) + " HTTP/1.1\nHost: evil.example")),
              "421 MisdirectedRequest")
        << head;
  }
}

TEST_F(ForeignPagesTest, CannotHideBehindTheNameThatAProxyTells) {
  http::RequestContext context;
  http::Request request;
  testing::ScriptedSource nothing("", testing::ScriptedSource::Ending::end);
  http::Interims nowhere;
  http::Exchange exchange(request, context, nothing, nowhere);
  const auto named = [&](const char* host, const char* forwarded) {
    request.headers.set("Host", host);
    context.host = forwarded;
    return expect_own_name(Call(exchange), settings).has_value();
  };
  EXPECT_TRUE(named("127.0.0.1:8080", "up.example"));
  EXPECT_FALSE(named("127.0.0.1:8080", "evil.example"));
  EXPECT_FALSE(named("evil.example", "up.example"));
}

TEST_F(ForeignPagesTest, AreKeptFromTheApi) {
  for (const char* lines :
       {"\nOrigin: https://evil.example", "\nOrigin: null", "\nOrigin: http://up.example:82",
        "\nOrigin: nonsense", "\nSec-Fetch-Site: cross-site", "\nSec-Fetch-Site: same-site",
        "\nOrigin: http://up.example:81\nSec-Fetch-Site: cross-site"}) {
    EXPECT_EQ(error_of(open_from(lines)), "403 Forbidden") << lines;
    for (const char* head : {"GET /videos.json", "HEAD /v2/videos/1.json", "DELETE /videos/1.json",
                             "GET /profiles.json"}) {
      EXPECT_EQ(error_of(send(head + std::string(lines))), "403 Forbidden") << head << lines;
    }
  }
  EXPECT_EQ(sessions(), 0U);
  EXPECT_TRUE(videos.calls.empty() && videos.filters.empty());
}

TEST_F(ForeignPagesTest, StoreNoFileByAForm) {
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nDATA\r\n--b--";
  const std::string head = "POST /videos.json\nContent-Type: multipart/form-data; boundary=b";
  EXPECT_EQ(error_of(send(head + "\nOrigin: https://evil.example", form)), "403 Forbidden");
  const std::string raw =
      "POST /videos.json\nContent-Type: application/octet-stream\nX-File-Name: a";
  EXPECT_EQ(error_of(send(raw + "\nSec-Fetch-Site: cross-site", "DATA")), "403 Forbidden");
  EXPECT_EQ(sessions(), 0U);
  EXPECT_EQ(send(head + "\nOrigin: http://up.example:81", form).status, 200);
}

TEST_F(ForeignPagesTest, AreThoseOfAnotherOrigin) {
  settings.base = std::make_shared<LocationBase>("https://public.example/sub");
  for (const char* lines :
       {"", "\nOrigin: http://up.example:81", "\nOrigin: https://UP.example:81",
        "\nOrigin: https://public.example", "\nSec-Fetch-Site: same-origin",
        "\nSec-Fetch-Site: none", "\nOrigin: https://changed.example\nSec-Fetch-Site: same-origin",
        "\nOrigin: null\nSec-Fetch-Site: same-origin"}) {
    EXPECT_EQ(open_from(lines).status, 201) << lines;
  }
  const std::string target = "GET /videos.json HTTP/1.1\nHost: up.example";
  for (const char* origin : {"http://up.example", "https://up.example", "https://up.example:443"}) {
    EXPECT_EQ(send(target + "\nOrigin: " + origin).status, 200) << origin;
  }
  EXPECT_EQ(send(target + ":443\nOrigin: https://up.example").status, 200);
  EXPECT_EQ(send(target + "\nOrigin: https://up.example:8443").status, 403);
}

TEST_F(ForeignPagesTest, AreListed) {
  settings.api_origins = Origins::parse("https://app.example").value();
  EXPECT_EQ(open_from("\nOrigin: https://app.example\nSec-Fetch-Site: cross-site").status, 201);
  EXPECT_EQ(open_from("\nOrigin: https://evil.example").status, 403);
  settings.api_origins = Origins::all();
  EXPECT_EQ(open_from("\nOrigin: null").status, 201);
  EXPECT_EQ(send("GET /videos.json\nSec-Fetch-Site: cross-site").status, 200);
}

TEST_F(ForeignPagesTest, MayUseLocationsAndPagesOfTheServer) {
  const std::string path = open(9);
  EXPECT_EQ(send("PUT " + path + "\nOrigin: https://evil.example", "123456789").status, 200);
  EXPECT_EQ(send("GET /healthz\nSec-Fetch-Site: cross-site").status, 200);
}

TEST_F(ForeignPagesTest, NeedTheConsentOfTheOperatorOrACredential) {
  auth::Credential ann;
  ann.owner = "ann";
  ann.token = "clou_token_of_ann";
  const auth::Keyring keys{{ann}, true};
  const auth::Authenticator closed{keys, clock, {}};
  authenticator = &closed;
  const std::string page = "\nOrigin: https://customer.example";
  EXPECT_EQ(error_of(open_from(page)), "403 Forbidden");
  EXPECT_EQ(error_of(send("GET /videos.json" + page)), "403 Forbidden");
  EXPECT_EQ(error_of(open_from("")), "400 BadRequest") << "it asks for a credential";
  EXPECT_EQ(send("GET /videos.json?token=clou_token_of_ann" + page).status, 200);
  EXPECT_EQ(send("POST /videos/upload.json?file_name=a&file_size=9&token=clou_token_of_ann" + page)
                .status,
            201);
}

// The fields behind a file that is longer than the first read are seen after its room is taken.
TEST_F(ForeignPagesTest, ShowTheCredentialInFrontOfTheFile) {
  auth::Credential ann;
  ann.owner = "ann";
  ann.token = "clou_token_of_ann";
  const auth::Keyring keys{{ann}, true};
  const auth::Authenticator closed{keys, clock, {}};
  authenticator = &closed;
  const std::string token =
      "--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nclou_token_of_ann\r\n";
  const std::string file =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" +
      std::string(2 * limits::form_prefetch_bytes, 'x') + "\r\n";
  const std::string head = "POST /videos.json\nContent-Type: multipart/form-data; boundary=b";
  const std::string page = "\nOrigin: https://customer.example";
  EXPECT_EQ(error_of(send(head + page, file + token + "--b--")), "403 Forbidden");
  EXPECT_EQ(send(head + page, token + file + "--b--").status, 200);
  EXPECT_EQ(send(head, file + token + "--b--").status, 200);
}

}  // namespace
}  // namespace sluice::protocol
