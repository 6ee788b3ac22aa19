// SPDX-License-Identifier: MIT
#include "upload/upload_engine.h"

#include <utility>

#include "base/limits.h"
#include "upload/checkpoint.h"
#include "upload/learn_size.h"
#include "upload/piece_check.h"

namespace sluice::upload {

using model::UploadState;
using runtime::Task;

namespace {

class Waiter {
 public:
  explicit Waiter(std::atomic<std::size_t>& count) : count_(count), number_(++count) {}
  ~Waiter() { --count_; }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // How many there are, this one included.
  std::size_t number() const noexcept { return number_; }

 private:
  std::atomic<std::size_t>& count_;
  const std::size_t number_;
};

// Of bytes, or a size, that a client tells.
Result<> expect_sent(const LiveUpload& upload) {
  return upload.partials().empty()
             ? Result<>()
             : fail(Errc::forbidden,
                    "this upload has the bytes of partial uploads: none can be sent to it");
}

Error set_aside() {
  return Error(Errc::delivery_pending,
               "all bytes are stored, and the file is being looked at before it is handed over: "
               "ask again later");
}

}  // namespace

UploadEngine::UploadEngine(EngineParts parts, delivery::Handover& handover, EngineSettings settings,
                           const journal::Promises& before)
    : core_(parts, handover, std::move(settings), before) {}

void UploadEngine::change(EngineSettings settings) {
  settings.defers_syncs = core_.settings->defers_syncs;
  core_.admission.change(settings.admission);
  core_.settings.replace(std::move(settings));
}

Task<Result<SnapshotPtr>> UploadEngine::create(NewUpload request) {
  const auto created = co_await intake_.create(std::move(request));
  if (!created) {
    co_return fail(created.error());
  }
  concatenations_.changed(**created);
  co_return snapshot_of(**created);
}

Task<Result<SnapshotPtr>> UploadEngine::take_file(NewUpload outline, runtime::ByteSource& body,
                                                  FileIdentity& identity) {
  const auto received = co_await intake_.take_file(std::move(outline), body, identity);
  if (!received) {
    co_return fail(received.error());
  }
  co_return snapshot_of(**received);
}

Task<Result<SnapshotPtr>> UploadEngine::wait_for_made(std::string token) {
  const auto found = co_await core_.uploads.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  if (upload.state() == UploadState::receiving || awaits_answer(upload.state())) {
    co_return co_await wait_for_answer(upload);
  }
  co_return present(upload);
}

SnapshotPtr UploadEngine::snapshot_of(const LiveUpload& upload) const {
  auto snapshot = std::make_unique<Snapshot>(upload.snapshot());
  if (snapshot->layout) {
    delivery::Preview preview = core_.handover.preview(upload.record());
    snapshot->media_id = std::move(preview.media_id);
    snapshot->preview = std::move(preview.answer);
  }
  return snapshot;
}

Task<Result<SnapshotPtr>> UploadEngine::status(std::string token) {
  const auto found = co_await core_.uploads.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  co_await (*found)->wait_for_settling(limits::settling_wait_max);
  const CheckpointWaits waits{core_.settings->status_wait, core_.settings->arrival_wait};
  co_await settle_arrived(*found, core_.tools, core_.parts.log, waits);
  co_return co_await peek((*found)->token());
}

Task<Result<SnapshotPtr>> UploadEngine::declare_size(std::string token, std::uint64_t file_size) {
  const auto found = co_await core_.uploads.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  if (const Result<> sent = expect_sent(upload); !sent) {
    co_return fail(sent.error());
  }
  const Result<> learnt = co_await learn_size(upload, file_size);
  if (!learnt && !is_gone(upload.state())) {
    co_return fail(learnt.error());
  }
  co_return present(upload);
}

Task<Result<>> UploadEngine::learn_size(LiveUpload& upload, std::uint64_t file_size) {
  const Result<bool> complete = co_await upload::learn_size(upload, core_.tools, file_size);
  if (!complete) {
    co_return fail(complete.error());
  }
  if (*complete) {
    hand_over(core_, upload);
  }
  concatenations_.changed(upload);
  co_return Result<>();
}

Task<Result<SnapshotPtr>> UploadEngine::peek(std::string token) {
  const auto found = co_await core_.uploads.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  co_return present(**found);
}

Task<Result<Label>> UploadEngine::label_of(std::string token) {
  const auto found = co_await core_.uploads.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  co_return Label{(*found)->id(), (*found)->dialect()};
}

Result<SnapshotPtr> UploadEngine::present(const LiveUpload& upload) const {
  SnapshotPtr snapshot = snapshot_of(upload);
  if (snapshot->state == UploadState::aborted && !snapshot->failure.empty()) {
    return fail(Errc::not_found, snapshot->failure);
  }
  if (is_gone(snapshot->state)) {
    return fail(gone(snapshot->state));
  }
  return snapshot;
}

Task<Result<SnapshotPtr>> UploadEngine::append(const std::string& token, Piece piece,
                                               runtime::ByteSource& body) {
  const auto found = co_await core_.uploads.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  if (upload.has_layout() && !std::holds_alternative<Part>(piece)) {
    co_return present(upload);
  }
  if (const Result<> sent = expect_sent(upload); !sent) {
    co_return fail(sent.error());
  }
  if (const Result<> sound = check_piece(upload, piece, body); !sound) {
    co_return fail(sound.error());
  }
  const auto* const range = std::get_if<Range>(&piece);
  if (range != nullptr && range->total && !upload.file_size()) {
    if (const Result<> learnt = co_await learn_size(upload, *range->total); !learnt) {
      co_return fail(learnt.error());
    }
  }
  if (upload.state() == UploadState::receiving) {
    Append append(upload, core_.tools, piece, body);
    const Result<bool> finished = co_await append.run();
    if (!finished) {
      log_early_end(upload, finished.error());
      co_return fail(finished.error());
    }
    if (*finished) {
      hand_over(core_, upload);
    }
    concatenations_.changed(upload);
  }
  if (awaits_answer(upload.state())) {
    co_return co_await wait_for_answer(upload);
  }
  co_return present(upload);
}

void UploadEngine::log_early_end(const LiveUpload& upload, const Error& error) const {
  core_.parts.log.info("request ended early", {{"upload", upload.id()},
                                               {"stored", upload.progress().stored.prefix()},
                                               {"reason", info(error.code()).name},
                                               {"message", error.message()}});
}

// The answer that another node has got may be told by no signal: it is looked for.
Task<bool> UploadEngine::wait_until_decided(LiveUpload& upload,
                                            std::shared_ptr<runtime::Event> decided) {
  Duration left = core_.settings->answer_wait;
  const Duration slice = core_.parts.journal.is_shared() ? limits::shared_look_pause : left;
  while (left > slice) {
    if (co_await decided->wait(slice)) {
      co_return true;
    }
    left -= slice;
    (void)co_await upload.refresh();
  }
  co_return co_await decided->wait(left);
}

Task<Result<SnapshotPtr>> UploadEngine::wait_for_answer(LiveUpload& upload) {
  if (upload.state() == UploadState::set_aside) {
    co_return fail(set_aside());
  }
  const std::shared_ptr<runtime::Event> decided = upload.decided();
  bool is_decided = decided->is_set();
  if (const Waiter waiter(waiters_);
      !is_decided && waiter.number() <= core_.settings->answer_waiters_max) {
    do {
      is_decided = co_await wait_until_decided(upload, decided);
    } while (!is_decided && upload.state() == UploadState::receiving && upload.is_being_written());
  }
  if (!is_decided && upload.state() == UploadState::receiving) {
    co_return fail(Errc::delivery_pending,
                   "the file is still to be made of its partial uploads: ask again");
  }
  if (!is_decided && upload.state() == UploadState::set_aside) {
    co_return fail(set_aside());
  }
  if (!is_decided) {
    co_return fail(Errc::delivery_pending,
                   "all bytes are stored, the backend has not answered yet: send the last byte "
                   "again to wait for its answer");
  }
  co_return present(upload);
}

Task<Result<std::shared_ptr<runtime::ByteSource>>> UploadEngine::open_answer(
    std::uint64_t upload_id, const model::Answer& answer) {
  return core_.parts.answers.open(upload_id, answer);
}

Task<Result<std::shared_ptr<runtime::ByteSource>>> UploadEngine::open_file(std::string token,
                                                                           ByteRange range) {
  const auto found = co_await core_.uploads.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  const LiveUpload& upload = **found;
  if (is_gone(upload.state())) {
    co_return fail(gone(upload.state()));
  }
  if (upload.state() != UploadState::delivered) {
    co_return fail(Errc::not_delivered,
                   std::string("the backend has not taken the file, the upload is ") +
                       to_text(upload.state()));
  }
  co_return co_await core_.handover.read_delivered(upload.record(), range);
}

Task<Result<>> UploadEngine::abort(std::string token) {
  const auto found = co_await core_.uploads.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  if (upload.state() == UploadState::expired) {
    co_return fail(gone(UploadState::expired));
  }
  const Result<bool> aborted = co_await abort_upload(core_, upload);
  concatenations_.changed(upload);
  if (!aborted) {
    co_return fail(aborted.error());
  }
  if (*aborted) {
    core_.parts.log.info("upload aborted", {{"upload", upload.id()}});
  }
  co_return Result<>();
}

}  // namespace sluice::upload
