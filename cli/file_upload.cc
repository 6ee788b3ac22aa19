// SPDX-License-Identifier: MIT
#include "cli/file_upload.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <random>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/encoding.h"
#include "cli/content_type.h"
#include "cli/url.h"

namespace sluice::cli {
namespace {

// Spreads the retries of many clients; no secret depends on it.
UploadClient::Random random_source() {
  return [engine = std::mt19937(std::random_device{}()),
          uniform = std::uniform_real_distribution<double>(0.0, 1.0)]() mutable {
    return uniform(engine);
  };
}

// SHA-256 in hex that a final answer names; empty: none.
std::string digest_in(const std::string& body) {
  boost::system::error_code error;
  const boost::json::value document = boost::json::parse(body, error);
  const boost::json::object* object = error ? nullptr : document.if_object();
  const boost::json::value* digest = object == nullptr ? nullptr : object->if_contains("sha256");
  return digest == nullptr || !digest->is_string() ? "" : to_lower(digest->get_string());
}

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
  resumed_ = true;
  return client.resume(saved->location);
}

std::string FileUpload::session_form() const {
  std::string form = fmt::format("file_size={}&file_name={}", file_.identity().size,
                                 percent_encode(file_.base_name()));
  const std::string_view type = options_.content_type.empty()
                                    ? content_type_of(file_.base_name())
                                    : std::string_view(options_.content_type);
  if (!type.empty()) {
    form += "&content_type=" + percent_encode(type);
  }
  if (!relative_path_.empty()) {
    form += "&relativePath=" + percent_encode(relative_path_);
  }
  return form + options_.form;
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

int FileUpload::follow(UploadClient& client, Step step) {
  for (;;) {
    if (!step.note.empty()) {
      report_.note(step.note);
      resumed_ = false;
    }
    if (!step.retry_note.empty()) {
      report_.retry(step.retry_note, step.wait, client.failures_in_row(),
                    options_.retry.retries_max);
    }
    if (const auto* finished = std::get_if<Finished>(&step.action)) {
      return end(*finished);
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
    return transfer_.post_form(options_.session_url, session_form(), options_.credential);
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
std::optional<std::string> FileUpload::remember_piece(const UploadClient& client,
                                                      const SendPiece& piece) {
  if (piece.range.end <= sent_.size) {
    return std::nullopt;
  }
  auto extended = file_.read_to(piece.range.end, [] { return true; });
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

// An answer without a digest proves nothing, and most have none.
int FileUpload::end(const Finished& finished) {
  if (state_) {
    state_->remove();
  }
  const std::string theirs = digest_in(finished.body);
  const auto ours =
      theirs.empty() ? Prefix() : file_.read_to(file_.identity().size, [] { return true; });
  if (!theirs.empty() && ours && !ours->digest.empty() && ours->digest != theirs) {
    report_.failed(ExitCode::other_bytes,
                   fmt::format("the server has other bytes: their SHA-256 is {}, the file's is {}",
                               theirs, ours->digest));
    return exit_status(ExitCode::other_bytes);
  }
  report_.finished(finished.body);
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

}  // namespace sluice::cli
