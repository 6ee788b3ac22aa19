// SPDX-License-Identifier: MIT
#include "library/document.h"

#include <gtest/gtest.h>

namespace sluice::library {
namespace {

TEST(Document, TrustsNoExtensionThatItDidNotWrite) {
  for (const char* document : {"", "[]", "{}", R"({"extname":null})", R"({"extname":"/../x.mp4"})",
                               R"({"extname":".MP4"})", R"({"extname":"mp4"})"}) {
    const auto extension = stored_extension_of(document);
    ASSERT_FALSE(extension) << document;
    EXPECT_EQ(extension.error().code(), Errc::storage_failed);
  }
}

TEST(Document, TellsTheSizeOfItsFile) {
  EXPECT_EQ(stored_size_of(R"({"file_size":9007199254740993})").value(), 9'007'199'254'740'993U);
  for (const char* document :
       {"", "[]", "{}", R"({"file_size":"7"})", R"({"file_size":-1})", R"({"file_size":1.5})",
        R"({"file_size":1e30})", R"({"file_size":null})"}) {
    const auto size = stored_size_of(document);
    ASSERT_FALSE(size) << document;
    EXPECT_EQ(size.error().code(), Errc::storage_failed);
  }
}

TEST(Document, TrustsNoExtraFileThatItDidNotWrite) {
  EXPECT_TRUE(stored_extra_files_of("{}")->empty());
  for (const char* wrong : {R"({"extra_files":{}})", R"({"extra_files":[1]})",
                            R"({"extra_files":[{"extname":"/../x","file_size":1}]})"}) {
    EXPECT_EQ(stored_extra_files_of(wrong).error().code(), Errc::storage_failed) << wrong;
  }
}

}  // namespace
}  // namespace sluice::library
