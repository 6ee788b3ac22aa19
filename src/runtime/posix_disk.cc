// SPDX-License-Identifier: MIT
#include "runtime/posix_disk.h"

#include <fcntl.h>

#include <cerrno>
#include <limits>
#include <utility>

namespace sluice::runtime {
namespace {

Error last_error(const char* operation, const std::string& path) {
  if (errno == ENOENT) {
    return Error(Errc::file_missing, std::string(operation) + " " + path + ": no such file");
  }
  return storage_error(errno, operation, path);
}

bool fits_off_t(std::uint64_t offset, std::uint64_t size) {
  const auto most = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  return offset <= most && size <= most - offset;
}

class PosixFile final : public DiskFile {
 public:
  PosixFile(SystemCalls& system, int descriptor, std::string path)
      : system_(system), descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixFile() override { system_.close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<> write_at(std::uint64_t offset, Bytes data) override {
    if (!fits_off_t(offset, data.size())) {
      return fail(storage_error(EFBIG, "write", path_));
    }
    while (!data.empty()) {
      const ssize_t count =
          system_.pwrite(descriptor_, data.data(), data.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count < 0) {
        return fail(storage_error(errno, "write", path_));
      }
      data = data.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    return {};
  }

  Result<> write_from(Pipe& pipe, std::uint64_t offset, std::size_t size) override {
    if (!fits_off_t(offset, size)) {
      return fail(storage_error(EFBIG, "write", path_));
    }
    while (size > 0) {
      auto at = static_cast<off_t>(offset);
      const ssize_t count = system_.splice(pipe.read_end(), descriptor_, &at, size);
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count < 0 && errno == EINVAL) {
        return DiskFile::write_from(pipe, offset, size);  // Not on this file system.
      }
      if (count < 0) {
        return fail(storage_error(errno, "write", path_));
      }
      if (count == 0) {
        return fail(Errc::storage_failed, "write " + path_ + ": a pipe has lost its bytes");
      }
      size -= static_cast<std::size_t>(count);
      offset += static_cast<std::uint64_t>(count);
    }
    return {};
  }

  Result<std::size_t> copy_from(int descriptor, std::uint64_t from, std::uint64_t to,
                                std::size_t size) override {
    if (!fits_off_t(from, size) || !fits_off_t(to, size)) {
      return fail(storage_error(EFBIG, "copy to", path_));
    }
    for (;;) {
      auto from_offset = static_cast<off_t>(from);
      auto to_offset = static_cast<off_t>(to);
      const ssize_t count =
          system_.copy_file_range(descriptor, &from_offset, descriptor_, &to_offset, size);
      if (count >= 0) {
        return static_cast<std::size_t>(count);
      }
      if (errno == EINTR) {
        continue;
      }
      const bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
      // All else may be the way, or the other file: a plain read and write tell.
      return is_full ? fail(storage_error(errno, "copy to", path_)) : Result<std::size_t>(0);
    }
  }

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t count = system_.pread(descriptor_, buffer.data() + done, buffer.size() - done,
                                          static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count < 0) {
        return fail(storage_error(errno, "read", path_));
      }
      if (count == 0) {
        break;
      }
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  Result<> preallocate(std::uint64_t size) override {
    if (size == 0 || !fits_off_t(0, size)) {
      return {};
    }
    int status = 0;
    do {
      status = system_.fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size));
    } while (status != 0 && errno == EINTR);
    if (status != 0 && errno != EOPNOTSUPP && errno != ENOSYS && errno != EFBIG) {
      return fail(storage_error(errno, "preallocate", path_));
    }
    return {};
  }

  void start_writeback(ByteRange range) override {
    system_.sync_file_range(descriptor_, static_cast<off_t>(range.begin),
                            static_cast<off_t>(range.size()), SYNC_FILE_RANGE_WRITE);
  }

