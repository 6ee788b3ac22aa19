// SPDX-License-Identifier: MIT
#include "simulation/faulty_system.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/check.h"

namespace sluice::simulation {
namespace {

int failed(const Error& error) {
  switch (error.code()) {
    case Errc::file_missing:
      errno = ENOENT;
      break;
    case Errc::disk_full:
      errno = ENOSPC;
      break;
    default:
      errno = EIO;
      break;
  }
  return -1;
}

int status_of(const Result<>& result) {
  return result ? 0 : failed(result.error());
}

}  // namespace

FaultySystem::Open& FaultySystem::at(int descriptor) {
  const auto found = files_.find(descriptor);
  SLUICE_CHECK(found != files_.end());
  return found->second;
}

bool FaultySystem::is_interrupted() {
  if (!dice_.chance(interrupted_)) {
    return false;
  }
  ++interruptions_;
  errno = EINTR;
  return true;
}

std::size_t FaultySystem::perhaps_less(std::size_t size) {
  if (size < 2 || !dice_.chance(short_count_)) {
    return size;
  }
  ++short_counts_;
  return static_cast<std::size_t>(dice_.between(1, size - 1));
}

int FaultySystem::open(const char* path, int flags, mode_t /*mode*/) {
  if (is_interrupted()) {
    return -1;
  }
  Open opened;
  opened.path = path;
  if ((flags & O_DIRECTORY) != 0) {
    const Result<bool> exists = disk_.exists(path);
    if (!exists) {
      return failed(exists.error());
    }
    if (!*exists) {
      errno = ENOENT;
      return -1;
    }
  } else {
    const bool creates = (flags & O_CREAT) != 0;
    auto file =
        disk_.open(path, creates ? runtime::OpenMode::create : runtime::OpenMode::read_write);
    if (!file) {
      return failed(file.error());
    }
    opened.file = std::move(*file);
  }
  files_.emplace(next_descriptor_, std::move(opened));
  return next_descriptor_++;
}

int FaultySystem::close(int descriptor) {
  SLUICE_CHECK(files_.erase(descriptor) == 1);
  return 0;
}

ssize_t FaultySystem::pwrite(int descriptor, const void* data, std::size_t size, off_t offset) {
  if (is_interrupted()) {
    return -1;
  }
  const Bytes bytes(static_cast<const std::byte*>(data), perhaps_less(size));
  const Result<> wrote = at(descriptor).file->write_at(static_cast<std::uint64_t>(offset), bytes);
  return wrote ? static_cast<ssize_t>(bytes.size()) : failed(wrote.error());
}

ssize_t FaultySystem::copy_file_range(int /*from*/, off_t* /*from_offset*/, int /*to*/,
                                      off_t* /*to_offset*/, std::size_t /*size*/) {
  errno = EXDEV;
  return -1;
}

ssize_t FaultySystem::splice(int from, int to, off_t* to_offset, std::size_t size) {
  if (is_interrupted()) {
    return -1;
  }
  std::vector<std::byte> bytes(perhaps_less(size));
  const ssize_t count = ::read(from, bytes.data(), bytes.size());
  SLUICE_CHECK(count > 0);
  bytes.resize(static_cast<std::size_t>(count));
  const Result<> wrote = at(to).file->write_at(static_cast<std::uint64_t>(*to_offset), bytes);
  if (!wrote) {
    return failed(wrote.error());
  }
  *to_offset += count;
  bytes_moved_ += bytes.size();
  return count;
}

ssize_t FaultySystem::pread(int descriptor, void* buffer, std::size_t size, off_t offset) {
  if (is_interrupted()) {
    return -1;
  }
  const MutableBytes bytes(static_cast<std::byte*>(buffer), perhaps_less(size));
  const auto count = at(descriptor).file->read_at(static_cast<std::uint64_t>(offset), bytes);
  return count ? static_cast<ssize_t>(*count) : failed(count.error());
}

int FaultySystem::fallocate(int descriptor, int mode, off_t offset, off_t size) {
  SLUICE_CHECK(mode == FALLOC_FL_KEEP_SIZE && offset == 0);
  if (is_interrupted()) {
    return -1;
  }
  return status_of(at(descriptor).file->preallocate(static_cast<std::uint64_t>(size)));
}

int FaultySystem::ftruncate(int descriptor, off_t size) {
  if (is_interrupted()) {
    return -1;
  }
  return status_of(at(descriptor).file->shorten(static_cast<std::uint64_t>(size)));
}

int FaultySystem::sync_file_range(int /*descriptor*/, off_t /*offset*/, off_t /*size*/,
                                  unsigned /*flags*/) {
  return 0;
}

int FaultySystem::fdatasync(int descriptor) {
  return status_of(at(descriptor).file->sync());
}

int FaultySystem::fsync(int descriptor) {
  const Open& opened = at(descriptor);
  return status_of(opened.file ? opened.file->sync() : disk_.sync_directory(opened.path));
}

int FaultySystem::fstat(int descriptor, struct stat* status) {
  const Result<std::uint64_t> size = at(descriptor).file->size();
  if (!size) {
    return failed(size.error());
  }
  status->st_size = static_cast<off_t>(*size);
  return 0;
}

int FaultySystem::lstat(const char* path, struct stat* /*status*/) {
  const Result<bool> exists = disk_.exists(path);
  if (!exists) {
    return failed(exists.error());
  }
  errno = ENOENT;
  return *exists ? 0 : -1;
}

int FaultySystem::rename(const char* from, const char* to) {
  return status_of(disk_.rename(from, to));
}

int FaultySystem::unlink(const char* path) {
  return status_of(disk_.remove(path));
}

int FaultySystem::mkdir(const char* path, mode_t /*mode*/) {
  return status_of(disk_.make_directory(path));
}

int FaultySystem::statvfs(const char* path, struct statvfs* status) {
  const Result<runtime::DiskSpace> space = disk_.space(path);
  if (!space) {
    return failed(space.error());
  }
  constexpr std::uint64_t block = 4096;
  status->f_frsize = block;
  status->f_bavail = space->free_bytes / block;
  status->f_blocks = space->total_bytes / block;
  return 0;
}

}  // namespace sluice::simulation
