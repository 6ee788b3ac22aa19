// SPDX-License-Identifier: MIT
// The messages, and their times, for the person, log or script at the other end of the command.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "cli/progress.h"
#include "cli/upload_client.h"

namespace sluice::cli {

enum class ReportStyle {
  automatic,  // Bars on a terminal, else a line every few seconds.
  quiet,      // The answers alone; errors stay visible.
  json,       // Events, one JSON object a line, on standard output.
};

// The part of one file. Used by one thread at a time; its end takes the file's bar away.
class FileReport {
 public:
  virtual ~FileReport() = default;

  // The end of bytes whose number was not known before.
  virtual void size(std::uint64_t bytes) = 0;
  // There is a session; `stored` bytes are already at the server.
  virtual void session(const std::string& server, bool resumed, std::uint64_t stored) = 0;
  // Called as often as the caller likes; the report decides what is shown.
  virtual void progress(std::uint64_t position) = 0;
  virtual void retry(const std::string& reason, Duration wait, int attempt, int attempts_max) = 0;
  virtual void note(const std::string& text) = 0;
  // One of the three is the last word.
  // `compared`: bytes of which client and server have compared the SHA-256.
  virtual void finished(const std::string& answer, std::uint64_t compared) = 0;
  virtual void failed(ExitCode code, const std::string& message) = 0;
  virtual void stopped(int exit_code, const std::string& message) = 0;
};

// The files of one command.
struct Workload {
  std::uint64_t files = 0;
  std::optional<std::uint64_t> bytes = 0;  // Unknown when it is that of one of the files.
};

// Any thread.
class Report {
 public:
  virtual ~Report() = default;

  // `name` is free of control characters. No `size`: it is not known yet. This outlives the part.
  virtual std::unique_ptr<FileReport> file(const std::string& name,
                                           std::optional<std::uint64_t> size) = 0;
  // After the last file. Says nothing where there was one alone, whose end has said it all.
  virtual void summary() = 0;
};

std::unique_ptr<Report> make_report(ReportStyle style, Workload workload);

}  // namespace sluice::cli
