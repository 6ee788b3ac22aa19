// SPDX-License-Identifier: MIT
#include "store/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::store {

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return fail(storage_error(errno, "open", directory));
  }
  DirectoryLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
    return lock;
  }
  return errno == EWOULDBLOCK
             ? fail(Errc::storage_failed, "another backup of " + directory + " is under way")
             : fail(storage_error(errno, "lock", directory));
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

}  // namespace sluice::store
