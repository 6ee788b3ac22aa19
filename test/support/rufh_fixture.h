// SPDX-License-Identifier: MIT
// For tests: a client that speaks RUFH to the router, in any of its versions.
#pragma once

#include <string>

#include "protocol/rufh/rufh_dialect.h"
#include "support/protocol_fakes.h"

namespace sluice::testing {

class RufhFixture : public RouterFixture {
 protected:
  RufhFixture() { more_dialects = {&rufh_}; }
  explicit RufhFixture(const auth::Authenticator& guard) : access_of_rufh(guard, settings) {
    authenticator = &guard;
    more_dialects = {&rufh_};
  }

  // A request line and fields, with the version.
  http::Response rufh(const std::string& head, const std::string& body = {}) {
    return send(head + "\nUpload-Draft-Interop-Version: " + std::to_string(version), body);
  }
  // The field that says whether the file ends with the body.
  std::string completeness(bool is_complete) const {
    const char* const name = version == 3 ? "Upload-Incomplete" : "Upload-Complete";
    return std::string(name) + ": ?" + (is_complete != (version == 3) ? "1" : "0");
  }
  // As a final or interim answer says it: "?0", "?1".
  std::string completeness_in(const http::Response& response) const {
    const std::string said =
        header(response, version == 3 ? "Upload-Incomplete" : "Upload-Complete");
    return version != 3 ? said : said == "?0" ? "?1" : said == "?1" ? "?0" : said;
  }
  // The path of a new upload's location; more is to come.
  std::string create(const std::string& fields = {}, const std::string& body = {}) {
    const http::Response response = rufh("POST /files\n" + completeness(false) + fields, body);
    EXPECT_EQ(response.status, 201) << response.body;
    return path_in(response);
  }
  std::string create(std::uint64_t length) {
    return create("\nUpload-Length: " + std::to_string(length));
  }
  static std::string path_in(const http::Response& response) {
    const std::string location = header(response, "Location");
    EXPECT_TRUE(location.starts_with("http://up.example:81/uploads/")) << location;
    return location.substr(std::min(location.find("/uploads/"), location.size()));
  }
  std::string patch_head(const std::string& path, std::uint64_t offset, bool is_complete) const {
    return "PATCH " + path +
           "\nContent-Type: application/partial-upload\nUpload-Offset: " + std::to_string(offset) +
           "\n" + completeness(is_complete);
  }
  http::Response patch(const std::string& path, std::uint64_t offset, const std::string& bytes,
                       bool is_complete, const std::string& fields = {}) {
    return rufh(patch_head(path, offset, is_complete) + fields, bytes);
  }
  // Status, offset and completeness.
  std::string told(const http::Response& response) const {
    return std::to_string(response.status) + " " + header(response, "Upload-Offset") + " " +
           completeness_in(response);
  }
  std::string told_at(const std::string& path) { return told(rufh("HEAD " + path)); }
  static std::string problem_of(const http::Response& response) {
    EXPECT_EQ(header(response, "Content-Type"), "application/problem+json");
    const std::string type = field(response, "type");
    return type.substr(type.rfind('#') + 1);
  }
  void refuse_file() {
    answer = answer_with(R"({"no":"thanks"})");
    answer.status = 422;
  }

  std::uint64_t version = 10;
  protocol::Access access_of_rufh{open_to_all, settings};

 private:
  protocol::UploadOpener opener_{engine, gate, access_of_rufh, settings};
  protocol::rufh::RufhDialect rufh_{{engine, opener_, access_of_rufh, settings}};
};

}  // namespace sluice::testing
