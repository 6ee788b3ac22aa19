// SPDX-License-Identifier: MIT
#include "store/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/random.h"
#include "runtime/posix_disk.h"

namespace sluice::store {
namespace {

constexpr std::size_t secret_characters = 43;

// " (process 42)", or nothing where the file does not say.
std::string holder(int lock) {
  std::array<char, 16> text{};
  const ssize_t count = ::pread(lock, text.data(), text.size(), 0);
  std::string digits;
  for (ssize_t i = 0; i < count; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') {
      break;
    }
    digits += c;
  }
  return digits.empty() ? digits : " (process " + digits + ")";
}

// For the message above and for people; nothing depends on it.
void write_holder(int lock) {
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) == 0) {
    std::ignore = ::pwrite(lock, text.data(), text.size(), 0);
  }
}

// The file is never removed: processes with the old and a new file would both hold "the" lock.
Result<int> lock_directory(const std::string& path) {
  const std::string file = path + "/lock";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) {
    return fail(storage_error(errno, "open", file));
  }
  int status = 0;
  do {
    status = ::flock(lock, LOCK_EX | LOCK_NB);
  } while (status != 0 && errno == EINTR);
  if (status == 0) {
    write_holder(lock);
    return lock;
  }
  const int error_number = errno;
  const std::string who = holder(lock);
  ::close(lock);
  if (error_number == EWOULDBLOCK) {
    return fail(Errc::storage_failed,
                "data directory " + path + " is in use by another process" + who);
  }
  return fail(storage_error(error_number, "lock", file));
}

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// A name in a directory without a journal that is none of Sluice's: of a server that has made none
// yet, or whose journal is elsewhere.
std::optional<std::string> foreign_name(const std::string& path) {
  constexpr std::array<std::string_view, 13> own{"lock",
                                                 "uploads",
                                                 "videos",
                                                 "answers",
                                                 "objects",
                                                 "backup",
                                                 "control.sock",
                                                 "lost+found",
                                                 "secret",
                                                 "secret.new",
                                                 "location",
                                                 "location.new",
                                                 "journal.sqlite.migrated"};
  std::error_code error;
  if (std::filesystem::exists(path + "/journal.sqlite", error)) {
    return std::nullopt;
  }
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    std::string name = entry.path().filename().string();
    if (std::ranges::find(own, name) == own.end()) {
      return name;
    }
  }
  return std::nullopt;
}

// Makes the directory and its name durable. The parent of a directory that is there may be another
// user's: a failure to sync it is no reason to refuse.
Result<> make_root(runtime::Disk& disk, const std::string& path) {
  const Result<bool> there = disk.exists(path);
  if (!there) {
    return fail(there.error());
  }
  if (*there) {
    std::ignore = disk.sync_directory(parent_of(path));
    return {};
  }
  if (Result<> made = disk.make_directory(path); !made) {
    return fail(Errc::storage_failed,
                "data directory " + path + " cannot be made: " + made.error().message());
  }
  return disk.sync_directory(parent_of(path));
}

Result<std::string> read_secret(runtime::Disk& disk, const std::string& file) {
  const auto opened = disk.open(file, runtime::OpenMode::read_only);
  if (!opened) {
    return fail(opened.error());
  }
  std::string text(secret_characters, '\0');
  const Result<std::size_t> size = (*opened)->read_at(0, std::as_writable_bytes(std::span(text)));
  if (!size) {
    return fail(size.error());
  }
  if (*size != secret_characters || !is_base64url(text)) {
    return fail(Errc::storage_failed, file + ": expected " + std::to_string(secret_characters) +
                                          " characters of base64url; without the file a new secret "
                                          "is made, and unfinished uploads of form chunks begin "
                                          "anew");
  }
  return text;
}

Result<std::string> make_secret(runtime::Disk& disk, const std::string& file,
                                const std::string& directory) {
  const std::string beside = file + ".new";
  std::string text = random_token();
  SLUICE_CHECK(text.size() == secret_characters);
  if (Result<> removed = disk.remove(beside); !removed) {
    return fail(removed.error());
  }
  const auto made = disk.open(beside, runtime::OpenMode::create);
  if (!made) {
    return fail(made.error());
  }
  Result<> done = (*made)->write_at(0, as_bytes(text));
  if (done) {
    done = (*made)->sync();
  }
  if (done) {
    done = disk.rename(beside, file);
  }
  if (done) {
    done = disk.sync_directory(directory);
  }
  return done ? Result<std::string>(std::move(text)) : fail(done.error());
}

}  // namespace

Result<DataDirectory> DataDirectory::open(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  runtime::PosixDisk disk;
  if (Result<> made = make_root(disk, path); !made) {
    return fail(made.error());
  }
  const Result<int> lock = lock_directory(path);
  if (!lock) {
    return fail(lock.error());
  }
  DataDirectory directory(std::move(path), *lock);
  for (const std::string& inner : {directory.uploads(), directory.videos(), directory.answers()}) {
    if (Result<> made = disk.make_directory(inner); !made) {
      return fail(made.error());
    }
  }
  if (Result<> synced = disk.sync_directory(directory.path()); !synced) {
    return fail(synced.error());
  }
  return directory;
}

Result<bool> DataDirectory::has_objects() const {
  return runtime::PosixDisk().exists(path_ + "/objects");
}

Result<> DataDirectory::mark_objects() const {
  runtime::PosixDisk disk;
  const auto mark = disk.open(path_ + "/objects", runtime::OpenMode::create);
  return mark ? disk.sync_directory(path_) : fail(mark.error());
}

// Written beside its name first: a crash leaves no secret, or a whole one.
Result<std::string> DataDirectory::secret() const {
  runtime::PosixDisk disk;
  const std::string file = path_ + "/secret";
  const Result<bool> there = disk.exists(file);
  if (!there) {
    return fail(there.error());
  }
  return *there ? read_secret(disk, file) : make_secret(disk, file, path_);
}

Result<> DataDirectory::check(std::string path, bool force) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  struct stat status{};
  const bool there = ::stat(path.c_str(), &status) == 0;
  if (there && !S_ISDIR(status.st_mode)) {
    return fail(Errc::storage_failed, path + " is no directory");
  }
  const std::string changed = there ? path : parent_of(path);
  if (::access(changed.c_str(), R_OK | W_OK | X_OK) != 0) {
    return fail(storage_error(errno, there ? "use" : "make a directory in", changed));
  }
  if (const auto name = there && !force ? foreign_name(path) : std::nullopt) {
    return fail(Errc::storage_failed,
                path + " holds what is not of Sluice, like \"" + *name +
                    "\": expected an empty directory or an older one of Sluice; --force "
                    "(data.force = true) uses it all the same");
  }
  return {};
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) {
    ::close(lock_);
  }
}

}  // namespace sluice::store
