// SPDX-License-Identifier: MIT
// For tests: the real disk, with a record of its calls in their order, and failures on demand.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runtime/posix_disk.h"

namespace sluice::testing {

class RecordingDisk : public runtime::Disk {
 public:
  // Paths are recorded without `root`.
  explicit RecordingDisk(std::string root) : root_(std::move(root)) {}

  bool copies = true;  // A file into a file.

  // The calls so far; forgets them.
  std::vector<std::string> take_calls() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(calls_, {});
  }
  // The ranges that were written so far; forgets them.
  std::vector<std::string> take_writes() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(writes_, {});
  }
  // From now on every call that is recorded as `call` fails.
  void fail_on(std::string call, Errc code = Errc::storage_failed) {
    const std::scoped_lock lock(mutex_);
    failing_ = std::move(call);
    code_ = code;
  }

  Result<std::unique_ptr<runtime::DiskFile>> open(const std::string& path,
                                                  runtime::OpenMode mode) override {
    const char* const how = mode == runtime::OpenMode::create ? "create " : "open ";
    if (Result<> go_on = record(how + name(path)); !go_on) {
      return fail(go_on.error());
    }
    auto file = disk_.open(path, mode);
    if (!file) {
      return file;
    }
    return std::make_unique<File>(*this, std::move(*file), name(path));
  }
  Result<> rename(const std::string& from, const std::string& to) override {
    Result<> go_on = record("rename " + name(from) + " " + name(to));
    return go_on ? disk_.rename(from, to) : go_on;
  }
  Result<> remove(const std::string& path) override {
    Result<> go_on = record("remove " + name(path));
    return go_on ? disk_.remove(path) : go_on;
  }
  Result<bool> exists(const std::string& path) override { return disk_.exists(path); }
  Result<> make_directory(const std::string& path) override {
    Result<> go_on = record("mkdir " + name(path));
    return go_on ? disk_.make_directory(path) : go_on;
  }
  Result<> sync_directory(const std::string& path) override {
    Result<> go_on = record("syncdir " + name(path));
    return go_on ? disk_.sync_directory(path) : go_on;
  }
  Result<runtime::DiskSpace> space(const std::string& path) override { return disk_.space(path); }

 private:
  class File final : public runtime::DiskFile {
   public:
    File(RecordingDisk& disk, std::unique_ptr<runtime::DiskFile> file, std::string name)
        : disk_(disk), file_(std::move(file)), name_(std::move(name)) {}

    Result<> write_at(std::uint64_t offset, Bytes data) override {
      Result<> go_on = disk_.record_write({offset, offset + data.size()});
      return go_on ? file_->write_at(offset, data) : go_on;
    }
    Result<> write_from(runtime::Pipe& pipe, std::uint64_t offset, std::size_t size) override {
      Result<> go_on = disk_.record_write({offset, offset + size});
      return go_on ? file_->write_from(pipe, offset, size) : go_on;
    }
    Result<std::size_t> copy_from(int descriptor, std::uint64_t from, std::uint64_t to,
                                  std::size_t size) override {
      if (!disk_.copies) {
        return 0;
      }
      const Result<> go_on = disk_.record_write({to, to + size});
      return go_on ? file_->copy_from(descriptor, from, to, size) : fail(go_on.error());
    }
    Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
      return file_->read_at(offset, buffer);
    }
    Result<> preallocate(std::uint64_t size) override {
      Result<> go_on = disk_.record("preallocate " + name_ + " " + std::to_string(size));
      return go_on ? file_->preallocate(size) : go_on;
    }
    void start_writeback(ByteRange range) override {
      std::ignore = disk_.record("writeback " + std::to_string(range.begin) + "-" +
                                 std::to_string(range.end));
    }
    Result<> sync() override {
      Result<> go_on = disk_.record("sync " + name_);
      return go_on ? file_->sync() : go_on;
    }
    Result<std::uint64_t> size() override { return file_->size(); }
    Result<> shorten(std::uint64_t size) override {
      Result<> go_on = disk_.record("shorten " + name_ + " " + std::to_string(size));
      return go_on ? file_->shorten(size) : go_on;
    }
    int descriptor() const noexcept override { return file_->descriptor(); }

   private:
    RecordingDisk& disk_;
    std::unique_ptr<runtime::DiskFile> file_;
    std::string name_;
  };

  std::string name(const std::string& path) const {
    return path.starts_with(root_ + "/") ? path.substr(root_.size() + 1) : path;
  }

  // Fails by fail_on("write").
  Result<> record_write(ByteRange range) {
    const std::scoped_lock lock(mutex_);
    if (failing_ == "write") {
      return fail(code_, "planted failure");
    }
    writes_.push_back(std::to_string(range.begin) + "-" + std::to_string(range.end));
    return {};
  }

  Result<> record(std::string call) {
    const std::scoped_lock lock(mutex_);
    const bool fails = call == failing_;
    calls_.push_back(std::move(call));
    return fails ? fail(code_, "planted failure") : Result<>();
  }

  const std::string root_;
  runtime::PosixDisk disk_;
  std::mutex mutex_;
  std::vector<std::string> calls_;
  std::vector<std::string> writes_;
  std::string failing_;
  Errc code_ = Errc::storage_failed;
};

}  // namespace sluice::testing
