// SPDX-License-Identifier: MIT
// One file on its way. The decisions are UploadClient's; this carries them out.
#pragma once

#include <optional>
#include <string>

#include "cli/http_transfer.h"
#include "cli/report.h"
#include "cli/source_file.h"
#include "cli/stop_signal.h"
#include "cli/upload_client.h"
#include "cli/upload_state_file.h"

namespace sluice::cli {

// The same for all files of a command.
struct FileUploadOptions {
  std::string session_url;
  RetryPolicy retry;
  std::string credential;       // A field of the request that opens the session; may be empty.
  std::string form;             // More of that request's parameters, urlencoded: "&a=1&b=2".
  std::string content_type;     // Empty: guessed from the name.
  std::string state_directory;  // Empty: the upload cannot be continued later.
};

// Lives on one thread. All that it refers to outlives it.
class FileUpload {
 public:
  // `relative_path`: of a file that was found in a folder, from that folder on; else empty.
  FileUpload(SourceFile file, const std::string& relative_path, const FileUploadOptions& options,
             HttpTransfer& transfer, const StopSignal& stop, FileReport& report);

  // An exit code of the process: an ExitCode, or 128 + the signal that stopped it.
  int run();

 private:
  Step begin(UploadClient& client);
  int follow(UploadClient& client, Step step);
  TransferResult perform(const UploadClient& client, const Action& action);
  std::string session_form() const;
  bool begins_with(const Prefix& sent) const;
  bool has_changed();
  std::optional<std::string> use_location(const UploadClient& client);
  std::optional<std::string> remember_piece(const UploadClient& client, const SendPiece& piece);
  void save(const std::string& location);
  int end(const Finished& finished);
  int end(const Failed& failed);
  int end_stopped(const UploadClient& client);
  int end_locally(const std::string& message);

  SourceFile file_;
  const std::string relative_path_;
  const FileUploadOptions& options_;
  HttpTransfer& transfer_;
  const StopSignal& stop_;
  FileReport& report_;

  std::optional<UploadStateFile> state_;
  std::string saved_location_;
  Prefix sent_;  // Of the session at saved_location_.
  bool resumed_ = false;
  bool session_reported_ = false;
};

}  // namespace sluice::cli
