// SPDX-License-Identifier: MIT
#include "protocol/stored_files/stored_files_api.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/protocol_fakes.h"

namespace sluice::protocol::stored_files {
namespace {

const std::string known = "0123456789abcdef0123456789abcdef";
const std::string content = "0123456789";

class LetterFile final : public files::OpenedFile {
 public:
  const std::string& name() const noexcept override { return name_; }
  const std::string& content_type() const noexcept override { return type_; }
  const std::string& sha256() const noexcept override { return sha256_; }
  std::uint64_t size() const noexcept override { return content.size(); }
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> bytes(
      ByteRange range) const override {
    co_return std::make_shared<testing::ScriptedSource>(
        content.substr(range.begin, range.size()), testing::ScriptedSource::Ending::end, true, 0);
  }

 private:
  const std::string name_ = "a b.txt";
  const std::string type_ = "text/plain";
  const std::string sha256_ = "abc";
};

class FakeFiles final : public files::Files {
 public:
  using Opened = Result<std::shared_ptr<const files::OpenedFile>>;

  runtime::Task<Result<library::DocumentList>> list(library::Filter filter) override {
    filters.push_back(filter);
    library::DocumentList list;
    list.documents = {R"({"id":"b"})", R"({"id":"a"})"};
    list.total = 7;
    co_return list;
  }
  runtime::Task<Result<std::string>> find(std::string id, model::Viewer viewer) override {
    viewers.push_back(viewer);
    co_return id == known ? Result<std::string>(R"({"id":"x"})") : fail(Errc::not_found, "no");
  }
  runtime::Task<Result<>> remove(std::string id, model::Viewer viewer) override {
    viewers.push_back(viewer);
    co_return id == known ? Result<>() : fail(Errc::not_found, "no");
  }
  runtime::Task<Opened> open(std::string id, model::Viewer viewer) override {
    viewers.push_back(viewer);
    co_return opened(id == known);
  }
  runtime::Task<Opened> open_shared(std::string capability) override {
    co_return opened(capability == "secret");
  }

  std::vector<library::Filter> filters;
  std::vector<model::Viewer> viewers;

 private:
  Opened opened(bool is_there) const {
    if (!is_there) {
      return fail(Errc::not_found, "no");
    }
    return std::make_shared<LetterFile>();
  }
};

class StoredFilesApiTest : public testing::RouterFixture {
 protected:
  std::vector<Route> more_routes() override { return api.routes(); }

  // The body of the last answer, that of a file included.
  std::string body() {
    if (!last.response.source) {
      return last.response.body;
    }
    std::vector<std::byte> buffer(last.response.source->remaining().value_or(0));
    const auto count = testing::run(last.response.source->read(buffer, Duration{}));
    return std::string(as_text(Bytes(buffer).first(count.value_or(0))));
  }

