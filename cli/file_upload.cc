// SPDX-License-Identifier: MIT
#include "cli/file_upload.h"

#include <fmt/format.h>

#include <chrono>
#include <span>
#include <utility>

#include "base/clock.h"
#include "base/limits.h"
#include "cli/parts_upload.h"
#include "cli/url.h"

namespace sluice::cli {
namespace {

constexpr const char* changed = "the file changed while it was being uploaded";
// A file that is no larger has one part where the server chooses the size, as Sluice does.
constexpr std::uint64_t part_bytes_min = 5 * limits::MiB;

}  // namespace

FileUpload::FileUpload(SourceFile file, const std::string& relative_path,
                       const FileUploadOptions& options, HttpTransfer& transfer,
                       const StopSignal& stop, FileReport& report)
    : file_(std::move(file)),
      relative_path_(relative_path),
      options_(options),
      transfer_(transfer),
      stop_(stop),
      report_(report) {}

int FileUpload::run() {
  if (!options_.state_directory.empty()) {
    auto state = UploadStateFile::open(options_.state_directory, options_.session_url,
                                       file_.absolute_path());
    if (state) {
      state_.emplace(*std::move(state));
    } else if (state.error().code == UploadStateFile::OpenError::in_use) {
      return end_locally(state.error().message);
    } else {
      report_.note("this upload cannot be continued later: " + state.error().message);
    }
  }
  UploadClient client(options_.retry, file_.identity().size, random_source());
  Step first = begin(client);
  return follow(client, std::move(first));
}

Step FileUpload::begin(UploadClient& client) {
  const std::optional<SavedUpload> saved = state_ ? state_->load() : std::nullopt;
  if (!saved) {
    return client.start();
  }
  // The bytes are read into the file's digest, which goes on with the pieces.
  const auto read = file_.read_to(saved->sent.size, [this] { return stop_.received() == 0; });
  const bool begins_with = read && (*read == saved->sent || stop_.received() != 0);
  if (saved->file != file_.identity() || !begins_with) {
    state_->remove();
    report_.note(
        "the file changed since its interrupted upload; starting again from the first byte");
    return client.start();
  }
  saved_location_ = saved->location;
  sent_ = saved->sent;
  parts_ = saved->parts;
  resumed_ = true;
  return client.resume(saved->location, saved->parts);
}

std::string FileUpload::session_form() const {
  const std::uint64_t size = file_.identity().size;
  std::string form =
      fmt::format("file_size={}&", size) + description(file_.base_name(), relative_path_, options_);
  if (options_.connections > 1 && size > part_bytes_min) {
    form += "&multi_chunk=true";
  }
  return form;
}

Body FileUpload::body(ByteRange range) const {
  return {
      [this](std::span<char> into, std::uint64_t offset) { return file_.read_at(into, offset); },
      range};
}

// A file that cannot be read is none that could be sent either.
bool FileUpload::begins_with(const Prefix& sent) const {
  return file_.begins_with(sent, [this] { return stop_.received() == 0; }).value_or(false);
}

bool FileUpload::has_changed() {
  const SourceFile::Change change = file_.look_again();
  return change == SourceFile::Change::surely ||
         (change == SourceFile::Change::perhaps && !begins_with(sent_));
}

void FileUpload::tell(const Step& step, int failures) {
  if (!step.note.empty()) {
    report_.note(step.note);
    resumed_ = false;
  }
  if (!step.retry_note.empty()) {
    report_.retry(step.retry_note, step.wait, failures, options_.retry.retries_max);
  }
}

int FileUpload::follow(UploadClient& client, Step step) {
  for (;;) {
    tell(step, client.failures_in_row());
    if (const auto* finished = std::get_if<Finished>(&step.action)) {
      return end(*finished);
    }
    if (const auto* failed = std::get_if<Failed>(&step.action)) {
      return end(*failed);
    }
    if (std::holds_alternative<SendParts>(step.action)) {
      if (const std::optional<int> code = send_parts(client, step)) {
        return *code;
      }
      continue;
    }
    if (!stop_.wait(step.wait)) {
      return end_stopped(client.location(), client.stored());
    }
    if (has_changed()) {
      return end_locally(changed);
    }
    TransferResult result = perform(client, step.action);
    if (std::holds_alternative<Stopped>(result)) {
      return end_stopped(client.location(), client.stored());
    }
    if (const auto* broken = std::get_if<SourceFailed>(&result)) {
      return end_locally(broken->message);
    }
    step = client.next(reply_of(std::move(result)), std::chrono::steady_clock::now());
    const auto* parts = std::get_if<SendParts>(&step.action);
    parts_ = parts == nullptr ? std::nullopt : std::optional(parts->layout);
    if (const std::optional<std::string> objection = use_location(client)) {
      return end({ExitCode::refused, *objection});
    }
    if (const auto* piece = std::get_if<SendPiece>(&step.action)) {
      if (const auto unreadable = remember(client.location(), piece->range)) {
        return end_locally(*unreadable);
      }
      if (!std::exchange(session_reported_, true)) {
        report_.session(shown_origin(client.location()), resumed_, client.stored());
      }
      report_.progress(client.stored());
    }
  }
}

// An exit code, or `step` is what follows.
std::optional<int> FileUpload::send_parts(UploadClient& client, Step& step) {
  const auto& parts = std::get<SendParts>(step.action);
  PartsPlan plan{.location = client.location(),
                 .layout = parts.layout,
                 .retry = options_.retry,
                 .transfer = options_.transfer,
                 .connections = options_.connections,
                 .with_digests = parts.with_digests,
                 .resumed = resumed_};
  const auto before_part = [&](ByteRange range) -> std::optional<std::string> {
    return has_changed() ? std::optional<std::string>(changed) : remember(client.location(), range);
  };
  PartsUpload upload(std::move(plan), body({}).read_at, before_part, stop_, report_);
  PartsUpload::End over = upload.run();
  if (const auto* finished = std::get_if<Finished>(&over)) {
    return end(*finished);
  }
  if (const auto* failed = std::get_if<Failed>(&over)) {
    return end(*failed);
  }
  if (const auto* broken = std::get_if<SourceFailed>(&over)) {
    return end_locally(broken->message);
  }
  if (std::holds_alternative<Stopped>(over)) {
    return end_stopped(client.location(), upload.stored());
  }
  if (!resumed_) {
    return end({ExitCode::refused, "the server no longer knows the upload", true});
  }
  step = client.start_again();
  saved_location_.clear();
  return std::nullopt;
}

TransferResult FileUpload::perform(const UploadClient& client, const Action& action) {
  if (std::holds_alternative<CreateSession>(action)) {
    return transfer_.post(options_.session_url, session_form(), credential_fields(options_));
  }
  const auto* piece = std::get_if<SendPiece>(&action);
  const ByteRange range = piece == nullptr ? ByteRange{} : piece->range;
  const HttpTransfer::Progress progress = [&](std::uint64_t sent) {
    if (!range.empty()) {
      report_.progress(range.begin + sent);
    }
  };
  return transfer_.put(client.location(),
                       {.field = "Content-Range: " + content_range(range, file_.identity().size),
                        .body = body(range),
                        .ask_first = piece != nullptr && piece->ask_first,
                        .with_digest = piece != nullptr && piece->with_digest},
                       progress);
}

// Remembers where the next request goes, before it goes there. The objection is a sentence.
std::optional<std::string> FileUpload::use_location(const UploadClient& client) {
  const std::string& location = client.location();
  if (location == saved_location_ || location.empty()) {
    saved_location_ = location;
    return std::nullopt;
  }
  const std::string& from = saved_location_.empty() ? options_.session_url : saved_location_;
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
// part of the same upload. Also reads them into the file's digest.
std::optional<std::string> FileUpload::remember(const std::string& location, ByteRange piece) {
  if (piece.end <= sent_.size) {
    return std::nullopt;
  }
  auto extended = file_.read_to(piece.end, [] { return true; });
  if (!extended) {
    return extended.error();
  }
  sent_ = *std::move(extended);
  save(location);
  return std::nullopt;
}

void FileUpload::save(const std::string& location) {
  if (!state_) {
    return;
  }
  const SavedUpload upload{.location = location,
                           .file = file_.identity(),
                           .sent = sent_,
                           .created = SystemClock().now(),
                           .parts = parts_};
  if (const Result<> saved = state_->save(upload); !saved) {
    // The saved state knows of fewer bytes than are going to be sent.
    state_->remove();
    report_.note("this upload cannot be continued later: " + saved.error().message());
  }
}

int FileUpload::end(const Finished& finished) {
  const auto is_same = has_same_digest(finished.body, [this] {
    const auto read = file_.read_to(file_.identity().size, [] { return true; });
    return read ? read->digest : std::string();
  });
  if (!is_same) {
    return end(is_same.error());
  }
  if (state_) {
    state_->remove();
  }
  report_.finished(finished.body, *is_same ? file_.identity().size : finished.compared);
  return exit_status(ExitCode::ok);
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

int FileUpload::end_stopped(const std::string& location, std::uint64_t stored) {
  const int code = 128 + stop_.received();
  const bool resumable = state_ && !location.empty();
  report_.stopped(code, resumable
                            ? fmt::format("stopped; the server has {} of {}, the same command "
                                          "continues there",
                                          format_bytes(stored), format_bytes(file_.identity().size))
                            : "stopped");
  return code;
}

int FileUpload::end_locally(const std::string& message) {
  report_.failed(ExitCode::local_error, message);
  return exit_status(ExitCode::local_error);
}

}  // namespace sluice::cli
