// SPDX-License-Identifier: MIT
// The system calls that the disk is made of, so that a test can stand in for the kernel: each does
// what its manual page says, -1 and errno included.
#pragma once

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include <cstddef>

namespace sluice::runtime {

class SystemCalls {
 public:
  virtual ~SystemCalls() = default;

  virtual int open(const char* path, int flags, mode_t mode) = 0;
  virtual int close(int descriptor) = 0;
  virtual ssize_t pwrite(int descriptor, const void* data, std::size_t size, off_t offset) = 0;
  // From a pipe into a file. EAGAIN when the pipe is empty.
  virtual ssize_t splice(int from, int to, off_t* to_offset, std::size_t size) = 0;
  // From a file into a file; both offsets move on. 0 at the end of the first.
  virtual ssize_t copy_file_range(int from, off_t* from_offset, int to, off_t* to_offset,
                                  std::size_t size) = 0;
  virtual ssize_t pread(int descriptor, void* buffer, std::size_t size, off_t offset) = 0;
  virtual int fallocate(int descriptor, int mode, off_t offset, off_t size) = 0;
  virtual int ftruncate(int descriptor, off_t size) = 0;
  virtual int sync_file_range(int descriptor, off_t offset, off_t size, unsigned flags) = 0;
  virtual int fdatasync(int descriptor) = 0;
  virtual int fsync(int descriptor) = 0;
  virtual int fstat(int descriptor, struct stat* status) = 0;
  virtual int lstat(const char* path, struct stat* status) = 0;
  virtual int rename(const char* from, const char* to) = 0;
  virtual int unlink(const char* path) = 0;
  virtual int mkdir(const char* path, mode_t mode) = 0;
  virtual int statvfs(const char* path, struct statvfs* status) = 0;
};

// The kernel's own.
SystemCalls& kernel() noexcept;

}  // namespace sluice::runtime
