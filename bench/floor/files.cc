// SPDX-License-Identifier: MIT
#include "floor/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "program.h"

namespace sluice::bench {
namespace {

// As the server does it: writeback begins early, and a long request is made durable on its way.
constexpr std::uint64_t writeback_bytes = 8 << 20;
constexpr std::uint64_t settle_bytes = 64 << 20;

}  // namespace

Log::Log(const std::string& path)
    : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (descriptor_ < 0) {
    throw_error("open the log");
  }
}

void Log::append() {
  constexpr std::array<char, 200> record{};
  std::unique_lock lock(mutex_);
  if (::write(descriptor_, record.data(), record.size()) < 0) {
    throw_error("write the log");
  }
  const std::uint64_t mine = ++written_;
  while (synced_ < mine) {
    if (syncing_) {
      synced_too_.wait(lock);
      continue;
    }
    syncing_ = true;
    const std::uint64_t reached = written_;
    lock.unlock();
    if (::fdatasync(descriptor_) != 0) {
      throw_error("sync the log");
    }
    lock.lock();
    syncing_ = false;
    synced_ = reached;
    synced_too_.notify_all();
  }
}

Files::Files(std::string directory, bool sync)
    : directory_(std::move(directory)), sync_(sync), log_(directory_ + "/log") {
  for (const char* name : {"/uploads", "/done"}) {
    if (::mkdir((directory_ + name).c_str(), 0700) != 0 && errno != EEXIST) {
      throw_error("make a directory");
    }
  }
}

std::string Files::path(std::uint64_t upload) const {
  return directory_ + "/uploads/" + std::to_string(upload);
}

std::uint64_t Files::create(std::uint64_t size) {
  std::uint64_t upload = 0;
  {
    const std::scoped_lock lock(mutex_);
    upload = ++last_;
    uploads_[upload].size = size;
  }
  if (sync_) {
    log_.append();
  }
  return upload;
}

std::uint64_t Files::stored(std::uint64_t upload) {
  const std::scoped_lock lock(mutex_);
  return uploads_[upload].stored;
}

Files::Part::Part(Files& files, std::uint64_t upload)
    : files_(files),
      upload_(upload),
      descriptor_(
          ::open(files.path(upload).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
  if (descriptor_ < 0) {
    throw_error("open a file");
  }
  std::uint64_t size = 0;
  {
    const std::scoped_lock lock(files_.mutex_);
    Upload& state = files_.uploads_[upload];
    is_new_ = !std::exchange(state.begun, true);
    size = state.size;
  }
  if (is_new_) {
    // A file system may not support it; the floor works without.
    std::ignore = ::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size));
  }
}

Files::Part::~Part() {
  ::close(descriptor_);
}

void Files::Part::write(const char* bytes, std::size_t size, std::uint64_t offset) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t count =
        ::pwrite(descriptor_, bytes + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0) {
      throw_error("write");
    }
    done += static_cast<std::size_t>(count);
  }
  wrote(size, offset + size);
}

void Files::Part::move(int pipe, std::size_t size, std::uint64_t offset) {
  auto at = static_cast<loff_t>(offset);
  for (std::size_t left = size; left > 0;) {
    const ssize_t count = ::splice(pipe, nullptr, descriptor_, &at, left, 0);
    if (count <= 0) {
      throw_error("splice into a file");
    }
    left -= static_cast<std::size_t>(count);
  }
  wrote(size, offset + size);
}

void Files::Part::wrote(std::size_t size, std::uint64_t end) {
  written_ += size;
  unsynced_ += size;
  not_written_back_ += size;
  if (not_written_back_ >= writeback_bytes) {
    const auto begin = static_cast<off_t>(end - not_written_back_);
    ::sync_file_range(descriptor_, begin, static_cast<off_t>(not_written_back_),
                      SYNC_FILE_RANGE_WRITE);
    not_written_back_ = 0;
  }
  if (unsynced_ >= settle_bytes) {
    settle();
  }
}

void Files::Part::settle() {
  unsynced_ = 0;
  if (!files_.sync_) {
    return;
  }
  if (::fdatasync(descriptor_) != 0) {
    throw_error("sync");
  }
  if (std::exchange(is_new_, false)) {
    files_.sync_directory("/uploads");
  }
  files_.log_.append();
}

Files::Written Files::Part::finish() {
  settle();
  Written result;
  {
    const std::scoped_lock lock(files_.mutex_);
    Upload& state = files_.uploads_[upload_];
    state.stored += written_;
    result = {state.stored, state.stored >= state.size};
  }
  if (result.complete) {
    files_.complete(upload_);
  }
  return result;
}

void Files::complete(std::uint64_t upload) {
  if (::rename(path(upload).c_str(), (directory_ + "/done/" + std::to_string(upload)).c_str()) !=
      0) {
    throw_error("rename");
  }
  if (sync_) {
    sync_directory("/done");
    sync_directory("/uploads");
    log_.append();
  }
}

void Files::sync_directory(const std::string& path) const {
  const int descriptor = ::open((directory_ + path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 || ::fsync(descriptor) != 0) {
    throw_error("sync a directory");
  }
  ::close(descriptor);
}

}  // namespace sluice::bench
