// SPDX-License-Identifier: MIT
#include "protocol/router.h"

#include "support/protocol_fakes.h"

namespace sluice::protocol {
namespace {

using testing::RouterFixture;

class RouterTest : public RouterFixture {};

TEST_F(RouterTest, KnowsTheApiUnderEveryVersion) {
  for (const char* prefix : {"", "/v2", "/v2/", "/v3.0", "/v3.1", "/api/v3.1", "/flip/3.1",
                             "/api/flip/3.1", "//v2", "/%76%32"}) {
    const http::Response response =
        send("POST " + std::string(prefix) + "/videos/upload.json?file_size=1&file_name=a");
    EXPECT_EQ(response.status, 201) << prefix;
    EXPECT_NE(field(response, "location").find("81/uploads/"), std::string::npos);
  }
}

TEST_F(RouterTest, KnowsOnlyTheApiUnderVersions) {
  const std::string path = open(9);
  EXPECT_EQ(error_of(send("GET /v2" + path)), "404 RecordNotFound");
  EXPECT_EQ(error_of(send("GET /v2/healthz")), "404 RecordNotFound");
}

TEST_F(RouterTest, AnswersUnknownPathsWithJson) {
  for (const char* path : {"/", "/uploads", "/uploads/a/b", "/v2", "/videos/a/b.json", "/a%2Fb",
                           "/videos%2Fupload.json", "/../videos.json"}) {
    const http::Response response = send(std::string("GET ") + path);
    EXPECT_EQ(error_of(response), "404 RecordNotFound") << path;
    EXPECT_EQ(header(response, "Content-Type"), "application/json");
    EXPECT_STREQ(last.route, "none");
  }
  EXPECT_EQ(error_of(send("GET /%zz")), "400 BadRequest");
}

TEST_F(RouterTest, SpeaksJsonAlone) {
  for (const char* path : {"/videos", "/videos.xml", "/v2/videos/upload", "/videos/upload.html",
                           "/videos/0123456789abcdef0123456789abcdef",
                           "/videos/0123456789abcdef0123456789abcdef/metadata.yml"}) {
    const http::Response response = send(std::string("GET ") + path);
    EXPECT_EQ(error_of(response), "400 BadRequest") << path;
    EXPECT_EQ(field(response, "message"), "Currently only .json is supported as a format");
  }
}

TEST_F(RouterTest, NamesTheMethodsOfAPath) {
  struct Case {
    const char* path;
    const char* method;
    const char* allow;
  };
  for (const Case& c : {
           Case{"/videos/upload.json", "GET", "POST, OPTIONS"},
           Case{"/videos.json", "PUT", "GET, HEAD, POST, OPTIONS"},
           Case{"/encodings.json", "POST", "GET, HEAD, OPTIONS"},
           Case{"/videos/1.json", "PUT", "GET, HEAD, DELETE, OPTIONS"},
           Case{"/videos/1/metadata.json", "DELETE", "GET, HEAD, OPTIONS"},
           Case{"/videos/1/source.json", "GET", "DELETE, OPTIONS"},
           Case{"/uploads/x", "PATCH", "GET, HEAD, PUT, POST, DELETE, OPTIONS"},
           Case{"/healthz", "POST", "GET, HEAD, OPTIONS"},
       }) {
    const http::Response response = send(std::string(c.method) + " " + c.path);
    EXPECT_EQ(error_of(response), "405 MethodNotAllowed") << c.path;
    EXPECT_EQ(header(response, "Allow"), c.allow);
    const http::Response options = send(std::string("OPTIONS ") + c.path);
    EXPECT_EQ(options.status, 204) << c.path;
    EXPECT_EQ(header(options, "Allow"), c.allow);
    EXPECT_EQ(options.body, "");
  }
  EXPECT_EQ(send("OPTIONS *").status, 204);
}

TEST_F(RouterTest, ShowsTheServicePages) {
  EXPECT_EQ(send("GET /healthz").body, "healthy");
  EXPECT_EQ(send("GET /readyz").body, "ready");
  EXPECT_EQ(send("HEAD /metrics").body, "metrics");
  EXPECT_STREQ(last.route, "metrics");
}

TEST_F(RouterTest, ShowsTheInsideToTheInsideAlone) {
  is_from_inside = false;
  EXPECT_EQ(send("GET /healthz").body, "healthy");
  EXPECT_EQ(error_of(send("GET /readyz")), "404 RecordNotFound");
  EXPECT_EQ(error_of(send("HEAD /metrics")), "404 RecordNotFound");
}

TEST_F(RouterTest, DoesNotShowTheInsideWhereThatHasAListenerOfItsOwn) {
  settings.shows_inside = false;
  EXPECT_EQ(send("GET /healthz").body, "healthy");
  EXPECT_EQ(error_of(send("GET /readyz")), "404 RecordNotFound");
  EXPECT_EQ(error_of(send("GET /metrics")), "404 RecordNotFound");
}

TEST_F(RouterTest, NamesTheUploadOfALocationWhateverBecomesOfTheRequest) {
  const upload::SnapshotPtr upload = *testing::run(engine.create({}));
  const std::string path = "/uploads/" + upload->token;
  send("DELETE " + path);
  EXPECT_EQ(last.upload_id, upload->id);
  EXPECT_EQ(send("PATCH " + path).status, 405);
  EXPECT_EQ(last.upload_id, upload->id);
  EXPECT_EQ(send("PUT " + path + "\nContent-Range: bytes what", "abc").status, 400);
  EXPECT_EQ(last.upload_id, upload->id);
  send("DELETE /uploads/" + std::string(43, 'Z'));
  EXPECT_EQ(last.upload_id, 0U);
}

TEST_F(RouterTest, LooksForTheUploadBeforeItReadsTheRequest) {
  const std::string path = "/uploads/" + std::string(43, 'Z');
  EXPECT_EQ(error_of(send("PUT " + path + "\nContent-Type: text/plain", "abc")),
            "404 RecordNotFound");
  EXPECT_EQ(error_of(send("PUT " + path + "\nContent-Range: bytes what", "abc")),
            "404 RecordNotFound");
  EXPECT_EQ(send("PATCH " + path).status, 405);
}

TEST_F(RouterTest, RefusesAsItAnswers) {
  const std::string path = open(9);
  const http::Response coded = refuse("PUT " + path, Error(Errc::unsupported_media_type, "coded"));
  EXPECT_EQ(error_of(coded), "415 UnsupportedMediaType");
  EXPECT_EQ(header(coded, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(last.upload_id, 1U);
  EXPECT_STREQ(last.route, "upload");
  const http::Response of_the_api =
      refuse("POST /videos.json", Error(Errc::unsupported_media_type, "coded"));
  EXPECT_EQ(header(of_the_api, "Access-Control-Allow-Origin"), "(none)");
  EXPECT_STREQ(last.route, "videos");
  EXPECT_EQ(engine.calls, 0);
}

TEST_F(RouterTest, OpensSessionsOfProjects) {
  for (const char* service : {"qc", "tts"}) {
    const http::Response response = send("POST /" + std::string(service) +
                                         "/v1.0/projects/p1/upload.json?file_size=1&file_name=a");
    EXPECT_EQ(response.status, 201) << response.body;
    EXPECT_STREQ(last.route, "session");
  }
}

TEST_F(RouterTest, ShowsThePolicyForFlashOnlyWhenEnabled) {
  EXPECT_EQ(send("GET /crossdomain.xml").status, 404);
  settings.crossdomain_xml = true;
  settings.origins = Origins::parse("https://*.example.com").value();
  const http::Response response = send("GET /crossdomain.xml");
  EXPECT_EQ(header(response, "Content-Type"), "text/x-cross-domain-policy");
  EXPECT_NE(response.body.find("domain=\"*.example.com\" headers=\"*\""), std::string::npos);
}

// Recognises requests with its name.
class Whisper final : public Dialect {
 public:
  const char* name() const noexcept override { return "whisper"; }
  bool recognises(const http::Request& request) const override {
    return request.headers.find("Whisper").has_value();
  }
  http::Method method_of(const http::Request& request) const override {
    return request.headers.find("Whisper") == "delete" ? http::Method::delete_ : request.method;
  }
  bool has(http::Method method) const noexcept override {
    return method == http::Method::patch || method == http::Method::delete_;
  }
  bool opens_with(http::Method method) const noexcept override {
    return method == http::Method::post;
  }
  runtime::Task<Answer> open(Call& /*call*/) override {
    return answered(http::json_response(201, "{}"));
  }
  void add_options(http::Headers& headers) const override { headers.set("Whisper", "all"); }
  runtime::Task<Answer> handle(Call& call) override {
    if (call.capture == std::string(43, 'Z')) {
      return answered(fail(Errc::content_mismatch, "psst"));
    }
    return answered(http::json_response(call.method == http::Method::delete_ ? 202 : 200, "{}"));
  }
  http::Response render(const Error& error) const override {
    return {.status = 409, .headers = {}, .body = "(" + error.message() + ")"};
  }
  std::vector<Route> routes() override {
    return {{Route::Kind::api,
             "whisper",
             PathPattern("/whisper"),
             {{http::Method::patch,
               [](Call&) { return answered(fail(Errc::content_mismatch, "psst")); }}}}};
  }
};

class RouterDialectsTest : public RouterFixture {
 protected:
  RouterDialectsTest() { more_dialects = {&whisper}; }

  Whisper whisper;
};

TEST_F(RouterDialectsTest, TheFirstThatRecognisesARequestAnswersIt) {
  const std::string path = open(9);
  EXPECT_EQ(send("PATCH " + path + "\nWhisper: 1").status, 200);
  EXPECT_EQ(engine.calls, 0);
  EXPECT_EQ(last.upload_id, 1U);
  EXPECT_EQ(field(send("GET " + path), "id"), "1") << "the last one takes the rest";
}

TEST_F(RouterDialectsTest, ErrorsHaveTheFormOfTheDialect) {
  const std::string path = "/uploads/" + std::string(43, 'Z');
  EXPECT_EQ(send("PATCH " + path + "\nWhisper: 1").body, "(psst)");
  EXPECT_EQ(send("PATCH /whisper").body, "(psst)");
  EXPECT_EQ(send("PATCH /uploads/short\nWhisper: 1").body.front(), '(');
  const Error coded(Errc::unsupported_media_type, "coded");
  EXPECT_EQ(refuse("PATCH " + path + "\nWhisper: 1", coded).body, "(coded)");
  EXPECT_EQ(error_of(refuse("PATCH " + path, coded)), "415 UnsupportedMediaType");
}

TEST_F(RouterDialectsTest, ALocationHasTheMethodsOfAllDialects) {
  const std::string path = open(9);
  constexpr const char* all = "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS";
  for (const char* head : {"OPTIONS *", "OPTIONS /uploads/x", "OPTIONS /uploads/x\nWhisper: 1",
                           "GET /uploads/x\nWhisper: 1"}) {
    EXPECT_EQ(header(send(head), "Allow"), all) << head;
  }
  const http::Response refused = send("PUT " + path + "\nWhisper: 1");
  EXPECT_EQ(header(refused, "Allow"), all) << "not every dialect has every method";
}

TEST_F(RouterDialectsTest, TheDialectOfTheUploadAnswersWhatNoneRecognises) {
  const std::string theirs = open(9);
  const std::string ours = open(9);
  journal.uploads.at(2).dialect = "whisper";
  restart();
  EXPECT_EQ(send("DELETE " + ours).status, 202);
  EXPECT_STREQ(last.dialect, "whisper");
  EXPECT_EQ(last.upload_id, 2U);
  EXPECT_EQ(field(send("GET " + ours), "id"), "2") << "a method that it does not have";
  EXPECT_STREQ(last.dialect, "panda");
  EXPECT_EQ(send("DELETE " + theirs).status, 200);
  EXPECT_STREQ(last.dialect, "panda");
  EXPECT_EQ(send("PATCH " + theirs).status, 200) << "one dialect alone has it";
}

TEST_F(RouterDialectsTest, AMethodMayStandInAFieldOfTheDialect) {
  EXPECT_EQ(send("POST " + open(9) + "\nWhisper: delete").status, 202);
}

TEST_F(RouterDialectsTest, UploadsAreOpenedInEachDialectThatCan) {
  for (const char* head : {"POST /files\nWhisper: 1", "POST /files/", "POST /files?x=1"}) {
    EXPECT_EQ(send(head).status, 201) << head;
    EXPECT_STREQ(last.route, "files");
    EXPECT_STREQ(last.dialect, "whisper");
  }
  EXPECT_EQ(send("PUT /files\nWhisper: 1").body, "(expected one of POST, OPTIONS, got \"PUT\")");
  EXPECT_EQ(error_of(send("PUT /files")), "405 MethodNotAllowed");
  more_dialects.clear();
  EXPECT_EQ(header(send("POST /files"), "Allow"), "OPTIONS");
}

TEST_F(RouterDialectsTest, OptionsTellOfEachDialect) {
  for (const char* head : {"OPTIONS /files", "OPTIONS /uploads/x"}) {
    EXPECT_EQ(header(send(head), "Whisper"), "all") << head;
  }
  EXPECT_EQ(header(send("OPTIONS /videos.json"), "Whisper"), "(none)");
}

class RouterOriginsTest : public RouterFixture {
 protected:
  static constexpr const char* exposed =
      "Location, Range, Retry-After, Sluice-Answer, X-Request-Id, ETag, Accept-Ranges, "
      "Content-Range, Content-Disposition, Tus-Version, "
      "Tus-Resumable, Tus-Max-Size, Tus-Extension, Tus-Checksum-Algorithm, Upload-Length, "
      "Upload-Offset, Upload-Metadata, Upload-Defer-Length, Upload-Concat, Upload-Expires, "
      "Upload-Incomplete, Upload-Complete, Upload-Draft-Interop-Version, Upload-Limit, "
      "Repr-Digest";
};

TEST_F(RouterOriginsTest, OpensLocationsToEveryOrigin) {
  const std::string path = open(9);
  for (const std::string& head :
       {"PUT " + path + "\nContent-Range: bytes */9", "GET " + path, "DELETE " + path,
        "PATCH " + path, "PUT " + path + "\nContent-Range: nonsense",
        std::string("PUT /uploads/unknown"), "OPTIONS " + path, "PUT " + path + "/more",
        std::string("PUT /undefined"), std::string("PUT /uploads/%zz")}) {
    const http::Response response = send(head);
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "*") << head;
    EXPECT_EQ(header(response, "Access-Control-Expose-Headers"), exposed) << head;
    EXPECT_EQ(header(response, "Access-Control-Allow-Credentials"), "(none)") << head;
  }
}

TEST_F(RouterOriginsTest, KeepsTheApiClosedUnlessItIsOpened) {
  const auto heads = {"GET /videos.json", "OPTIONS /videos.json", "GET /v2/nothing.json",
                      "GET /videos/a/b", "POST /videos.xml"};
  for (const char* head : heads) {
    EXPECT_EQ(header(send(head), "Access-Control-Allow-Origin"), "(none)") << head;
  }
  settings.api_origins = Origins::parse("*").value();
  for (const char* head : heads) {
    EXPECT_EQ(header(send(head), "Access-Control-Allow-Origin"), "*") << head;
    EXPECT_EQ(header(send(head), "Access-Control-Expose-Headers"), exposed) << head;
  }
  EXPECT_EQ(header(send("GET /healthz"), "Access-Control-Allow-Origin"), "(none)");
}

TEST_F(RouterOriginsTest, TellsAListedOriginThatItMayRead) {
  settings.origins = Origins::parse("https://a.example, https://*.b.example").value();
  const std::string path = open(9);
  for (const char* origin : {"https://a.example", "https://x.b.example"}) {
    const http::Response response = send("GET " + path + "\nOrigin: " + origin);
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), origin);
    EXPECT_EQ(header(response, "Vary"), "Origin");
  }
  for (const char* origin : {"\nOrigin: https://c.example", ""}) {
    const http::Response response = send("GET " + path + origin);
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "(none)");
    EXPECT_EQ(header(response, "Access-Control-Expose-Headers"), "(none)");
    EXPECT_EQ(header(response, "Vary"), "Origin") << "a cache must not give it to another origin";
  }
}

