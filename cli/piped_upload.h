// SPDX-License-Identifier: MIT
// Standard input on its way: bytes that can be read once, and whose number is not known before
// their end. The decisions are UploadClient's; this carries them out.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "base/limits.h"
#include "cli/file_session.h"
#include "cli/http_transfer.h"
#include "cli/piped_input.h"
#include "cli/report.h"
#include "cli/stop_signal.h"
#include "cli/upload_client.h"

namespace sluice::cli {

// Of the bytes of one piece; the input keeps twice as many.
inline constexpr std::uint64_t piped_piece_bytes_max = 64 * limits::MiB;

// As the server is told when nothing else is.
inline constexpr const char* name_of_input = "stdin";

// Lives on one thread. All that it refers to outlives it.
class PipedUpload {
 public:
  PipedUpload(PipedInput& input, const FileUploadOptions& options, HttpTransfer& transfer,
              const StopSignal& stop, FileReport& report);

  // An exit code of the process: an ExitCode, or 128 + the signal that stopped it.
  int run();

 private:
  int follow(UploadClient& client);
  std::optional<int> fill(UploadClient& client, SendPiece& piece);
  std::expected<std::optional<PipedInput::Available>, std::string> wait(ByteRange piece,
                                                                        std::uint64_t stored);
  TransferResult open();
  TransferResult perform(const UploadClient& client, const Action& action);
  std::optional<int> end_of(const TransferResult& result);
  int end(const Finished& finished);
  int end(const Failed& failed);
  int end_stopped();

  PipedInput& input_;
  const FileUploadOptions& options_;
  const RetryPolicy retry_;
  HttpTransfer& transfer_;
  const StopSignal& stop_;
  FileReport& report_;
  std::optional<std::uint64_t> size_;  // When the end has been seen.
  bool session_reported_ = false;
};

}  // namespace sluice::cli
