// SPDX-License-Identifier: MIT
#include "simulation/sqlite_files.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>

namespace sluice::simulation {
namespace {

constexpr int directory_sync_flags = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;

struct OpenFile {
  FaultyDisk& disk;
  std::string path;
  std::unique_ptr<runtime::DiskFile> file;
  bool directory_needs_sync;
};

// SQLite allocates the handle, and knows its first member.
struct Handle {
  sqlite3_file base;
  OpenFile* open;
};

OpenFile& of(sqlite3_file* file) {
  return *reinterpret_cast<Handle*>(file)->open;
}

int close(sqlite3_file* file) {
  const std::unique_ptr<OpenFile> ends(&of(file));
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* buffer, int size, sqlite3_int64 offset) {
  const MutableBytes wanted(static_cast<std::byte*>(buffer), static_cast<std::size_t>(size));
  const auto count = of(file).file->read_at(static_cast<std::uint64_t>(offset), wanted);
  if (!count) {
    return SQLITE_IOERR_READ;
  }
  if (*count == wanted.size()) {
    return SQLITE_OK;
  }
  std::ranges::fill(wanted.subspan(*count), std::byte{0});
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const Bytes bytes(static_cast<const std::byte*>(data), static_cast<std::size_t>(size));
  const Result<> wrote = of(file).file->write_at(static_cast<std::uint64_t>(offset), bytes);
  if (wrote) {
    return SQLITE_OK;
  }
  return wrote.error().code() == Errc::disk_full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  OpenFile& opened = of(file);
  const Result<> cut = opened.disk.truncate(opened.path, static_cast<std::uint64_t>(size));
  return cut ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

// SQLite ignores a failed sync of a directory.
int sync(sqlite3_file* file, int /*how*/) {
  OpenFile& opened = of(file);
  if (!opened.file->sync()) {
    return SQLITE_IOERR_FSYNC;
  }
  if (std::exchange(opened.directory_needs_sync, false)) {
    (void)opened.disk.sync_directory(parent_of(opened.path));
  }
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  const Result<std::uint64_t> known = of(file).file->size();
  *size = known ? static_cast<sqlite3_int64>(*known) : 0;
  return known ? SQLITE_OK : SQLITE_IOERR_FSTAT;
}

sqlite3_io_methods file_methods() {
  sqlite3_io_methods methods{};
  methods.iVersion = 1;
  methods.xClose = close;
  methods.xRead = read;
  methods.xWrite = write;
  methods.xTruncate = truncate;
  methods.xSync = sync;
  methods.xFileSize = file_size;
  methods.xLock = [](sqlite3_file*, int) { return SQLITE_OK; };
  methods.xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; };
  methods.xCheckReservedLock = [](sqlite3_file*, int* reserved) {
    *reserved = 0;
    return SQLITE_OK;
  };
  methods.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
  methods.xSectorSize = [](sqlite3_file*) { return 4096; };
  methods.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; };
  return methods;
}

FaultyDisk& disk_of(sqlite3_vfs* files) {
  return static_cast<SqliteFiles*>(files->pAppData)->disk();
}

int open(sqlite3_vfs* files, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
  static const sqlite3_io_methods methods = file_methods();
  file->pMethods = nullptr;
  FaultyDisk& disk = disk_of(files);
  const bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
  auto opened =
      disk.open(name, creates ? runtime::OpenMode::create : runtime::OpenMode::read_write);
  if (!opened) {
    return SQLITE_CANTOPEN;
  }
  const bool needs_sync = creates && (flags & directory_sync_flags) != 0;
  auto state = std::make_unique<OpenFile>(OpenFile{disk, name, std::move(*opened), needs_sync});
  reinterpret_cast<Handle*>(file)->open = state.release();
  file->pMethods = &methods;
  if (flags_out != nullptr) {
    *flags_out = flags;
  }
  return SQLITE_OK;
}

int remove(sqlite3_vfs* files, const char* name, int sync_directory) {
  FaultyDisk& disk = disk_of(files);
  if (!disk.remove(name)) {
    return SQLITE_IOERR_DELETE;
  }
  if (sync_directory != 0 && !disk.sync_directory(parent_of(name))) {
    return SQLITE_IOERR_DIR_FSYNC;
  }
  return SQLITE_OK;
}

// As on Unix, an empty file counts as none when it is asked for by SQLITE_ACCESS_EXISTS.
int access(sqlite3_vfs* files, const char* name, int /*what*/, int* there) {
  const auto bytes = disk_of(files).visible_bytes(name);
  *there = bytes && !bytes->empty() ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs* /*files*/, const char* name, int size, char* full) {
  if (std::strlen(name) >= static_cast<std::size_t>(size)) {
    return SQLITE_CANTOPEN;
  }
  std::strcpy(full, name);
  return SQLITE_OK;
}

}  // namespace

SqliteFiles::SqliteFiles(FaultyDisk& disk)
    : disk_(disk), system_(sqlite3_vfs_find(nullptr)), files_(*system_) {
  files_.iVersion = 2;
  files_.szOsFile = sizeof(Handle);
  files_.pNext = nullptr;
  files_.zName = "simulated";
  files_.pAppData = this;
  files_.xOpen = open;
  files_.xDelete = remove;
  files_.xAccess = access;
  files_.xFullPathname = full_path;
  sqlite3_vfs_register(&files_, 1);
}

SqliteFiles::~SqliteFiles() {
  sqlite3_vfs_unregister(&files_);
  sqlite3_vfs_register(system_, 1);
}

}  // namespace sluice::simulation
