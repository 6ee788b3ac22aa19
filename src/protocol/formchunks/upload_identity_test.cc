// SPDX-License-Identifier: MIT
#include "protocol/formchunks/upload_identity.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "protocol/upload_location.h"

namespace sluice::protocol::formchunks {
namespace {

ChunkRequest chunk(const char* number, const char* identifier = "u", const char* name = "a.mp4",
                   const char* size = "9") {
  const std::string text = std::string(R"({"resumableChunkSize":5,"resumableTotalChunks":2)") +
                           R"(,"resumableChunkNumber":)" + number + R"(,"resumableIdentifier":")" +
                           identifier + R"(","resumableFilename":")" + name +
                           R"(","resumableTotalSize":)" + size + "}";
  return parse_chunk(Parameters::from_json(text).value(), {}, {}).value();
}

TEST(UploadIdentity, IsTheSameForTheChunksOfAFile) {
  const std::string token = token_of("key", "owner a", chunk("1"));
  EXPECT_TRUE(is_upload_token(token)) << token;
  EXPECT_EQ(token_of("key", "owner a", chunk("2")), token);
}

TEST(UploadIdentity, IsAnotherForAllElse) {
  std::set<std::string> tokens{
      token_of("key", "owner a", chunk("1")),
      token_of("other", "owner a", chunk("1")),
      token_of("key", "owner b", chunk("1")),
      token_of("key", "address a", chunk("1")),
      token_of("key", "owner a", chunk("1", "v")),
      token_of("key", "owner a", chunk("1", "u", "b.mp4")),
      token_of("key", "owner a", chunk("1", "u", "a.mp4", "8")),
      // Cut differently.
      token_of("key", "owner a", chunk("1", "u1:", "a.mp4")),
      token_of("key", "owner a", chunk("1", "u", "1:a.mp4")),
  };
  EXPECT_EQ(tokens.size(), 9U);
}

}  // namespace
}  // namespace sluice::protocol::formchunks
