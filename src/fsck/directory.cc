// SPDX-License-Identifier: MIT
#include "fsck/directory.h"

#include <filesystem>
#include <system_error>

namespace sluice::fsck {
namespace {

namespace fs = std::filesystem;

Error file_error(const std::error_code& error, const char* operation, const std::string& path) {
  return storage_error(error.value(), operation, path);
}

}  // namespace

Result<std::optional<std::uint64_t>> size_of(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return std::nullopt;
  }
  if (error) {
    return fail(file_error(error, "look at", path));
  }
  if (status.type() != fs::file_type::regular) {
    return std::nullopt;
  }
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) {
    return fail(file_error(error, "look at", path));
  }
  return size;
}

Result<bool> is_directory(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::none) {
    return fail(file_error(error, "look at", path));
  }
  return status.type() == fs::file_type::directory;
}

Result<> for_each_name(const std::string& directory, const Visit& visit) {
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (Result<> visited = visit(entry->path().filename().string()); !visited) {
      return visited;
    }
  }
  return error ? Result<>(fail(file_error(error, "read directory", directory))) : Result<>();
}

Result<> expect_journal(const std::string& directory) {
  const std::string file = directory + "/journal.sqlite";
  const auto size = size_of(file);
  if (!size) {
    return fail(size.error());
  }
  if (size->value_or(0) == 0) {
    return fail(
        Errc::storage_failed,
        directory + " is no data directory: " + file +
            (*size ? " is empty"
                   : " is missing (with journal.url the journal is in PostgreSQL: its own tools "
                     "copy it, and sluice fsck --config FILE checks it)"));
  }
  return {};
}

}  // namespace sluice::fsck
