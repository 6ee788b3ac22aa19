// SPDX-License-Identifier: MIT
#include "commands/misspelling.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::commands {
namespace {

OptionRow option(std::vector<std::string> names, const std::string& value = "") {
  return {.names = std::move(names), .value = value, .text = "text"};
}

const std::vector<CommandRow> commands{
    {.name = "", .text = "", .footer = "", .options = {option({"-h", "--help"})}},
    {.name = "serve",
     .text = "",
     .footer = "",
     .options = {option({"--listen"}, "ADDRESS"), option({"--open"})}},
    {.name = "upload",
     .text = "",
     .footer = "",
     .options = {option({"files"}, "FILE"), option({"-q", "--quiet"})}},
    {.name = "credentials", .text = "", .footer = "", .options = {}},
    {.name = "credentials add", .text = "", .footer = "", .options = {option({"--owner"}, "TEXT")}},
};

TEST(Misspelling, NamesTheNearest) {
  using Words = std::vector<std::string>;
  const struct {
    Words words;
    const char* sentence;
  } rows[] = {
      {{}, ""},
      {{"serve", "--listen", "x"}, ""},
      {{"serve", "--listen=x", "--open"}, ""},
      {{"serve", "--listen", "--lisen"}, ""},  // A value.
      {{"serve", "--lisen", "x"}, "sluice: there is no option --lisen; did you mean --listen?"},
      {{"serve", "--lisen=x"}, "sluice: there is no option --lisen; did you mean --listen?"},
      {{"--hlep"}, "sluice: there is no option --hlep; did you mean --help?"},
      {{"upload", "a", "uplaod", "--quite"},
       "sluice: there is no option --quite; did you mean --quiet?"},
      {{"upload", "--", "--quite"}, ""},
      {{"upload", "--something-else"}, "sluice: there is no option --something-else"},
      {{"uplaod", "a"}, "sluice: there is no command uplaod; did you mean upload?"},
      {{"frobnicate"}, "sluice: there is no command frobnicate"},
      {{"credentials", "ad"}, "sluice: there is no command credentials ad; did you mean add?"},
      {{"credentials", "add", "--ower", "x"},
       "sluice: there is no option --ower; did you mean --owner?"},
  };
  for (const auto& [words, sentence] : rows) {
    EXPECT_EQ(misspelling_in(words, commands), sentence);
  }
}

}  // namespace
}  // namespace sluice::commands
