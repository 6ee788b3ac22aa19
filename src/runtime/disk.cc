// SPDX-License-Identifier: MIT
#include "runtime/disk.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/limits.h"

namespace sluice::runtime {

Result<> DiskFile::write_from(Pipe& pipe, std::uint64_t offset, std::size_t size) {
  std::vector<std::byte> memory(std::min(size, limits::buffer_bytes));
  while (size > 0) {
    const ssize_t count = ::read(pipe.read_end(), memory.data(), std::min(size, memory.size()));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return fail(Errc::storage_failed, "a pipe has lost its bytes");
    }
    const Bytes bytes = Bytes(memory).first(static_cast<std::size_t>(count));
    if (Result<> written = write_at(offset, bytes); !written) {
      return written;
    }
    offset += bytes.size();
    size -= bytes.size();
  }
  return {};
}

Result<> Disk::link(const std::string& from, const std::string& /*to*/) {
  return fail(Errc::storage_failed, "link " + from + ": not possible here");
}

}  // namespace sluice::runtime
