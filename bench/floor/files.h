// SPDX-License-Identifier: MIT
// The floor's files, and the few numbers about them that its answers need.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace sluice::bench {

// A file that is only appended to. All calls of append() whose records stand before a sync share
// it. Any thread.
class Log {
 public:
  explicit Log(const std::string& path);
  // Appends a record, and returns when it is durable.
  void append();

 private:
  int descriptor_;
  std::mutex mutex_;
  std::condition_variable synced_too_;
  std::uint64_t written_ = 0;
  std::uint64_t synced_ = 0;
  bool syncing_ = false;
};

// Any thread.
class Files {
 public:
  // With `sync`, a call returns when its change is durable.
  Files(std::string directory, bool sync);

  // Returns the upload's number.
  std::uint64_t create(std::uint64_t size);

  struct Written {
    std::uint64_t stored = 0;
    bool complete = false;
  };
  // An open file for the bytes of a request.
  class Part {
   public:
    Part(Files& files, std::uint64_t upload);
    ~Part();
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    void write(const char* bytes, std::size_t size, std::uint64_t offset);
    // Moves `size` bytes from the pipe, which holds them.
    void move(int pipe, std::size_t size, std::uint64_t offset);
    Written finish();

   private:
    void wrote(std::size_t size, std::uint64_t end);
    void settle();

    Files& files_;
    const std::uint64_t upload_;
    int descriptor_;
    bool is_new_ = false;
    std::uint64_t unsynced_ = 0;
    std::uint64_t not_written_back_ = 0;
    std::uint64_t written_ = 0;
  };

  std::uint64_t stored(std::uint64_t upload);

 private:
  struct Upload {
    std::uint64_t size = 0;
    std::uint64_t stored = 0;  // A sum, as clients of the benchmark send no byte twice.
    bool begun = false;
  };

  std::string path(std::uint64_t upload) const;
  void complete(std::uint64_t upload);
  void sync_directory(const std::string& path) const;

  const std::string directory_;
  const bool sync_;
  Log log_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Upload> uploads_;
  std::uint64_t last_ = 0;
};

}  // namespace sluice::bench
