// SPDX-License-Identifier: MIT
// `sluice upload` behind its options: files, one after the other, to a server of the Panda Upload
// API, over a network that breaks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"
#include "cli/http_transfer.h"
#include "cli/report.h"
#include "cli/upload_client.h"

namespace sluice::cli {

struct UploadOptions {
  std::vector<std::string> files;
  std::string server;  // `--to`
  std::uint64_t piece_bytes = 5 * limits::MiB;
  int retries_max = 20;
  std::chrono::seconds give_up_after{3600};
  TransferTimeouts timeouts;
  std::string ca_file;  // `--cacert`
  bool keep_state = true;
  std::string state_directory;  // Empty: the user's cache.
  ReportStyle style = ReportStyle::automatic;
};

// An exit code of the process: an ExitCode, or 128 + the signal that stopped it. The first failure
// of several files decides.
int upload_main(const UploadOptions& options);

}  // namespace sluice::cli
