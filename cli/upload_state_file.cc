// SPDX-License-Identifier: MIT
#include "cli/upload_state_file.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr mode_t directory_mode = 0700;
constexpr mode_t file_mode = 0600;
constexpr std::size_t state_bytes_max = 64 * limits::KiB;

std::string lock_path(const std::string& path) {
  return path + ".lock";
}

bool make_directories(const std::string& directory) {
  for (std::size_t slash = directory.find('/', 1); slash != std::string::npos;
       slash = directory.find('/', slash + 1)) {
    ::mkdir(directory.substr(0, slash).c_str(), directory_mode);
  }
  return ::mkdir(directory.c_str(), directory_mode) == 0 || errno == EEXIST;
}

// The file may have been removed by the command that held the lock before; a lock on a file without
// a name keeps no other command out.
bool still_named(int descriptor, const std::string& path) {
  struct stat held{};
  struct stat named{};
  return ::fstat(descriptor, &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

Result<> write_durably(int descriptor, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return fail(storage_error(errno, "write", path));
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(descriptor) != 0) {
    return fail(storage_error(errno, "fsync", path));
  }
  return {};
}

void sync_directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    ::fsync(descriptor);
    ::close(descriptor);
  }
}

std::optional<std::string> read_whole(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) {
    return std::nullopt;
  }
  std::string text(state_bytes_max, '\0');
  const ssize_t got = ::read(descriptor, text.data(), text.size());
  ::close(descriptor);
  if (got < 0) {
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(got));
  return text;
}

template <class T>
std::optional<T> number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) {
    return std::nullopt;
  }
  json::error_code error;
  const T converted = value->to_number<T>(error);
  return error ? std::nullopt : std::optional<T>(converted);
}

std::optional<SavedUpload> parse_state(const std::string& text) {
  json::error_code error;
  const json::value document = json::parse(text, error);
  const json::object* object = error ? nullptr : document.if_object();
  const json::value* location = object == nullptr ? nullptr : object->if_contains("location");
  if (location == nullptr || !location->is_string()) {
    return std::nullopt;
  }
  const auto size = number<std::uint64_t>(*object, "size");
  const auto modified_ns = number<std::int64_t>(*object, "mtime_ns");
  const auto inode = number<std::uint64_t>(*object, "inode");
  const auto sent = number<std::uint64_t>(*object, "sent");
  const json::value* digest = object->if_contains("sent_sha256");
  const auto created = number<std::int64_t>(*object, "created");
  if (!size || !modified_ns || !inode || !sent || digest == nullptr || !digest->is_string() ||
      !created || location->get_string().empty()) {
    return std::nullopt;
  }
  const auto part_size = number<std::uint64_t>(*object, "part_size");
  std::optional<PartLayout> parts;
  if (part_size) {
    parts = {.file_size = *size,
             .part_size = std::max<std::uint64_t>(*part_size, 1),
             .connections = number<std::uint64_t>(*object, "connections").value_or(1)};
    if (parts->count() > parts_max) {
      return std::nullopt;
    }
  }
  return SavedUpload{.location = std::string(location->get_string()),
                     .file = {.size = *size, .modified_ns = *modified_ns, .inode = *inode},
                     .sent = {.size = *sent, .digest = std::string(digest->get_string())},
                     .created = Timestamp(Duration(*created)),
                     .parts = parts};
}

}  // namespace

std::expected<UploadStateFile, UploadStateFile::OpenFailure> UploadStateFile::open(
    const std::string& directory, const std::string& server_url, const std::string& path) {
  if (directory.empty() || !make_directories(directory)) {
    return std::unexpected(OpenFailure{OpenError::unusable, "no usable directory for it"});
  }
  const std::string file = directory + "/" + short_digest(server_url + "\n" + path) + ".json";
  const std::string lock = lock_path(file);
  for (;;) {
    const int descriptor =
        ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, file_mode);
    if (descriptor < 0) {
      return std::unexpected(
          OpenFailure{OpenError::unusable, storage_error(errno, "open", lock).message()});
    }
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      const int reason = errno;
      ::close(descriptor);
      return std::unexpected(OpenFailure{
          reason == EWOULDBLOCK ? OpenError::in_use : OpenError::unusable,
          reason == EWOULDBLOCK ? "another sluice upload is sending this file to this server"
                                : storage_error(reason, "lock", lock).message()});
    }
    if (still_named(descriptor, lock)) {
      return UploadStateFile(file, descriptor);
    }
    ::close(descriptor);
  }
}

UploadStateFile::UploadStateFile(std::string path, int lock_descriptor)
    : path_(std::move(path)), lock_descriptor_(lock_descriptor) {}

UploadStateFile::UploadStateFile(UploadStateFile&& other) noexcept
    : path_(std::move(other.path_)), lock_descriptor_(std::exchange(other.lock_descriptor_, -1)) {}

UploadStateFile::~UploadStateFile() {
  if (lock_descriptor_ >= 0) {
    ::unlink(lock_path(path_).c_str());
    ::close(lock_descriptor_);
  }
}

std::optional<SavedUpload> UploadStateFile::load() const {
  const std::optional<std::string> text = read_whole(path_);
  return text ? parse_state(*text) : std::nullopt;
}

Result<> UploadStateFile::save(const SavedUpload& upload) const {
  json::object document{{"location", upload.location},
                        {"size", upload.file.size},
                        {"mtime_ns", upload.file.modified_ns},
                        {"inode", upload.file.inode},
                        {"sent", upload.sent.size},
                        {"sent_sha256", upload.sent.digest},
                        {"created", upload.created.time_since_epoch().count()}};
  if (upload.parts) {
    document["part_size"] = upload.parts->part_size;
    document["connections"] = upload.parts->connections;
  }
  // The lock keeps every other writer away, so one name is enough.
  const std::string temporary = path_ + ".new";
  ::unlink(temporary.c_str());
  const int descriptor =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file_mode);
  if (descriptor < 0) {
    return fail(storage_error(errno, "open", temporary));
  }
  const Result<> written = write_durably(descriptor, json::serialize(document) + "\n", temporary);
  ::close(descriptor);
  if (!written) {
    return written;
  }
  if (::rename(temporary.c_str(), path_.c_str()) != 0) {
    return fail(storage_error(errno, "rename", temporary));
  }
  sync_directory_of(path_);
  return {};
}

void UploadStateFile::remove() const noexcept {
  ::unlink(path_.c_str());
}

std::string upload_state_directory() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  // The base directory specification: a relative path is to be ignored.
  if (cache != nullptr && cache[0] == '/') {
    return std::string(cache) + "/sluice/uploads";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') {
    const passwd* user = ::getpwuid(::getuid());
    home = user == nullptr ? nullptr : user->pw_dir;
  }
  return home == nullptr || home[0] != '/' ? "" : std::string(home) + "/.cache/sluice/uploads";
}

}  // namespace sluice::cli
