// SPDX-License-Identifier: MIT
// For tests: a client that speaks tus to the router.
#pragma once

#include <string>

#include "protocol/tus/tus_dialect.h"
#include "support/protocol_fakes.h"

namespace sluice::testing {

class TusFixture : public RouterFixture {
 protected:
  TusFixture() { more_dialects = {&tus_}; }
  explicit TusFixture(const auth::Authenticator& guard) : access_of_tus(guard, settings) {
    authenticator = &guard;
    more_dialects = {&tus_};
  }

  // A request line and fields, with the version.
  http::Response tus(const std::string& head, const std::string& body = {}) {
    return send(head + "\nTus-Resumable: 1.0.0", body);
  }
  // The path of a new upload's location.
  std::string create(std::uint64_t size, const std::string& fields = {}) {
    const http::Response response =
        tus("POST /files\nUpload-Length: " + std::to_string(size) + fields);
    EXPECT_EQ(response.status, 201) << response.body;
    return path_in(response);
  }
  static std::string path_in(const http::Response& response) {
    const std::string location = header(response, "Location");
    EXPECT_TRUE(location.starts_with("http://up.example:81/uploads/")) << location;
    return location.substr(location.find("/uploads/"));
  }
  static std::string patch_head(const std::string& path, std::uint64_t offset) {
    return "PATCH " + path + "\nContent-Type: application/offset+octet-stream\nUpload-Offset: " +
           std::to_string(offset);
  }
  http::Response patch(const std::string& path, std::uint64_t offset, const std::string& bytes,
                       const std::string& fields = {}) {
    return tus(patch_head(path, offset) + fields, bytes);
  }
  std::string offset_at(const std::string& path) {
    const http::Response response = tus("HEAD " + path);
    EXPECT_EQ(response.status, 200) << response.body;
    return header(response, "Upload-Offset");
  }
  // Status and offset.
  static std::string told(const http::Response& response) {
    return std::to_string(response.status) + " " + header(response, "Upload-Offset");
  }
  void refuse_file() {
    answer = answer_with(R"({"no":"thanks"})");
    answer.status = 422;
  }

  protocol::Access access_of_tus{open_to_all, settings};

 private:
  protocol::UploadOpener opener_{engine, gate, access_of_tus, settings};
  protocol::tus::TusDialect tus_{{engine, opener_, access_of_tus, settings}};
};

}  // namespace sluice::testing
