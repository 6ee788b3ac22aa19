// SPDX-License-Identifier: MIT
// `sluice upload` behind its options: files to a server of the Panda Upload API, over a network
// that breaks.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "cli/http_transfer.h"
#include "cli/report.h"
#include "cli/source_list.h"

namespace sluice::cli {

// Connections at the same time.
inline constexpr unsigned parallel_max = 64;

struct UploadOptions {
  Selection files;
  std::string server;  // `--to`
  std::string api_key;
  std::string token;
  std::vector<std::string> headers;  // "Name: value"
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string content_type;  // Empty: by the file's name.
  std::string name;          // Of the only file, as the server is told; empty: its own.
  unsigned parallel = 1;     // Files at once.
  unsigned connections = 1;  // For one file. `parallel` times as many are at most parallel_max.
  std::uint64_t piece_bytes = 5 * limits::MiB;
  std::uint64_t bytes_per_second = 0;  // Of all connections together; 0: as fast as it goes.
  int retries_max = 20;
  std::chrono::seconds give_up_after{3600};
  TransferTimeouts timeouts;
  std::string ca_file;  // `--cacert`
  bool keep_state = true;
  bool dry_run = false;  // Lists the files, sends nothing.
  ReportStyle style = ReportStyle::automatic;
};

// An exit code of the process: an ExitCode, or 128 + the signal that stopped it. The first failure
// in the order of the files decides.
int upload_main(const UploadOptions& options);

}  // namespace sluice::cli