  FakeFiles files;
  StoredFilesApi api{files};
};

TEST_F(StoredFilesApiTest, ListsPages) {
  EXPECT_EQ(send("GET /stored-files.json?page=2&per_page=3").body,
            R"({"files":[{"id":"b"},{"id":"a"}],"page":2,"per_page":3,"total":7})");
  EXPECT_EQ(files.filters.back().page, 2U);
  EXPECT_EQ(files.filters.back().per_page, 3U);
  EXPECT_EQ(files.filters.back().viewer, std::nullopt);
  EXPECT_EQ(error_of(send("GET /stored-files.json?page=0")), "400 BadRequest");
  EXPECT_EQ(error_of(send("GET /stored-files.json?per_page=101")), "400 BadRequest");
  EXPECT_EQ(send("GET /stored-files.json").status, 200);
  EXPECT_EQ(files.filters.back().per_page, 100U);
}

TEST_F(StoredFilesApiTest, ShowsAndRemovesAFile) {
  EXPECT_EQ(send("GET /stored-files/" + known + ".json").body, R"({"id":"x"})");
  EXPECT_EQ(send("DELETE /stored-files/" + known + ".json").status, 204);
  EXPECT_EQ(error_of(send("GET /stored-files/other.json")), "404 RecordNotFound");
  EXPECT_EQ(error_of(send("DELETE /stored-files/other.json")), "404 RecordNotFound");
  EXPECT_EQ(error_of(send("DELETE /stored-files/secret")), "405 MethodNotAllowed");
  EXPECT_EQ(error_of(send("DELETE /stored-files/" + known + "/content")), "405 MethodNotAllowed");
}

TEST_F(StoredFilesApiTest, GivesAFileIntoGoodCustody) {
  for (const std::string& path :
       {std::string("/stored-files/secret"), "/stored-files/" + known + "/content"}) {
    const http::Response response = send("GET " + path);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(body(), content);
    EXPECT_EQ(header(response, "Content-Type"), "text/plain");
    EXPECT_EQ(header(response, "Content-Disposition"), "attachment; filename*=UTF-8''a%20b.txt");
    EXPECT_EQ(header(response, "Content-Security-Policy"), "sandbox");
    EXPECT_EQ(header(response, "ETag"), R"("abc")");
    EXPECT_EQ(header(response, "Accept-Ranges"), "bytes");
    EXPECT_EQ(header(response, "Cache-Control"), "private, no-cache");
    EXPECT_EQ(header(response, "Content-Range"), "(none)");
  }
  EXPECT_EQ(error_of(send("GET /stored-files/other")), "404 RecordNotFound");
  EXPECT_EQ(error_of(send("GET /stored-files/other/content")), "404 RecordNotFound");
}

TEST_F(StoredFilesApiTest, GivesAPartOfAFile) {
  EXPECT_EQ(send("GET /stored-files/secret\nRange: bytes=2-4").status, 206);
  EXPECT_EQ(body(), "234");
  EXPECT_EQ(header(last.response, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(header(last.response, "ETag"), R"("abc")");
  send("GET /stored-files/secret\nRange: bytes=2-4\nIf-Range: \"other\"");
  EXPECT_EQ(last.response.status, 200);
  EXPECT_EQ(body(), content);

  EXPECT_EQ(send("GET /stored-files/secret\nRange: bytes=10-").status, 416);
  EXPECT_EQ(header(last.response, "Content-Range"), "bytes */10");
}

TEST_F(StoredFilesApiTest, SendsNothingThatTheClientHas) {
  const http::Response response = send("GET /stored-files/secret\nIf-None-Match: \"abc\"");
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(body(), "");
  EXPECT_EQ(header(response, "ETag"), R"("abc")");
}

TEST_F(StoredFilesApiTest, ASecretUrlNeedsNoCredentialAndAnIdDoes) {
  auth::Credential credential;
  credential.owner = "ann";
  credential.access_key = "key";
  credential.secret_key = "0123456789abcdef";
  credential.api_key = "fedcba9876543210";
  const auth::Keyring keyring({credential}, true);
  const auth::Authenticator strict(keyring, clock, {});
  authenticator = &strict;
  EXPECT_EQ(send("GET /stored-files/secret").status, 200);
  for (const char* request : {"GET /stored-files.json", "GET /stored-files/K.json",
                              "DELETE /stored-files/K.json", "GET /stored-files/K/content"}) {
    std::string head = request;
    if (const std::size_t place = head.find("/K"); place != std::string::npos) {
      head.replace(place + 1, 1, known);
    }
    EXPECT_EQ(error_of(send(head)), "400 BadRequest") << "no credential at all";
    EXPECT_EQ(error_of(send(head + "\nAuthorization: Bearer other")), "401 NotAuthorized")
        << request;
    EXPECT_EQ(header(last.response, "WWW-Authenticate"), "Bearer");
    EXPECT_LT(send(head + "\nAuthorization: Bearer fedcba9876543210").status, 300) << request;
  }
  EXPECT_EQ(files.filters.back().viewer, "ann");
  for (const model::Viewer& viewer : files.viewers) {
    EXPECT_EQ(viewer, "ann");
  }
}

TEST_F(StoredFilesApiTest, LetsPagesReadByTheSecretAlone) {
  settings.origins = Origins::all();
  const std::string origin = "\nOrigin: https://page.example";
  EXPECT_EQ(header(send("GET /stored-files/secret" + origin), "Access-Control-Allow-Origin"), "*");
  for (const std::string& head :
       {"GET /stored-files.json" + origin, "GET /stored-files/" + known + "/content" + origin}) {
    EXPECT_EQ(error_of(send(head)), "403 Forbidden") << head;
    EXPECT_EQ(header(last.response, "Access-Control-Allow-Origin"), "(none)");
  }
}

}  // namespace
}  // namespace sluice::protocol::stored_files
