// SPDX-License-Identifier: MIT
// The hand-off of a simulated server: an outbox that tries again or gives up, and a backend that
// keeps videos.
#include <fmt/format.h>

#include <utility>

#include "simulation/world.h"
#include "simulation/world_life.h"

namespace sluice::simulation {

using model::UploadRecord;
using model::UploadState;
using runtime::Task;

void World::submit(UploadRecord record) {
  recognise(record);
  const auto kept = journal_.durable_uploads().find(record.id);
  if (process_.alive && (kept == journal_.durable_uploads().end() ||
                         kept->second.progress.state != UploadState::received)) {
    violate(fmt::format("upload {} is handed over before the journal knows", record.id));
  }
  const Timestamp round = record.progress.handoff_since;
  const auto [known, is_new] = life_->submitted.try_emplace(record.id, round);
  if (!is_new && std::exchange(known->second, round) >= round) {
    violate(fmt::format("upload {} is handed over twice", record.id));
  }
  if (life_->delivers_at_once) {
    life_->tasks.spawn("delivery", deliver(std::move(record)));
  } else {
    life_->waiting.push_back(std::move(record));
  }
}

Task<> World::deliver_waiting() {
  for (std::size_t left = life_->waiting.size(); left > 0 && !life_->waiting.empty(); --left) {
    UploadRecord record = std::move(life_->waiting.front());
    life_->waiting.pop_front();
    co_await deliver(std::move(record));
  }
}

Task<> World::deliver(UploadRecord record) {
  life_->engine.ledger().began(record.token);
  if (!co_await passes_checks(record)) {
    co_return;
  }
  Result<delivery::Delivery> delivery = co_await ask_backend(record);
  if (delivery) {
    const bool makes_video = !delivery->changes.empty();
    const bool is_taken = delivery->blob_taken;
    const Result<> kept =
        co_await life_->engine.ledger().answered(record.token, std::move(*delivery));
    if (kept) {
      if (is_taken) {
        life_->delivered.insert(record.id);
      }
      if (makes_video) {
        count_video(record.id);
      }
      co_return;
    }
  }
  if (dice_.chance(0.3) && co_await give_up(record)) {
    co_return;
  }
  if (!delivery) {
    (void)co_await life_->engine.ledger().failed(record.token, 1, clock_.now(), "planted failure");
  }
  life_->waiting.push_back(std::move(record));
}

Task<bool> World::passes_checks(const UploadRecord& record) {
  const auto known = journal_.durable_uploads().find(record.id);
  if (!has_checks_ ||
      (known != journal_.durable_uploads().end() && known->second.progress.is_cleared)) {
    co_return true;
  }
  Result<> kept;
  const bool is_odd = dice_.chance(backend_failures_);
  if (is_odd) {
    kept = co_await life_->engine.ledger().set_aside(record.token, "planted oddity");
    tally_.set_aside += kept ? 1 : 0;
  } else {
    kept = co_await life_->engine.ledger().cleared(record.token);
  }
  if (!kept) {
    life_->waiting.push_back(record);
  }
  co_return kept && !is_odd;
}

Task<bool> World::give_up(const UploadRecord& record) {
  const Result<> kept = co_await life_->engine.ledger().gave_up(record.token, 1, "planted failure");
  if (kept) {
    ++tally_.given_up;
  }
  co_return kept.has_value();
}

Task<> World::retry(Expectation& upload) {
  ++tally_.requests;
  // What the process knows decides what becomes of it: it may not have heard of its last commit.
  const Result<upload::SnapshotPtr> found = co_await life_->engine.peek(upload.token);
  if (!process_.alive || (!found && found.error().code() != Errc::not_found)) {
    co_return;
  }
  const bool is_known = found && (*found)->id == upload.id;
  const auto state = is_known ? std::optional((*found)->state) : std::nullopt;
  const bool is_set_aside = state == UploadState::set_aside;
  if (is_set_aside && dice_.chance(0.7)) {
    co_return co_await decide(upload);
  }
  if (is_known && upload.refused_by_backend && !is_set_aside && !upload::is_decided(*state)) {
    co_return;  // The retry would put a refusal back that came meanwhile.
  }
  if (state == UploadState::refused) {
    upload.put_back = true;
    upload.refused_by_backend = dice_.chance(0.5);
  }
  const Result<upload::SnapshotPtr> result = co_await life_->engine.operations().retry(upload.id);
  if (!process_.alive) {
    co_return;
  }
  if (result) {
    hear(upload, **result);
  } else if (result.error().code() != Errc::bad_request &&
             result.error().code() != Errc::not_found) {
    hear_error(upload, result.error(), "retry");
  }
}

Task<> World::decide(Expectation& upload) {
  const bool refuses = dice_.chance(0.4);
  upload.put_back = upload.put_back || refuses;
  upload.refused_by_backend = upload.refused_by_backend || refuses;
  const std::string words =
      fmt::format("odd: upload {}, {} bytes", upload.id, upload.source.size());
  const auto result = refuses ? co_await life_->engine.operations().refuse(upload.id, words)
                              : co_await life_->engine.operations().release(upload.id);
  // Another operator was faster.
  const bool is_late = !result && (result.error().code() == Errc::bad_request ||
                                   result.error().code() == Errc::not_found);
  if (process_.alive && !result && !is_late) {
    hear_error(upload, result.error(), "decision");
  }
}

void World::count_video(std::uint64_t upload_id) {
  if (++uploads_.at(upload_id).videos_made > 1) {
    violate(fmt::format("upload {} became two videos", upload_id));
  }
  ++tally_.videos;
}

// Keeps a record of each upload it has taken, as the video library does.
Task<Result<delivery::Delivery>> World::ask_backend(UploadRecord record) {
  const Expectation& upload = uploads_.at(record.id);
  delivery::Delivery delivery;
  delivery.answer.status = 422;
  delivery.answer.body = fmt::format("refused: upload {}, {} bytes", record.id, size_bound(record));
  if (dice_.chance(backend_failures_)) {
    co_return fail(Errc::delivery_failed, "planted failure of the backend");
  }
  if (upload.refused_by_backend) {
    co_return delivery;
  }
  const std::string key = std::to_string(record.id);
  delivery.answer.status = 200;
  delivery.blob_taken = true;
  const bool leaves_trace = !upload.layout && upload.source.size() > 0;
  Result<bool> moved = false;
  if (leaves_trace) {
    moved = co_await life_->seam.finish(upload.id, video_files(upload));
  }
  if (!moved || !*moved) {
    const auto known = co_await journal_.find_video(key);
    if (!known) {
      co_return fail(known.error());
    }
    if (*known) {
      delivery.answer.body = (*known)->document;
      co_return delivery;
    }
    if (!leaves_trace) {
      moved = co_await life_->seam.finish(upload.id, video_files(upload));
    }
    if (!moved) {
      co_return fail(moved.error());
    }
  }
  model::VideoRecord video;
  video.id = key;
  video.upload_id = record.id;
  video.status = "success";
  video.document = fmt::format("\"video of upload {}, {} bytes, {}\"", record.id,
                               size_bound(record), dice_.below(1U << 30U));
  delivery.answer.body = video.document;
  delivery.changes.emplace_back(journal::PutVideo{std::move(video)});
  co_return delivery;
}

std::vector<store::NamedRange> World::video_files(const Expectation& upload) {
  const std::string main_name = video_name(upload.id);
  if (!upload.layout) {
    return {{{0, upload.source.size()}, main_name}};
  }
  std::vector<store::NamedRange> files{{{0, upload.layout->main_size}, main_name}};
  for (const model::ExtraFile& extra : upload.layout->extra_files) {
    files.push_back({extra.range, fmt::format("{}-{}", main_name, extra.tag)});
  }
  return files;
}

std::string World::video_name(std::uint64_t id) {
  return fmt::format("videos/{}.mp4", id);
}

}  // namespace sluice::simulation
