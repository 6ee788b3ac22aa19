// SPDX-License-Identifier: MIT
// A socket that listens: TCP, or a Unix socket with its name in the file system.
#pragma once

#include <sys/stat.h>

#include "base/error.h"
#include "net/endpoint.h"

namespace sluice::net {

// Owns the descriptor and the name: a Unix socket's name is removed with it, unless another process
// has taken the name over.
class ListeningSocket {
 public:
  // Non-blocking, bound and listening; the error names the address and the reason. `mode` is for a
  // Unix socket's name: processes that may write to it may connect. A name that a dead process left
  // is replaced; a name on which a process listens, or that is no socket, is an error.
  static Result<ListeningSocket> open(const Endpoint& endpoint, mode_t mode);

  // One that listens already and came with this process. Its name in the file system, where it has
  // one, stays its maker's. The descriptor is this object's only where that succeeds.
  static Result<ListeningSocket> adopt(int descriptor);

  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket() { close(); }

  int descriptor() const noexcept { return descriptor_; }
  // AF_INET, AF_INET6 or AF_UNIX.
  int family() const noexcept { return family_; }
  // With the port that the kernel chose where it was 0.
  const Endpoint& endpoint() const noexcept { return endpoint_; }
  // The descriptor is the caller's from now on; the name stays this object's.
  int release_descriptor() noexcept;
  // May be repeated.
  void close() noexcept;

 private:
  explicit ListeningSocket(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

  Result<> open_tcp();
  Result<> open_unix(mode_t mode);
  Result<> open_descriptor(int family);
  Result<> listen();

  int descriptor_ = -1;
  int family_ = 0;
  Endpoint endpoint_;
  // Which file the name was when it was ours.
  bool has_name_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace sluice::net
