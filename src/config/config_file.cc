// SPDX-License-Identifier: MIT
#include "config/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "base/printable.h"

namespace sluice::config {
namespace {

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  void read(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string name =
          prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
      const toml::table* inner = node.as_table();
      // A table is a section; deeper or empty ones hold no setting and are entries themselves.
      if (inner != nullptr && !inner->empty() && prefix.empty()) {
        read(*inner, name);
      } else {
        add(name, key.source().begin, node);
      }
    }
  }

  std::vector<FileEntry> entries() && {
    std::ranges::sort(entries_, {}, [](const Placed& placed) {
      return std::pair(placed.begin.line, placed.begin.column);
    });
    std::vector<FileEntry> result;
    std::ranges::transform(entries_, std::back_inserter(result),
                           [](Placed& placed) { return std::move(placed.entry); });
    return result;
  }

 private:
  struct Placed {
    toml::source_position begin;
    FileEntry entry;
  };

  void add(std::string name, toml::source_position begin, const toml::node& node) {
    FileEntry entry;
    entry.key = std::move(name);
    entry.where = fmt::format("{}:{}", printable(path_), begin.line);
    if (const auto* string = node.as_string()) {
      entry.form = TomlForm::string;
      entry.text = string->get();
      entry.shown = fmt::format("\"{}\"", printable(entry.text));
    } else if (const auto* integer = node.as_integer()) {
      entry.form = TomlForm::integer;
      entry.text = std::to_string(integer->get());
      entry.shown = "the number " + entry.text;
    } else if (const auto* boolean = node.as_boolean()) {
      entry.form = TomlForm::boolean;
      entry.text = boolean->get() ? "true" : "false";
      entry.shown = entry.text;
    } else if (node.is_floating_point()) {
      entry.shown = "a number with a fraction";
    } else if (node.is_table()) {
      entry.form = TomlForm::table;
      entry.shown = "a table";
    } else if (node.is_array()) {
      entry.shown = "an array";
    } else {
      entry.shown = "a date or a time";
    }
    entries_.push_back({begin, std::move(entry)});
  }

  std::string path_;
  std::vector<Placed> entries_;
};

}  // namespace

std::optional<std::string> read_bounded(const std::string& path,
                                        std::vector<std::string>& problems) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string text(limits::config_file_bytes_max + 1, '\0');
  if (stream) {
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  }
  if (!stream.is_open() || stream.bad()) {
    problems.push_back(fmt::format("{}: cannot be read: {}", printable(path),
                                   errno == 0 ? "unknown reason" : std::strerror(errno)));
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > limits::config_file_bytes_max) {
    problems.push_back(fmt::format("{}: expected at most {} bytes of settings", printable(path),
                                   limits::config_file_bytes_max));
    return std::nullopt;
  }
  return text;
}

std::vector<FileEntry> read_config_file(const std::string& path,
                                        std::vector<std::string>& problems) {
  const std::optional<std::string> text = read_bounded(path, problems);
  if (!text) {
    return {};
  }
  try {
    Reader reader(path);
    reader.read(toml::parse(*text), "");
    return std::move(reader).entries();
  } catch (const toml::parse_error& error) {
    // The description may quote what stands there, and that may be a secret.
    const bool holds_secrets = std::ranges::any_of(
        std::array{"secret_key", "api_key", "token"},
        [&text](const char* name) { return text->find(name) != std::string::npos; });
    problems.push_back(fmt::format("{}:{}: expected TOML{}", printable(path),
                                   error.source().begin.line,
                                   holds_secrets ? "" : ": " + printable(error.description())));
    return {};
  }
}

}  // namespace sluice::config
