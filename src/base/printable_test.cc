// SPDX-License-Identifier: MIT
#include "base/printable.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Printable, KeepsPlainText) {
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("Käse 你好 🎬"), "Käse 你好 🎬");
}

TEST(Printable, EscapesWhatEndsAStringOrALine) {
  EXPECT_EQ(printable("a\"b\\c"), R"(a\"b\\c)");
  EXPECT_EQ(printable("a\nb\rc\td"), R"(a\nb\rc\td)");
  EXPECT_EQ(printable(std::string_view("\0\x1B[2J\x7F", 6)), R"(\u0000\u001b[2J\u007f)");
}

TEST(Printable, EscapesWhatFoolsATerminal) {
  EXPECT_EQ(printable("\xC2\x9B"), R"(\u009b)");  // CSI in one C1 character.
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "cod.exe"),
            R"(\u202ecod.exe)");  // Right-to-left override.
  EXPECT_EQ(printable("\xE2\x80\xA8"), R"(\u2028)");
  EXPECT_EQ(printable("\xEF\xBB\xBF"), R"(\ufeff)");
}

TEST(Printable, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(printable("a\xFF"
                      "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(printable("\xC3"), "\xEF\xBF\xBD");
  EXPECT_EQ(printable("\xF0\x9F\x8E"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace sluice
