// SPDX-License-Identifier: MIT
#include "cli/source_list.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/temporary_directory.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class SourceListTest : public ::testing::Test {
 protected:
  SourceListTest() {
    for (const char* file : {"holiday/b.mp4", "holiday/a.mp4", "holiday/a.txt",
                             "holiday/day 1/c.mp4", "holiday/day 1/raw/d.mp4", "other.mp4"}) {
      fs::create_directories(fs::path(path(file)).parent_path());
      std::ofstream(path(file)) << file;
    }
    fs::create_symlink(path("other.mp4"), path("holiday/link.mp4"));
    fs::create_directory_symlink(path("holiday"), path("holiday/day 1/round"));
  }

  std::string path(const std::string& below) const { return temporary_.path() + "/" + below; }
  // The relative paths of the folder's files, or the sentence.
  Names in_folder(std::vector<std::string> include, std::vector<std::string> exclude) const {
    return names({.paths = {path("holiday")},
                  .files_from = {},
                  .recursive = true,
                  .include = std::move(include),
                  .exclude = std::move(exclude)});
  }
  static Names names(const Selection& selection) {
    const auto sources = find_sources(selection);
    if (!sources) {
      return {sources.error()};
    }
    Names names;
    for (const Source& source : *sources) {
      names.push_back(source.relative_path.empty() ? source.path : source.relative_path);
    }
    return names;
  }

  sluice::testing::TemporaryDirectory temporary_;
};

TEST_F(SourceListTest, FoldersAreReadInOrderWithoutLinks) {
  EXPECT_EQ(in_folder({}, {}), (Names{"holiday/a.mp4", "holiday/a.txt", "holiday/b.mp4",
                                      "holiday/day 1/c.mp4", "holiday/day 1/raw/d.mp4"}));
}

TEST_F(SourceListTest, PatternsChoose) {
  EXPECT_EQ(in_folder({"*.txt", "c*"}, {}), (Names{"holiday/a.txt", "holiday/day 1/c.mp4"}));
  EXPECT_EQ(in_folder({}, {"raw", "a.*"}), (Names{"holiday/b.mp4", "holiday/day 1/c.mp4"}));
  EXPECT_EQ(in_folder({"*.mp4"}, {"day 1/*"}), (Names{"holiday/a.mp4", "holiday/b.mp4"}));
  EXPECT_EQ(in_folder({"holiday"}, {}), Names());
}

TEST_F(SourceListTest, ANamedFileIsMeant) {
  EXPECT_EQ(names({.paths = {path("other.mp4"), path("missing"), path("holiday/link.mp4")},
                   .files_from = {},
                   .recursive = false,
                   .include = {"*.txt"},
                   .exclude = {"other*"}}),
            (Names{path("other.mp4"), path("missing"), path("holiday/link.mp4")}));
}

TEST_F(SourceListTest, AFolderIsOnlyReadWhenAskedFor) {
  EXPECT_EQ(names({.paths = {path("holiday")}, .files_from = {}, .include = {}, .exclude = {}}),
            Names{path("holiday")});
}

TEST_F(SourceListTest, AListNamesFilesAndFolders) {
  std::ofstream(path("list")) << path("other.mp4") << "\r\n\n" << path("holiday/day 1");
  EXPECT_EQ(names({.paths = {},
                   .files_from = path("list"),
                   .recursive = true,
                   .include = {},
                   .exclude = {}}),
            (Names{path("other.mp4"), "day 1/c.mp4", "day 1/raw/d.mp4"}));
  EXPECT_EQ(names({.paths = {}, .files_from = path("none"), .include = {}, .exclude = {}}),
            Names{path("none") + " cannot be read"});
}

TEST_F(SourceListTest, a_dash_is_standard_input_on_the_command_line_alone) {
  std::ofstream(path("list")) << "-\n";
  const auto found =
      find_sources({.paths = {"-"}, .files_from = path("list"), .include = {}, .exclude = {}});
  ASSERT_TRUE(found);
  EXPECT_EQ(*found,
            (std::vector<Source>{{.path = "-", .relative_path = {}, .is_standard_input = true},
                                 {.path = "-", .relative_path = {}, .is_standard_input = false}}));
}

}  // namespace
}  // namespace sluice::cli
