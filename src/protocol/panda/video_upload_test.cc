// SPDX-License-Identifier: MIT
// Videos without a session, in the forms in which clients send them.
#include "protocol/panda/video_upload.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/protocol_fakes.h"

namespace sluice::protocol::panda {
namespace {

using testing::RouterFixture;

const std::string form_head = "\nContent-Type: multipart/form-data; boundary=xx";

std::string part(const std::string& parameters, const std::string& content) {
  return "--xx\r\nContent-Disposition: form-data; " + parameters + "\r\n\r\n" + content + "\r\n";
}

std::string file_part(const std::string& content, const std::string& name = "file") {
  return part("name=\"" + name + "\"; filename=\"a b.mp4\"", content);
}

std::string field_part(const std::string& name, const std::string& value) {
  return part("name=\"" + name + "\"", value);
}

// More bytes than are read before the engine is asked: the fields behind them come later.
const std::string long_film(10'000, 'x');

class VideoUploadTest : public RouterFixture {
 protected:
  http::Response post(const std::string& query, const std::vector<std::string>& parts) {
    std::string body;
    for (const std::string& text : parts) {
      body += text;
    }
    return send("POST /v2/videos.json" + query + form_head, body + "--xx--\r\n");
  }
  void need_credentials() { authenticator = &guarded_; }
  const upload::NewUpload& created() { return engine.created.at(0); }
  void expect_nothing_taken() {
    EXPECT_TRUE(engine.created.empty());
    EXPECT_TRUE(engine.outlines.empty());
  }

 private:
  static auth::Credential ann() {
    auth::Credential credential;
    credential.owner = "ann";
    credential.token = "secret";
    credential.cloud_ids = {"cloud"};
    credential.quotas = {.file_size = 20'000, .bytes = 50'000, .sessions = 7, .records = 9};
    return credential;
  }

  auth::Keyring keys_{{ann()}, true};
  auth::Authenticator guarded_{keys_, clock, {}};
};

TEST_F(VideoUploadTest, TakesTheFileAndItsParametersInAnyOrder) {
  const std::vector<std::vector<std::string>> forms{
      {file_part("abcdefghi"), field_part("profiles", "h264"), field_part("payload", "p")},
      {field_part("profiles", "h264"), field_part("payload", "p"), file_part("abcdefghi")},
      {field_part("profiles", "h264"), file_part("abcdefghi", "/tmp/a b.mp4"),
       field_part("payload", "p")},
  };
  for (const auto& form : forms) {
    begin_anew();
    const http::Response response = post("", form);
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.body, R"({"id":"12345"})");
    EXPECT_EQ(header(response, "Content-Type"), "application/json");
    EXPECT_EQ(header(response, "Range"), "(none)");
    EXPECT_EQ(header(response, "Location"), "(none)");
    EXPECT_EQ(delivered_bytes, "abcdefghi");
    EXPECT_EQ(created().file_name, "a b.mp4");
    EXPECT_EQ(created().file_size, 9U);
    EXPECT_EQ(created().parameters, R"({"profiles":"h264","payload":"p"})");
    EXPECT_EQ(last.upload_id, 1U);
  }
}

TEST_F(VideoUploadTest, AsksForNoMoreRoomThanTheFileNeeds) {
  post("", {field_part("payload", std::string(1000, 'x')), file_part("abcdefghi")});
  EXPECT_EQ(engine.outlines.at(0).announced, 9U);
  post("", {file_part("abcdefghi"), field_part("payload", "p")});
  EXPECT_EQ(engine.outlines.at(1).announced, 9U) << "the whole form was at hand";
}

TEST_F(VideoUploadTest, TakesARawBodyWithItsParametersInTheHead) {
  need_credentials();
  const std::string head =
      "POST /v2/videos.json\nContent-Type: application/octet-stream\nX-File-Name: a/\xC3\xA9.mp4\n";
  EXPECT_EQ(
      send(head + R"(X-Query-Params: {"token":"secret","cloud_id":"cloud","n":1})", "abc").status,
      200);
  EXPECT_EQ(created().file_name, "a/\xC3\xA9.mp4");
  EXPECT_EQ(created().owner, "ann");
  EXPECT_EQ(created().parameters, R"({"cloud_id":"cloud","n":"1"})");
  EXPECT_EQ(engine.outlines.at(0).announced, 3U);
  begin_anew();
  EXPECT_EQ(error_of(send(head + R"(X-Query-Params: {"token":"guess"})", "abc")),
            "401 NotAuthorized");
  EXPECT_EQ(bytes_read, 0U);
  EXPECT_EQ(error_of(send(head + "X-Query-Params: {", "abc")), "400 BadRequest");
  EXPECT_EQ(error_of(send(head + R"(X-Query-Params: {"token":["secret"]})", "abc")),
            "400 BadRequest");
  EXPECT_EQ(error_of(send(head, "abc")), "400 BadRequest");
  EXPECT_EQ(error_of(send("POST /videos.json?token=secret\nContent-Type: application/octet-stream",
                          "abc")),
            "400 BadRequest");
  EXPECT_EQ(
      error_of(send(head + R"(X-Query-Params: {"token":"secret"})", std::string(20'001, 'x'))),
      "413 FileSizeLimitExceeded");
  expect_nothing_taken();
}

TEST_F(VideoUploadTest, CredentialsMayComeBehindTheFile) {
  need_credentials();
  const http::Response response =
      post("", {file_part(long_film), field_part("token", "secret"), field_part("payload", "p")});
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(delivered_bytes, long_film);
  EXPECT_EQ(engine.outlines.at(0).owner, "") << "nobody's while it came";
  EXPECT_FALSE(engine.outlines.at(0).limits.bytes);
  EXPECT_EQ(created().owner, "ann");
  EXPECT_EQ(created().parameters, R"({"payload":"p"})");
  EXPECT_EQ(created().limits.bytes, 50'000U);
  EXPECT_EQ(created().limits.sessions, 7U);
  EXPECT_EQ(created().limits.records, 9U);
  EXPECT_EQ(created().file_size_max, 20'000U);
}

TEST_F(VideoUploadTest, CredentialsInFrontOfTheFileAreJudgedBeforeIt) {
  need_credentials();
  for (const auto& [query, form] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"?token=guess", {file_part("abc")}},
           {"?token=secret&cloud_id=x", {file_part("abc")}},
           {"?access_key=a&timestamp=t&signature=s", {file_part("abc")}},
           {"", {field_part("token", "guess"), file_part("abc"), field_part("a", "b")}},
       }) {
    const int status = post(query, form).status;
    EXPECT_TRUE(status == 401 || status == 400) << query;
    expect_nothing_taken();
  }
  ASSERT_EQ(post("?token=secret", {file_part("abc")}).status, 200);
  EXPECT_EQ(engine.outlines.at(0).owner, "ann");
  EXPECT_GE(engine.outlines.at(0).limits.bytes, 50'000U);
  EXPECT_EQ(engine.outlines.at(0).limits.sessions, 7U);
}

TEST_F(VideoUploadTest, RefusesAtTheEndWhatIsOnlyKnownThen) {
  need_credentials();
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases{
      {"401 NotAuthorized", {file_part(long_film), field_part("token", "guess")}},
      {"400 BadRequest", {file_part(long_film)}},
      {"400 BadRequest", {file_part(long_film), field_part("a", "1"), field_part("a", "2")}},
      {"400 BadRequest", {file_part(long_film), file_part("abc"), field_part("token", "secret")}},
  };
  for (const auto& [expected, form] : cases) {
    EXPECT_EQ(error_of(post("", form)), expected);
    EXPECT_TRUE(engine.created.empty());
  }
  // The fields behind the file are judged with the rest.
  EXPECT_EQ(error_of(post("?token=secret", {file_part(long_film), field_part("cloud_id", "x")})),
            "401 NotAuthorized");
  EXPECT_EQ(engine.outlines.size(), cases.size() + 1);
}

TEST_F(VideoUploadTest, AFormThatIsCutOffIsNoFile) {
  const http::Response response = send("POST /videos.json" + form_head, file_part("abc"));
  EXPECT_EQ(error_of(response), "400 BadRequest");
  EXPECT_TRUE(engine.created.empty());
}

TEST_F(VideoUploadTest, SaysWhatIsMissing) {
  const std::string urlencoded = "\nContent-Type: application/x-www-form-urlencoded";
  http::Response response = post("", {field_part("file", "@/tmp/a.mp4")});
  EXPECT_EQ(error_of(response), "400 BadRequest");
  EXPECT_NE(response.body.find("@/tmp/a.mp4"), std::string::npos);
  for (const http::Response& refusal :
       {send("POST /videos.json" + urlencoded, "source_url=http%3A%2F%2Fa%2Fb.mp4"),
        send("POST /videos.json?source_url=http://a/b.mp4"),
        send("POST /videos.json\nContent-Type: application/json", R"({"source_url":"http://a"})"),
        post("", {field_part("source_url", "http://a")})}) {
    EXPECT_EQ(error_of(refusal), "400 BadRequest");
    EXPECT_NE(refusal.body.find("does not fetch"), std::string::npos) << refusal.body;
  }
  EXPECT_EQ(error_of(send("POST /videos.json")), "400 BadRequest");
  EXPECT_EQ(error_of(send("POST /videos.json\nContent-Type: video/mp4", "abc")),
            "415 UnsupportedMediaType");
  need_credentials();
  EXPECT_EQ(error_of(send("POST /videos.json?token=guess&source_url=http://a")),
            "401 NotAuthorized");
  EXPECT_EQ(error_of(post("?token=guess", {field_part("file", "@a")})), "401 NotAuthorized");
  expect_nothing_taken();
}

// Each chunk would be a video, and its client told of success.
TEST_F(VideoUploadTest, APartOfAFileIsNoFile) {
  const std::string form = file_part("abcde") + "--xx--\r\n";
  const std::string head = std::string("POST /videos.json") + form_head;
  EXPECT_EQ(error_of(send(head + "\nContent-Range: bytes 0-4/9", form)), "400 BadRequest");
  EXPECT_EQ(error_of(send("POST /videos.json\nContent-Type: application/octet-stream"
                          "\nX-File-Name: a.mp4\nContent-Range: bytes 5-8/9",
                          "fghi")),
            "400 BadRequest");
  expect_nothing_taken();
  EXPECT_EQ(send(head + "\nContent-Range: bytes 0-4/5", form).status, 200);
}

TEST_F(VideoUploadTest, NeedsTheLengthBeforehand) {
  const std::string chunked = "\nTransfer-Encoding: chunked";
  EXPECT_EQ(error_of(send("POST /videos.json" + form_head + chunked, "0\r\n\r\n")),
            "411 LengthRequired");
  EXPECT_EQ(error_of(send("POST /videos.json\nContent-Type: application/octet-stream\n"
                          "X-File-Name: a" +
                              chunked,
                          "0\r\n\r\n")),
            "411 LengthRequired");
  expect_nothing_taken();
}

TEST_F(VideoUploadTest, OfTooManyBytesIsNotRead) {
  settings.file_size_max = 100;
  const std::string most(100, 'x');
  EXPECT_EQ(post("", {file_part(most), field_part("payload", "p")}).status, 200);
  EXPECT_EQ(engine.outlines.at(0).announced, 100U);
  const std::string huge(limits::form_skipped_bytes_max + 5000, 'x');
  EXPECT_EQ(error_of(post("", {file_part(huge)})), "413 FileSizeLimitExceeded");
  EXPECT_EQ(engine.outlines.size(), 1U);
  EXPECT_LT(bytes_read, 10'000U);
}

TEST_F(VideoUploadTest, OfUnknownSendersHasItsOwnBound) {
  need_credentials();
  settings.unauthenticated_bytes = long_film.size() - 1;
  EXPECT_EQ(error_of(post("", {file_part(long_film), field_part("token", "secret")})),
            "413 FileSizeLimitExceeded");
  expect_nothing_taken();
  EXPECT_EQ(post("", {field_part("token", "secret"), file_part(long_film)}).status, 200);
  settings.unauthenticated_bytes = long_film.size() + 200;
  EXPECT_EQ(post("", {file_part(long_film), field_part("token", "secret")}).status, 200);
}

TEST_F(VideoUploadTest, OfUnknownSendersHasItsTime) {
  need_credentials();
  engine.before_file = [this] { clock.advance(limits::form_upload_time_max + Duration(1)); };
  EXPECT_EQ(error_of(post("", {file_part(long_film), field_part("token", "secret")})),
            "408 RequestTimeout");
  EXPECT_TRUE(engine.created.empty());
  EXPECT_EQ(post("", {field_part("token", "secret"), file_part(long_film)}).status, 200);
}

TEST_F(VideoUploadTest, OfUnknownSendersHasNoMoreTimeThanAFileOfItsSizeNeeds) {
  need_credentials();
  engine.before_file = [this] { clock.advance(limits::form_upload_time_least); };
  EXPECT_EQ(post("", {file_part(long_film), field_part("token", "secret")}).status, 200);
  engine.before_file = [this] {
    clock.advance(
        limits::form_upload_time_least +
        std::chrono::seconds(1 + long_film.size() / limits::form_upload_bytes_per_second_min));
  };
  EXPECT_EQ(error_of(post("", {file_part(long_film), field_part("token", "secret")})),
            "408 RequestTimeout");
}

TEST_F(VideoUploadTest, OfUnknownSendersHasAShareForEachAddress) {
  need_credentials();
  settings.client_of = [](const std::string& address) { return "client at " + address; };
  settings.unauthenticated_bytes_per_address = long_film.size() - 1;
  EXPECT_EQ(error_of(post("", {file_part(long_film), field_part("token", "secret")})),
            "413 FileSizeLimitExceeded");
  settings.unauthenticated_bytes_per_address = long_film.size() + 200;
  EXPECT_EQ(post("", {file_part(long_film), field_part("token", "secret")}).status, 200);
  EXPECT_TRUE(engine.outlines.back().room_of.starts_with("address client at "));
}

TEST_F(VideoUploadTest, TellsTheTypeOfTheFileWhereItIsKnown) {
  const auto type_of = [this](const std::string& head, const std::string& field) {
    begin_anew();
    std::vector<std::string> form{
        "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"" + head +
        "\r\n\r\nabc\r\n"};
    if (!field.empty()) {
      form.insert(form.begin(), field_part("content_type", field));
    }
    EXPECT_EQ(post("", form).status, 200);
    return created().content_type;
  };
  EXPECT_EQ(type_of("\r\nContent-Type: video/mp4", ""), "video/mp4");
  EXPECT_EQ(type_of("\r\nContent-Type: application/octet-stream", ""), "");
  for (const char* unreadable :
       {"", "video", "/", "video/", "/mp4", "a b/c", "video/mp4, x", ";"}) {
    EXPECT_EQ(type_of("\r\nContent-Type: " + std::string(unreadable), ""), "") << unreadable;
  }
  EXPECT_EQ(type_of("\r\nContent-Type: multipart/form-data\r\nContent-Length: 3", ""), "");
  EXPECT_EQ(type_of("\r\nContent-Type: video/mp4", "video/webm"), "video/webm");
  EXPECT_EQ(type_of("", ""), "");
}

TEST_F(VideoUploadTest, TellsTheWayToAnAnswerThatIsStillToCome) {
  answers_at_once = false;
  const http::Response pending = post("", {file_part("abc")});
  EXPECT_EQ(error_of(pending), "503 DeliveryPending");
  EXPECT_TRUE(header(pending, "Location").starts_with("http://up.example:81/uploads/"));
}

class Refuser final : public SessionGate {
 public:
  runtime::Task<Verdict> ask(upload::NewUpload proposal, const http::Request&,
                             const http::RequestContext&) override {
    asked.push_back(proposal.file_name + " " + std::to_string(*proposal.file_size));
    http::Response response;
    response.status = 402;
    response.body = "pay first";
    co_return response;
  }
  std::vector<std::string> asked;
};

TEST_F(VideoUploadTest, TheApplicationIsAskedAboutTheTrueFile) {
  Refuser refuser;
  gate_in_use = &refuser;
  const http::Response form = post("", {file_part("abc"), field_part("a", "b")});
  EXPECT_EQ(std::to_string(form.status) + form.body, "402pay first");
  EXPECT_EQ(last.upload_id, 1U) << "the line of the request names the upload that it was";
  const http::Response raw =
      send("POST /videos.json\nContent-Type: application/octet-stream\nX-File-Name: b.mp4", "abcd");
  EXPECT_EQ(std::to_string(raw.status) + raw.body, "402pay first");
  EXPECT_EQ(last.upload_id, 0U) << "refused before it is an upload";
  EXPECT_EQ(bytes_read, 0U);
  EXPECT_EQ(refuser.asked, (std::vector<std::string>{"a b.mp4 3", "b.mp4 4"}));
  EXPECT_TRUE(engine.created.empty());
}

TEST(ByteAllowance, IsSharedAndGivenBack) {
  ByteAllowance allowance(10, 10);
  {
    std::optional<ByteAllowance::Share> moved;
    {
      auto first = allowance.take(6, "");
      ASSERT_TRUE(first);
      EXPECT_FALSE(allowance.take(5, ""));
      moved.emplace(*std::move(first));
    }
    EXPECT_FALSE(allowance.take(5, ""));
    EXPECT_TRUE(allowance.take(4, ""));
  }
  EXPECT_TRUE(allowance.take(10, ""));
  EXPECT_FALSE(allowance.take(11, ""));
}

TEST(ByteAllowance, HasAPartForEachClient) {
  ByteAllowance allowance(10, 4);
  EXPECT_EQ(allowance.most_of("ann"), 4U);
  EXPECT_EQ(allowance.most_of(""), 10U);
  auto first = allowance.take(3, "ann");
  auto second = allowance.take(1, "ann");
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(allowance.take(1, "ann"));
  const auto other = allowance.take(4, "bob");
  EXPECT_TRUE(other);
  EXPECT_FALSE(allowance.take(3, "eve")) << "the whole has its bound, too";
  first.reset();
  EXPECT_TRUE(allowance.take(3, "ann"));
  EXPECT_FALSE(allowance.take(4, "ann"));
  second.reset();
  EXPECT_TRUE(allowance.take(6, "")) << "what stands for many has the rest of the whole";
}

}  // namespace
}  // namespace sluice::protocol::panda
