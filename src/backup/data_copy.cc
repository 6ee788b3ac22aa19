// SPDX-License-Identifier: MIT
#include "backup/data_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/limits.h"
#include "fsck/directory.h"
#include "runtime/posix_disk.h"
#include "store/data_directory.h"

namespace sluice::backup {
namespace {

using runtime::DiskFile;
using runtime::OpenMode;

// Of the bytes from `at` on, up to `end`: the next ones that are no hole; empty: all are one.
ByteRange next_data(int file, std::uint64_t at, std::uint64_t end) {
  const off_t begin = ::lseek(file, static_cast<off_t>(at), SEEK_DATA);
  if (begin < 0) {
    // A file system that knows no holes says EINVAL.
    return errno == ENXIO ? ByteRange{end, end} : ByteRange{at, end};
  }
  const off_t hole = ::lseek(file, begin, SEEK_HOLE);
  const auto data_end = hole < 0 ? end : static_cast<std::uint64_t>(hole);
  return {std::min(static_cast<std::uint64_t>(begin), end), std::min(data_end, end)};
}

// Up to `size` bytes; 0: the file has ended.
Result<std::size_t> copy_piece(DiskFile& from, DiskFile& to, std::uint64_t at, std::size_t size) {
  Result<std::size_t> count = to.copy_from(from.descriptor(), at, at, size);
  if (!count || *count > 0) {
    return count;
  }
  std::vector<std::byte> buffer(std::min(size, limits::buffer_bytes));
  count = from.read_at(at, buffer);
  if (count) {
    const Result<> written = to.write_at(at, Bytes(buffer).first(*count));
    return written ? count : fail(written.error());
  }
  return count;
}

// The bytes that `from` has at the beginning; holes stay holes. A file that has become shorter
// meanwhile ends where it ends afterwards: a hand-off shortens a blob step by step.
Result<std::uint64_t> copy_bytes(DiskFile& from, DiskFile& to) {
  const Result<std::uint64_t> size = from.size();
  if (!size) {
    return size;
  }
  for (std::uint64_t at = 0; at < *size;) {
    const ByteRange data = next_data(from.descriptor(), at, *size);
    at = data.begin;
    while (at < data.end) {
      const auto wanted = static_cast<std::size_t>(data.end - at);
      const Result<std::size_t> count = copy_piece(from, to, at, wanted);
      if (!count) {
        return fail(count.error());
      }
      at = *count == 0 ? *size : at + *count;
    }
  }
  const Result<std::uint64_t> now = from.size();
  return now ? Result<std::uint64_t>(std::min(*size, *now)) : now;
}

}  // namespace

// In their order: an extra file that is cut off a blob before the copy comes to it is in videos/ by
// then.
Result<> DataCopy::copy_files() {
  for (const char* folder : store::kept_folders) {
    if (Result<> done = copy_folder(folder); !done) {
      return done;
    }
  }
  for (const char* file : store::kept_single_files) {
    if (Result<> done = copy_file(file); !done) {
      return done;
    }
  }
  return {};
}

Result<> DataCopy::make_folder(const std::string& name) const {
  const std::string path = to_ + name;
  if (Result<> made = runtime::PosixDisk().make_directory(path); !made) {
    return made;
  }
  if (owner_ && ::chown(path.c_str(), owner_->user, owner_->group) != 0) {
    return fail(storage_error(errno, "change the owner of", path));
  }
  return {};
}

Result<> DataCopy::copy_folder(const std::string& name) {
  const Result<bool> there = fsck::is_directory(from_ + name);
  if (Result<> made = make_folder(name); !there || !made) {
    return there ? made : fail(there.error());
  }
  if (!*there) {
    return {};
  }
  return fsck::for_each_name(from_ + name, [&](const std::string& inner) -> Result<> {
    const std::string path = name + "/" + inner;
    const Result<bool> is_folder = fsck::is_directory(from_ + path);
    if (!is_folder) {
      return fail(is_folder.error());
    }
    if (*is_folder) {
      return copy_folder(path);
    }
    const auto size = fsck::size_of(from_ + path);
    if (!size) {
      return fail(size.error());
    }
    return *size ? copy_file(path) : Result<>();  // No regular file: gone, or not Sluice's.
  });
}

Result<> DataCopy::copy_file(const std::string& name) {
  runtime::PosixDisk disk;
  const auto from = disk.open(from_ + name, OpenMode::read_only);
  if (!from) {
    return from.error().code() == Errc::file_missing ? Result<>() : fail(from.error());
  }
  const auto to = disk.open(to_ + name, OpenMode::create);
  if (!to) {
    return fail(to.error());
  }
  const Result<std::uint64_t> size = copy_bytes(**from, **to);
  if (!size) {
    return fail(size.error());
  }
  const int file = (*to)->descriptor();
  if (::ftruncate(file, static_cast<off_t>(*size)) != 0) {
    return fail(storage_error(errno, "set the size of", to_ + name));
  }
  if (owner_ && ::fchown(file, owner_->user, owner_->group) != 0) {
    return fail(storage_error(errno, "change the owner of", to_ + name));
  }
  ++copied_.files;
  copied_.bytes += *size;
  return {};
}

Result<> sync_file_system(const std::string& directory) {
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) {
    return fail(storage_error(errno, "open", directory));
  }
  const int status = ::syncfs(file);
  const int error_number = errno;
  ::close(file);
  return status == 0 ? Result<>() : fail(storage_error(error_number, "sync", directory));
}

}  // namespace sluice::backup
