// SPDX-License-Identifier: MIT
#include "files/file_json.h"

#include <gtest/gtest.h>

namespace sluice::files {
namespace {

FileDescription letter() {
  FileDescription file;
  file.id = "f9b6ba6a7cae1ee1d4b3dc0d4f8b2e3a";
  file.file_name = "C:\\letters\\An \"Anna\".PDF";
  file.file_size = 9;
  file.sha256 = "abc";
  file.content_type = "application/pdf";
  file.created_at = Timestamp(std::chrono::seconds(1378495165));
  file.url = "/stored-files/f9-s";
  return file;
}

TEST(FileJson, SaysWhatIsKnownOfAFile) {
  EXPECT_EQ(file_document(letter()),
            R"({"id":"f9b6ba6a7cae1ee1d4b3dc0d4f8b2e3a","status":"stored",)"
            R"("file_name":"An \"Anna\".PDF","file_size":9,"sha256":"abc",)"
            R"("content_type":"application/pdf","created_at":"2013-09-06T19:19:25Z",)"
            R"("url":"/stored-files/f9-s","extname":".pdf"})");
}

TEST(FileJson, IsReadAgain) {
  const auto read = read_document(file_document(letter()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, letter().id);
  EXPECT_EQ(read->file_name, "An \"Anna\".PDF");
  EXPECT_EQ(read->file_size, 9U);
  EXPECT_EQ(read->sha256, "abc");
  EXPECT_EQ(read->content_type, "application/pdf");
  EXPECT_EQ(read->url, "/stored-files/f9-s");
  for (const char* other : {"", "[]", "{}", R"({"id":"a","file_size":1})"}) {
    EXPECT_EQ(read_document(other).error().code(), Errc::storage_failed) << other;
  }
}

TEST(FileJson, HoldsAnyNameAndListsExtraFiles) {
  FileDescription file = letter();
  file.file_name = "bad\xff";
  file.extra_files = {{"t", "s.srt", {9, 12}}};
  const std::string document = file_document(file);
  EXPECT_NE(document.find("\"file_name\":\"bad\xef\xbf\xbd\""), std::string::npos) << document;
  EXPECT_NE(document.find(R"("extra_files":[{"tag":"t",)"), std::string::npos) << document;
}

}  // namespace
}  // namespace sluice::files
