// SPDX-License-Identifier: MIT
#include "cli/piped_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "cli/url.h"

namespace sluice::cli {
namespace {

// Bytes of a slow writer do not wait for longer to become a whole piece: they are safe at the
// server, and the upload does not become too old there.
constexpr std::chrono::seconds patience{5};

RetryPolicy with_bounded_pieces(RetryPolicy policy) {
  policy.piece_bytes = std::min(policy.piece_bytes, piped_piece_bytes_max);
  return policy;
}

}  // namespace

PipedUpload::PipedUpload(PipedInput& input, const FileUploadOptions& options,
                         HttpTransfer& transfer, const StopSignal& stop, FileReport& report)
    : input_(input),
      options_(options),
      retry_(with_bounded_pieces(options.retry)),
      transfer_(transfer),
      stop_(stop),
      report_(report) {}

int PipedUpload::run() {
  // What ends with its first piece is a file of known size.
  const auto first = wait({0, retry_.piece_bytes}, 0);
  if (!first) {
    return end(Failed{ExitCode::local_error, first.error()});
  }
  if (!*first) {
    return end_stopped();
  }
  if ((*first)->ended) {
    size_ = (*first)->end;
    report_.size(*size_);
  }
  UploadClient client(retry_, size_, random_source());
  return follow(client);
}

int PipedUpload::follow(UploadClient& client) {
  for (Step step = client.start();;) {
    if (!step.retry_note.empty()) {
      report_.retry(step.retry_note, step.wait, client.failures_in_row(), retry_.retries_max);
    }
    if (const auto* finished = std::get_if<Finished>(&step.action)) {
      return end(*finished);
    }
    if (const auto* failed = std::get_if<Failed>(&step.action)) {
      return end(*failed);
    }
    if (!stop_.wait(step.wait)) {
      return end_stopped();
    }
    if (auto* piece = std::get_if<SendPiece>(&step.action)) {
      if (const std::optional<int> code = fill(client, *piece)) {
        return *code;
      }
    }
    const std::string before = client.location();
    TransferResult result = perform(client, step.action);
    if (const std::optional<int> code = end_of(result)) {
      return *code;
    }
    step = client.next(reply_of(std::move(result)), std::chrono::steady_clock::now());
    if (loses_encryption(before.empty() ? options_.session_url : before, client.location())) {
      return end(Failed{ExitCode::refused,
                        fmt::format("the server leads from https to {}, where everyone could read "
                                    "the upload",
                                    shown_origin(client.location()))});
    }
    input_.release(client.stored());
    if (std::holds_alternative<SendPiece>(step.action)) {
      if (!std::exchange(session_reported_, true)) {
        report_.session(shown_origin(client.location()), false, client.stored());
      }
      report_.progress(client.stored());
    }
  }
}

std::expected<std::optional<PipedInput::Available>, std::string> PipedUpload::wait(
    ByteRange piece, std::uint64_t stored) {
  return input_.wait(piece, patience, [this, stored] {
    if (session_reported_) {
      report_.progress(stored);
    }
    return stop_.received() == 0;
  });
}

// Waits for the bytes of the piece, and makes it shorter where there are fewer. An exit code when
// there is no piece.
std::optional<int> PipedUpload::fill(UploadClient& client, SendPiece& piece) {
  if (piece.range.begin < input_.begin()) {
    return end(Failed{ExitCode::gave_up,
                      fmt::format("the server has lost bytes that it had acknowledged, from {} on; "
                                  "they cannot be read again",
                                  piece.range.begin)});
  }
  if (size_) {
    return std::nullopt;
  }
  const auto available = wait(piece.range, client.stored());
  if (!available) {
    return end(Failed{ExitCode::local_error, available.error()});
  }
  if (!*available) {
    return end_stopped();
  }
  if ((*available)->ended) {
    size_ = (*available)->end;
    report_.size(*size_);
  }
  piece = client.limit_piece((*available)->end, (*available)->ended);
  return std::nullopt;
}

TransferResult PipedUpload::open() {
  const std::string size = size_ ? fmt::format("{}", *size_) : "*";
  return transfer_.post(options_.session_url,
                        "file_size=" + size + "&" + description(name_of_input, {}, options_),
                        credential_fields(options_));
}

TransferResult PipedUpload::perform(const UploadClient& client, const Action& action) {
  if (std::holds_alternative<CreateSession>(action)) {
    return open();
  }
  const auto* piece = std::get_if<SendPiece>(&action);
  const ByteRange range = piece == nullptr ? ByteRange{} : piece->range;
  const HttpTransfer::Progress progress = [&](std::uint64_t sent) {
    if (!range.empty()) {
      report_.progress(range.begin + sent);
    }
  };
  const auto read_at = [this](std::span<char> into, std::uint64_t offset) {
    return input_.read_at(into, offset);
  };
  return transfer_.put(client.location(),
                       {.field = "Content-Range: " + content_range(range, size_),
                        .body = {read_at, range},
                        .ask_first = piece != nullptr && piece->ask_first,
                        .with_digest = piece != nullptr && piece->with_digest},
                       progress);
}

std::optional<int> PipedUpload::end_of(const TransferResult& result) {
  if (std::holds_alternative<Stopped>(result)) {
    return end_stopped();
  }
  if (const auto* broken = std::get_if<SourceFailed>(&result)) {
    return end(Failed{ExitCode::local_error, broken->message});
  }
  return std::nullopt;
}

int PipedUpload::end(const Finished& finished) {
  const auto is_same = has_same_digest(finished.body, [this] { return input_.digest(); });
  if (!is_same) {
    return end(is_same.error());
  }
  report_.finished(finished.body, *is_same ? size_.value_or(0) : finished.compared);
  return exit_status(ExitCode::ok);
}

int PipedUpload::end(const Failed& failed) {
  report_.failed(failed.exit_code, failed.message);
  return exit_status(failed.exit_code);
}

int PipedUpload::end_stopped() {
  const int code = 128 + stop_.received();
  report_.stopped(code, "stopped; what was read cannot be read again");
  return code;
}

}  // namespace sluice::cli
