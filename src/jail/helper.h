// SPDX-License-Identifier: MIT
// Runs a helper program on one file, and never leaves it running. What the helper may do it limits
// itself (tools/).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"

namespace sluice::jail {

// The file, read-only, in the helper. Of a file without a descriptor it is a socket of messages:
// the helper sends a Question, and gets a message with bytes that begin there, one at least.
inline constexpr int file_descriptor = 3;

struct Question {
  std::uint64_t offset = 0;  // Less than the file's size, which the helper is told otherwise.
  std::uint64_t size = 0;    // At the most; 1 to limits::asked_bytes_max.
};

// Exit statuses. The helper refused to read the file, because the system does not let it be
// confined.
inline constexpr int not_jailed = 4;
// The dynamic linker does not find a library.
inline constexpr int not_loaded = 127;

struct Helper {
  std::string program;
  std::vector<std::string> arguments;
  std::vector<std::string> environment = {};  // "NAME=value". Nothing of the server's own.
  std::uint64_t position = 0;                 // Where it begins to read, in the file.
  Duration time_max{};
  std::size_t output_bytes_max = 0;
  // The helper is ended soon after it was set. Null: it runs as long as it may.
  const std::atomic<bool>* stopping = nullptr;
};

struct Ending {
  enum class How : std::uint8_t {
    exited,          // `number` is its exit status.
    killed,          // By the signal `number`, which the server did not send.
    late,            // It did not end in time.
    wrote_too_much,  // The output is cut off.
    asked_wrongly,   // For what no file has, or faster than it takes the bytes.
  };
  How how = How::exited;
  int number = 0;
  std::string output;  // Of its standard output.
};

// A file without a descriptor.
struct AskedFile {
  std::uint64_t size = 0;
  // As runtime::ReadableFile has it; fewer bytes are no end. An error ends the helper.
  std::function<Result<std::size_t>(std::uint64_t offset, MutableBytes buffer)> read_at;
  // For all reads together. Their time is not the helper's.
  Duration read_time_max{};
};

// `file` stays the caller's: the helper gets a description of its own. Errors
// are the server's (internal), or `draining`. Any thread; blocks.
Result<Ending> run_helper(const Helper& helper, int file);
// The same. Errors are also those of reads; `unavailable`: these took too long.
Result<Ending> run_helper(const Helper& helper, const AskedFile& file);

// A program in the directory of the running one.
std::string beside_this_program(const std::string& name);

}  // namespace sluice::jail
