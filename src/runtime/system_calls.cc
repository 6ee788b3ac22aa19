// SPDX-License-Identifier: MIT
#include "runtime/system_calls.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace sluice::runtime {
namespace {

class Kernel final : public SystemCalls {
 public:
  int open(const char* path, int flags, mode_t mode) override { return ::open(path, flags, mode); }
  int close(int descriptor) override { return ::close(descriptor); }
  ssize_t pwrite(int descriptor, const void* data, std::size_t size, off_t offset) override {
    return ::pwrite(descriptor, data, size, offset);
  }
  ssize_t copy_file_range(int from, off_t* from_offset, int to, off_t* to_offset,
                          std::size_t size) override {
    return ::copy_file_range(from, from_offset, to, to_offset, size, 0);
  }
  ssize_t splice(int from, int to, off_t* to_offset, std::size_t size) override {
    return ::splice(from, nullptr, to, to_offset, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  }
  ssize_t pread(int descriptor, void* buffer, std::size_t size, off_t offset) override {
    return ::pread(descriptor, buffer, size, offset);
  }
  int fallocate(int descriptor, int mode, off_t offset, off_t size) override {
    return ::fallocate(descriptor, mode, offset, size);
  }
  int ftruncate(int descriptor, off_t size) override { return ::ftruncate(descriptor, size); }
  int sync_file_range(int descriptor, off_t offset, off_t size, unsigned flags) override {
    return ::sync_file_range(descriptor, offset, size, flags);
  }
  int fdatasync(int descriptor) override { return ::fdatasync(descriptor); }
  int fsync(int descriptor) override { return ::fsync(descriptor); }
  int fstat(int descriptor, struct stat* status) override { return ::fstat(descriptor, status); }
  int lstat(const char* path, struct stat* status) override { return ::lstat(path, status); }
  int rename(const char* from, const char* to) override { return ::rename(from, to); }
  int unlink(const char* path) override { return ::unlink(path); }
  int mkdir(const char* path, mode_t mode) override { return ::mkdir(path, mode); }
  int statvfs(const char* path, struct statvfs* status) override { return ::statvfs(path, status); }
};

}  // namespace

SystemCalls& kernel() noexcept {
  static Kernel calls;
  return calls;
}

}  // namespace sluice::runtime
