// SPDX-License-Identifier: MIT
#include "cli/upload.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "base/encoding.h"
#include "cli/source_file.h"
#include "cli/stop_signal.h"
#include "cli/upload_state_file.h"
#include "cli/url.h"

namespace sluice::cli {
namespace {

int exit_status(ExitCode code) {
  return static_cast<int>(code);
}

RetryPolicy retry_policy(const UploadOptions& options) {
  RetryPolicy policy;
  policy.piece_bytes = options.piece_bytes;
  policy.retries_max = options.retries_max;
  policy.handoff_time_max = options.give_up_after;
  return policy;
}

// Spreads the retries of many clients; no secret depends on it.
UploadClient::Random random_source() {
  return [engine = std::mt19937(std::random_device{}()),
          uniform = std::uniform_real_distribution<double>(0.0, 1.0)]() mutable {
    return uniform(engine);
  };
}

// One file on its way. The decisions are UploadClient's; this carries them out.
class FileUpload {
 public:
  FileUpload(SourceFile file, const UploadOptions& options, const std::string& session_url,
             HttpTransfer& transfer, const StopSignal& stop, Report& report)
      : file_(std::move(file)),
        options_(options),
        session_url_(session_url),
        transfer_(transfer),
        stop_(stop),
        report_(report) {}

  int run();

 private:
  Step begin(UploadClient& client);
  int follow(UploadClient& client, Step step);
  TransferResult perform(const UploadClient& client, const Action& action);
  bool begins_with(const Prefix& sent) const;
  bool has_changed();
  std::optional<std::string> use_location(const UploadClient& client);
  std::optional<std::string> remember_piece(const UploadClient& client, const SendPiece& piece);
  void save(const std::string& location);
  int end(const Failed& failed);
  int end_stopped(const UploadClient& client);
  int end_locally(const std::string& message);

  SourceFile file_;
  const UploadOptions& options_;
  const std::string& session_url_;
  HttpTransfer& transfer_;
  const StopSignal& stop_;
  Report& report_;

