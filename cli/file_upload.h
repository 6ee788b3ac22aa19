// SPDX-License-Identifier: MIT
// One file on its way. The decisions are UploadClient's; this carries them out.
#pragma once

#include <optional>
#include <string>

#include "cli/file_session.h"
#include "cli/http_transfer.h"
#include "cli/report.h"
#include "cli/source_file.h"
#include "cli/stop_signal.h"
#include "cli/upload_client.h"
#include "cli/upload_state_file.h"

namespace sluice::cli {

// Lives on one thread; the parts of a session of many have more. All that it refers to outlives it.
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
  std::optional<int> send_parts(UploadClient& client, Step& step);
  void tell(const Step& step, int failures);
  TransferResult perform(const UploadClient& client, const Action& action);
  std::string session_form() const;
  Body body(ByteRange range) const;
  bool begins_with(const Prefix& sent) const;
  bool has_changed();
  std::optional<std::string> use_location(const UploadClient& client);
  std::optional<std::string> remember(const std::string& location, ByteRange piece);
  void save(const std::string& location);
  int end(const Finished& finished);
  int end(const Failed& failed);
  int end_stopped(const std::string& location, std::uint64_t stored);
  int end_locally(const std::string& message);

  SourceFile file_;
  const std::string relative_path_;
  const FileUploadOptions& options_;
  HttpTransfer& transfer_;
  const StopSignal& stop_;
  FileReport& report_;

  std::optional<UploadStateFile> state_;
  std::string saved_location_;
  Prefix sent_;                      // Of the session at saved_location_.
  std::optional<PartLayout> parts_;  // Of that session.
  bool resumed_ = false;
  bool session_reported_ = false;
};

}  // namespace sluice::cli
