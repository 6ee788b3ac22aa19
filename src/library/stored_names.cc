// SPDX-License-Identifier: MIT
#include "library/stored_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"

namespace sluice::library {
namespace {

constexpr std::size_t id_digits = 32;
constexpr std::size_t extension_letters_max = 16;

bool is_letter_or_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A backslash may stand in a name, but not in one that begins like an absolute path of Windows.
bool is_windows_path(std::string_view name) noexcept {
  const bool has_drive = name.size() > 2 && is_letter_or_digit(name[0]) && name[1] == ':' &&
                         (name[2] == '\\' || name[2] == '/');
  return has_drive || name.starts_with("\\\\");
}

}  // namespace

// The word is that of the first records; another one would give their uploads other names.
std::string record_id(const std::string& idempotency_key) {
  return short_digest("video:" + idempotency_key);
}

bool is_record_id(std::string_view text) noexcept {
  return text.size() == id_digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Slashes at the end are no name; of nothing but slashes the name is what came.
std::string_view last_component(std::string_view file_name) {
  const std::string_view separators = is_windows_path(file_name) ? "/\\" : "/";
  const std::size_t last = file_name.find_last_not_of(separators);
  if (last == std::string_view::npos) {
    return file_name;
  }
  const std::string_view name = file_name.substr(0, last + 1);
  return name.substr(name.find_last_of(separators) + 1);
}

std::string stored_extension(std::string_view file_name) {
  const std::string_view name = last_component(file_name);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) {
    return {};
  }
  const std::string_view letters = name.substr(dot + 1);
  if (letters.empty() || letters.size() > extension_letters_max ||
      !std::ranges::all_of(letters, is_letter_or_digit)) {
    return {};
  }
  return "." + to_lower(letters);
}

std::string extra_file_suffix(std::size_t index, std::string_view file_name) {
  return fmt::format("-{}{}", index + 1, stored_extension(file_name));
}

std::string stored_name(std::string_view id, std::string_view suffix) {
  return fmt::format("videos/{}{}", id, suffix);
}

std::vector<store::NamedRange> stored_files(const delivery::Handoff& handoff) {
  const std::string id = record_id(handoff.idempotency_key);
  std::vector<store::NamedRange> files;
  files.push_back({{0, handoff.file_size}, stored_name(id, stored_extension(handoff.file_name))});
  for (const model::ExtraFile& extra : handoff.extra_files) {
    const std::string suffix = extra_file_suffix(files.size() - 1, extra.file_name);
    files.push_back({extra.range, stored_name(id, suffix)});
  }
  return files;
}

}  // namespace sluice::library