  std::optional<UploadStateFile> state_;
  std::string saved_location_;
  Prefix sent_;  // Of the session at saved_location_.
  bool resumed_ = false;
  bool session_reported_ = false;
};

int FileUpload::run() {
  report_.file_started(printable(file_.base_name()), file_.identity().size);
  if (options_.keep_state) {
    const std::string directory =
        options_.state_directory.empty() ? upload_state_directory() : options_.state_directory;
    auto state = UploadStateFile::open(directory, session_url_, file_.absolute_path());
    if (state) {
      state_.emplace(*std::move(state));
    } else if (state.error().code == UploadStateFile::OpenError::in_use) {
      return end_locally(state.error().message);
    } else {
      report_.note("this upload cannot be continued later: " + state.error().message);
    }
  }
  UploadClient client(retry_policy(options_), file_.identity().size, random_source());
  Step first = begin(client);
  return follow(client, std::move(first));
}

Step FileUpload::begin(UploadClient& client) {
  const std::optional<SavedUpload> saved = state_ ? state_->load() : std::nullopt;
  if (!saved) {
    return client.start();
  }
  if (saved->file != file_.identity() || !begins_with(saved->sent)) {
    state_->remove();
    report_.note(
        "the file changed since its interrupted upload; starting again from the first byte");
    return client.start();
  }
  saved_location_ = saved->location;
  sent_ = saved->sent;
  resumed_ = true;
  return client.resume(saved->location);
}

// A file that cannot be read is none that could be sent either.
bool FileUpload::begins_with(const Prefix& sent) const {
  return file_.begins_with(sent, [this] { return stop_.received() == 0; }).value_or(false);
}

// Without a state nothing of what was sent is remembered.
bool FileUpload::has_changed() {
  const SourceFile::Change change = file_.look_again();
  return change == SourceFile::Change::surely ||
         (change == SourceFile::Change::perhaps && !(state_ && begins_with(sent_)));
}

int FileUpload::follow(UploadClient& client, Step step) {
  for (;;) {
    if (!step.note.empty()) {
      report_.note(step.note);
      resumed_ = false;
    }
    if (!step.retry_note.empty()) {
      report_.retry(step.retry_note, step.wait, client.failures_in_row(), options_.retries_max);
    }
    if (const auto* finished = std::get_if<Finished>(&step.action)) {
      if (state_) {
        state_->remove();
      }
      report_.finished(finished->body);
      return exit_status(ExitCode::ok);
    }
    if (const auto* failed = std::get_if<Failed>(&step.action)) {
      return end(*failed);
    }
    if (!stop_.wait(step.wait)) {
      return end_stopped(client);
    }
    if (has_changed()) {
      return end_locally("the file changed while it was being uploaded");
    }
    TransferResult result = perform(client, step.action);
    if (std::holds_alternative<Stopped>(result)) {
      return end_stopped(client);
    }
    if (const auto* broken = std::get_if<SourceFailed>(&result)) {
      return end_locally(broken->message);
    }
    const Reply reply = std::holds_alternative<Answer>(result)
                            ? Reply(std::get<Answer>(std::move(result)))
                            : Reply(std::get<NoAnswer>(std::move(result)));
    step = client.next(reply, std::chrono::steady_clock::now());
    if (const std::optional<std::string> objection = use_location(client)) {
      return end({ExitCode::refused, *objection});
    }
    if (const auto* piece = std::get_if<SendPiece>(&step.action)) {
      if (const std::optional<std::string> unreadable = remember_piece(client, *piece)) {
        return end_locally(*unreadable);
      }
      if (!std::exchange(session_reported_, true)) {
        report_.session(shown_origin(client.location()), resumed_, client.stored());
      }
      report_.progress(client.stored());
    }
  }
}

TransferResult FileUpload::perform(const UploadClient& client, const Action& action) {
  if (std::holds_alternative<CreateSession>(action)) {
    return transfer_.post_form(session_url_,
                               fmt::format("file_size={}&file_name={}", file_.identity().size,
                                           percent_encode(file_.base_name())));
  }
  const auto* piece = std::get_if<SendPiece>(&action);
  const ByteRange range = piece == nullptr ? ByteRange{} : piece->range;
  const HttpTransfer::Progress progress = [&](std::uint64_t sent) {
    if (!range.empty()) {
      report_.progress(range.begin + sent);
    }
  };
  return transfer_.put(client.location(), content_range(range, file_.identity().size),
                       {file_.descriptor(), range}, piece != nullptr && piece->ask_first, progress);
}

// Remembers where the next request goes, before it goes there. The objection is a sentence.
std::optional<std::string> FileUpload::use_location(const UploadClient& client) {
  const std::string& location = client.location();
  if (location == saved_location_ || location.empty()) {
    saved_location_ = location;
    return std::nullopt;
  }
  const std::string& from = saved_location_.empty() ? session_url_ : saved_location_;
  if (loses_encryption(from, location)) {
    return fmt::format("the server leads from https to {}, where everyone could read the upload",
                       shown_origin(location));
  }
  if (saved_location_.empty()) {
    sent_ = {};
  }
  saved_location_ = location;
  save(location);
  return std::nullopt;
}

// Remembers the bytes of a piece before they are sent: bytes that a later run finds changed are no
// part of the same upload.
std::optional<std::string> FileUpload::remember_piece(const UploadClient& client,
                                                      const SendPiece& piece) {
  if (!state_ || piece.range.end <= sent_.size) {
    return std::nullopt;
  }
  auto extended = file_.extend(sent_, piece.range.end);
  if (!extended) {
    return extended.error();
  }
  sent_ = *std::move(extended);
  save(client.location());
  return std::nullopt;
}

void FileUpload::save(const std::string& location) {
  if (!state_) {
    return;
  }
  const SavedUpload upload{.location = location,
                           .file = file_.identity(),
                           .sent = sent_,
                           .created = SystemClock().now()};
  if (const Result<> saved = state_->save(upload); !saved) {
    // The saved state knows of fewer bytes than are going to be sent.
    state_->remove();
    report_.note("this upload cannot be continued later: " + saved.error().message());
  }
}

int FileUpload::end(const Failed& failed) {
  std::string message = failed.message;
  if (state_ && failed.session_dead) {
    state_->remove();
  } else if (state_ && !saved_location_.empty()) {
    message += "; the same command continues where the server is";
  }
  report_.failed(failed.exit_code, message);
  return exit_status(failed.exit_code);
}

int FileUpload::end_stopped(const UploadClient& client) {
  const int code = 128 + stop_.received();
  const bool resumable = state_ && !client.location().empty();
  report_.stopped(
      code, resumable
                ? fmt::format("stopped; the server has {} of {}, the same command "
                              "continues there",
                              format_bytes(client.stored()), format_bytes(file_.identity().size))
                : "stopped");
  return code;
}

int FileUpload::end_locally(const std::string& message) {
  report_.failed(ExitCode::local_error, message);
  return exit_status(ExitCode::local_error);
}

}  // namespace

int upload_main(const UploadOptions& options) {
  const std::unique_ptr<Report> report = make_report(options.style);
  const std::optional<std::string> url = session_url(options.server);
  if (!url || options.piece_bytes == 0 || options.files.empty()) {
    report->file_started("upload", 0);
    report->failed(ExitCode::usage,
                   !url ? "--to is no http or https URL: " + printable(options.server)
                        : "a file and a piece size are needed");
    return exit_status(ExitCode::usage);
  }
  const StopSignal stop;
  HttpTransfer transfer(options.timeouts, options.ca_file,
                        [&stop] { return stop.received() != 0; });
  int first_failure = exit_status(ExitCode::ok);
  for (const std::string& path : options.files) {
    int code = exit_status(ExitCode::local_error);
    if (std::expected<SourceFile, std::string> file = SourceFile::open(path)) {
      code = FileUpload(*std::move(file), options, *url, transfer, stop, *report).run();
    } else {
      report->file_started(printable(path), 0);
      report->failed(ExitCode::local_error, file.error());
    }
    if (first_failure == exit_status(ExitCode::ok)) {
      first_failure = code;
    }
    // Without a server, and after a signal, the other files have no better chance.
    if (code == exit_status(ExitCode::gave_up) || stop.received() != 0) {
      break;
    }
  }
  if (first_failure == exit_status(ExitCode::ok) && std::ferror(stdout) != 0) {
    report->note("the answer could not be written to standard output");
    return exit_status(ExitCode::local_error);
  }
  return first_failure;
}

}  // namespace sluice::cli