class RouterPreflightTest : public RouterOriginsTest {
 protected:
  http::Response preflight(const std::string& path) {
    return send("OPTIONS " + path +
                "\nOrigin: http://page.example\nAccess-Control-Request-Method: PUT\n"
                "Access-Control-Request-Headers: cache-control,content-range,content-type,"
                "x-requested-with");
  }
};

TEST_F(RouterPreflightTest, AllowsWhatClientsSend) {
  const std::string path = open(9);
  const http::Response response = preflight(path);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(header(response, "Access-Control-Allow-Methods"),
            "GET, HEAD, PUT, POST, DELETE, OPTIONS");
  const std::string allowed = header(response, "Access-Control-Allow-Headers");
  for (const char* name : {"cache-control", "content-range", "content-type", "x-requested-with",
                           "x-file-name", "x-query-params", "x-part", "x-extra-file-tag"}) {
    EXPECT_NE(allowed.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(header(response, "Access-Control-Max-Age"), "86400");
  EXPECT_EQ(header(send("OPTIONS " + path), "Access-Control-Allow-Methods"), "(none)");
}

TEST_F(RouterPreflightTest, AllowsEveryHeaderThatIsAskedFor) {
  const std::string path = open(9);
  const auto allowed = [&](const std::string& asked) {
    const http::Response response = send(
        "OPTIONS " + path + "\nOrigin: http://page.example\nAccess-Control-Request-Method: PUT" +
        (asked.empty() ? "" : "\nAccess-Control-Request-Headers: " + asked));
    EXPECT_EQ(response.status, 204) << asked;
    EXPECT_EQ(header(response, "Access-Control-Allow-Credentials"), "(none)");
    return header(response, "Access-Control-Allow-Headers");
  };
  const std::string usual = allowed("");
  EXPECT_EQ(allowed("authorization,x-csrf-token , Traceparent,,x-api-key"),
            usual + ", authorization, x-csrf-token, traceparent, x-api-key");
  EXPECT_EQ(allowed("*"), usual + ", *") << "a token like every other: a header of that name";
  EXPECT_EQ(allowed("a b,\"c\",d:e,f"), usual + ", f");
  std::string many;
  for (std::size_t i = 0; i < 2 * limits::header_count_max; ++i) {
    many += "x" + std::to_string(i) + ",";
  }
  EXPECT_TRUE(allowed(many).ends_with(", x" + std::to_string(limits::header_count_max - 1)));
}

TEST_F(RouterPreflightTest, LetsARequestToAWrongPathFailReadably) {
  const http::Response response = preflight("/undefined");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(send("OPTIONS /undefined").status, 404);
}

TEST_F(RouterPreflightTest, OpensNothingOfTheApiByDefault) {
  EXPECT_EQ(header(preflight("/v2/videos.json"), "Access-Control-Allow-Origin"), "(none)");
}

}  // namespace
}  // namespace sluice::protocol
