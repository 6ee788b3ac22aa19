// SPDX-License-Identifier: MIT
// The operating system's files, as an interface that a test can own. Every call blocks: use it on a
// BlockingPool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "runtime/pipe.h"
#include "runtime/readable_file.h"

namespace sluice::runtime {

// An open file. Calls for different ranges may run side by side.
class DiskFile : public ReadableFile {
 public:
  // Writes all of `data`.
  virtual Result<> write_at(std::uint64_t offset, Bytes data) = 0;
  // Writes `size` bytes of the pipe, which holds as many. After an error the pipe may hold bytes.
  // Unless the file knows better, they are copied.
  virtual Result<> write_from(Pipe& pipe, std::uint64_t offset, std::size_t size);
  // Copies up to `size` bytes of another file, which begin at `from`, to `to`. A file system that
  // can shares the blocks instead. 0: the bytes have to be read and written.
  virtual Result<std::size_t> copy_from(int /*descriptor*/, std::uint64_t /*from*/,
                                        std::uint64_t /*to*/, std::size_t /*size*/) {
    return 0;
  }
  // Reserves blocks for `size` bytes without changing the file's size. A file system that cannot is
  // no error.
  virtual Result<> preallocate(std::uint64_t size) = 0;
  // Asks for `range` to be written out soon; promises nothing.
  virtual void start_writeback(ByteRange range) = 0;
  // Returns when the bytes, and the size that makes them readable, survive a power cut.
  virtual Result<> sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
  // Cuts off everything from `size` on, room that was set aside behind the end too; a file that is
  // shorter stays as it is.
  virtual Result<> shorten(std::uint64_t size) = 0;
  // Gives the room of these bytes back, which are zeros from then on. A file system that cannot is
  // no error.
  virtual Result<> release(ByteRange /*range*/) { return {}; }
};

enum class OpenMode {
  read_only,
  read_write,
  create,
  unnamed,  // A new file without a name in the directory of this path; it goes when it is closed.
};

struct DiskSpace {
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;
  // Files that can still be made; a file system that sets no bound has no number.
  std::optional<std::uint64_t> free_files = std::nullopt;
};

// Any thread. `file_missing` where the path does not exist.
class Disk {
 public:
  virtual ~Disk() = default;

  virtual Result<std::unique_ptr<DiskFile>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;
  // A second name for the same file, on the same file system. Succeeds when `to` is that already,
  // and is storage_failed when it is another file, or when the disk knows no second names.
  virtual Result<> link(const std::string& from, const std::string& to);
  // A file that is not there is as good as removed.
  virtual Result<> remove(const std::string& path) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  // Creates the directory, mode 0700, unless it exists; not its parents.
  virtual Result<> make_directory(const std::string& path) = 0;
  // Makes the names in the directory survive a power cut: needed after create, rename and remove.
  virtual Result<> sync_directory(const std::string& path) = 0;
  virtual Result<DiskSpace> space(const std::string& path) = 0;
};

}  // namespace sluice::runtime
