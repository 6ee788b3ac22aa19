// SPDX-License-Identifier: MIT
// The operators' documents agree with the program.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "admin/metrics_page.h"
#include "config/config.h"
#include "config/settings.h"

namespace sluice::admin {
namespace {

std::string read_source(const std::string& path) {
  std::ifstream stream(std::string(SLUICE_SOURCE_DIR) + "/" + path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The rows of the first table whose first column begins with `prefix`.
std::set<std::string> table_rows(const std::string& text, const std::string& prefix) {
  std::set<std::string> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(prefix)) {
      rows.insert(line);
    }
  }
  return rows;
}

TEST(Example, IsWhatTheTableSays) {
  EXPECT_EQ(read_source("packaging/sluice.toml.example"), config::example_settings());
}

TEST(Example, LoadsAndIsTheDefaults) {
  const auto config =
      config::load({.flags = {},
                    .environment = {},
                    .file = std::string(SLUICE_SOURCE_DIR) + "/packaging/sluice.toml.example"});
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_EQ(*config, config::Config{});
  EXPECT_EQ(config->origins.size(), config::settings().size());
}

TEST(OperationsDocument, ListsEverySetting) {
  std::set<std::string> expected;
  for (const config::Setting& setting : config::settings()) {
    expected.insert(
        fmt::format("| `{}` | `{}` | {} | `{}` | {} | {} |", setting.key, setting.environment,
                    setting.flag.empty() ? "" : fmt::format("`{}`", setting.flag),
                    setting.print(config::Config{}), setting.reloads ? "yes" : "", setting.help));
  }
  std::set<std::string> rows;
  const std::string text = read_source("docs/operations.md");
  std::set<std::string_view> sections;
  for (const config::Setting& setting : config::settings()) {
    if (sections.insert(setting.section()).second) {
      rows.merge(table_rows(text, fmt::format("| `{}.", setting.section())));
    }
  }
  EXPECT_EQ(rows, expected);
}

TEST(OperationsDocument, ListsEveryMetric) {
  SampledGauges sampled;
  sampled.uploads.emplace();
  sampled.disk.emplace();
  sampled.disk->free_files = 0;
  sampled.process.emplace();
  std::set<std::string> expected;
  std::istringstream page(metrics_page(Metrics(), sampled));
  std::string help;
  for (std::string line; std::getline(page, line);) {
    std::istringstream words(line);
    std::string hash;
    std::string kind;
    std::string name;
    std::string rest;
    words >> hash >> kind >> name >> std::ws;
    std::getline(words, rest);
    if (kind == "HELP") {
      help = rest;
    } else if (kind == "TYPE") {
      expected.insert(fmt::format("| `{}` | {} | {} |", name, rest, help));
    }
  }
  ASSERT_FALSE(expected.empty());
  std::set<std::string> rows = table_rows(read_source("docs/operations.md"), "| `sluice_");
  rows.merge(table_rows(read_source("docs/operations.md"), "| `process_"));
  EXPECT_EQ(rows, expected);
}

}  // namespace
}  // namespace sluice::admin