  Result<> sync() override {
    // No repetition on failure: after a failed sync the kernel may have dropped the pages.
    if (system_.fdatasync(descriptor_) != 0) {
      return fail(storage_error(errno, "sync", path_));
    }
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat status{};
    if (system_.fstat(descriptor_, &status) != 0) {
      return fail(storage_error(errno, "stat", path_));
    }
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<> shorten(std::uint64_t size) override {
    const Result<std::uint64_t> now = this->size();
    if (!now || *now < size) {
      return now ? Result<>() : fail(now.error());
    }
    int status = 0;
    do {
      status = system_.ftruncate(descriptor_, static_cast<off_t>(size));
    } while (status != 0 && errno == EINTR);
    if (status != 0) {
      return fail(storage_error(errno, "shorten", path_));
    }
    return {};
  }

  Result<> release(ByteRange range) override {
    if (range.empty() || !fits_off_t(range.begin, range.size())) {
      return {};
    }
    int status = 0;
    do {
      status = system_.fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                 static_cast<off_t>(range.begin), static_cast<off_t>(range.size()));
    } while (status != 0 && errno == EINTR);
    if (status != 0 && errno != EOPNOTSUPP && errno != ENOSYS) {
      return fail(storage_error(errno, "release room of", path_));
    }
    return {};
  }

  int descriptor() const noexcept override { return descriptor_; }

 private:
  SystemCalls& system_;
  int descriptor_;
  std::string path_;
};

int open_retrying(SystemCalls& system, const std::string& path, int flags) {
  int descriptor = -1;
  do {
    descriptor = system.open(path.c_str(), flags | O_CLOEXEC, 0600);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

}  // namespace

Result<std::unique_ptr<DiskFile>> PosixDisk::open(const std::string& path, OpenMode mode) {
  int flags = O_RDONLY;
  if (mode == OpenMode::read_write) {
    flags = O_RDWR;
  } else if (mode == OpenMode::create) {
    flags = O_RDWR | O_CREAT;
  } else if (mode == OpenMode::unnamed) {
    flags = O_RDWR | O_TMPFILE | O_EXCL;
  }
  const int descriptor = open_retrying(system_, path, flags | O_NOFOLLOW);
  if (descriptor < 0) {
    return fail(last_error("open", path));
  }
  return std::make_unique<PosixFile>(system_, descriptor, path);
}

Result<> PosixDisk::link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) {
    return {};
  }
  const int error_number = errno;
  struct stat source{};
  struct stat target{};
  if (error_number == EEXIST && ::lstat(from.c_str(), &source) == 0 &&
      ::lstat(to.c_str(), &target) == 0 && source.st_ino == target.st_ino &&
      source.st_dev == target.st_dev) {
    return {};
  }
  errno = error_number;
  return fail(last_error("link", from + " as " + to));
}

Result<> PosixDisk::rename(const std::string& from, const std::string& to) {
  if (system_.rename(from.c_str(), to.c_str()) != 0) {
    return fail(last_error("rename", from));
  }
  return {};
}

Result<> PosixDisk::remove(const std::string& path) {
  if (system_.unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail(last_error("remove", path));
  }
  return {};
}

Result<bool> PosixDisk::exists(const std::string& path) {
  struct stat status{};
  if (system_.lstat(path.c_str(), &status) == 0) {
    return true;
  }
  if (errno == ENOENT) {
    return false;
  }
  return fail(last_error("stat", path));
}

Result<> PosixDisk::make_directory(const std::string& path) {
  if (system_.mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(last_error("make directory", path));
  }
  return {};
}

Result<> PosixDisk::sync_directory(const std::string& path) {
  const int descriptor = open_retrying(system_, path, O_RDONLY | O_DIRECTORY);
  if (descriptor < 0) {
    return fail(last_error("open directory", path));
  }
  const int status = system_.fsync(descriptor);
  const int error_number = errno;
  system_.close(descriptor);
  if (status != 0) {
    return fail(storage_error(error_number, "sync directory", path));
  }
  return {};
}

Result<DiskSpace> PosixDisk::space(const std::string& path) {
  struct statvfs status{};
  if (system_.statvfs(path.c_str(), &status) != 0) {
    return fail(last_error("statvfs", path));
  }
  DiskSpace space{static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize,
                  static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize};
  if (status.f_files > 0) {
    space.free_files = status.f_favail;
  }
  return space;
}

}  // namespace sluice::runtime
