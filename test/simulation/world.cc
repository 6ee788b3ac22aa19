// SPDX-License-Identifier: MIT
#include "simulation/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "simulation/forgetful_source.h"
#include "simulation/turns.h"
#include "simulation/world_life.h"
#include "support/run.h"

namespace sluice::simulation {

using runtime::Task;

namespace {

using namespace std::chrono_literals;

constexpr const char* data_directory = "/data";
constexpr std::size_t buffers_count = 3;
// A file fills several of them.
constexpr std::size_t small_buffer_bytes = 1000;
// Real time decides nothing, however busy the machine is.
constexpr auto turn_time_max = 1min;

upload::EngineSettings settings(Durability durability) {
  upload::EngineSettings settings;
  settings.admission = {std::uint64_t{1} << 30U, 0};
  settings.expiry = {std::chrono::hours(24), std::chrono::hours(72), std::chrono::hours(48),
                     std::chrono::hours(48)};
  // A delivery that begins at once ends before a client waits.
  settings.answer_wait = 0ms;
  // Real time decides nothing: a seed is always the same run.
  settings.status_wait = 1min;
  settings.arrival_wait = 0ms;
  settings.defers_syncs = durability != Durability::commit;
  return settings;
}

protocol::ProtocolSettings every_dialect() {
  protocol::ProtocolSettings settings;
  settings.dialects.assign(protocol::dialect_names.begin(), protocol::dialect_names.end());
  return settings;
}

}  // namespace

World::Life::Life(World& world)
    : store(world.disk_seam_, world.pool_, world.buffers_, data_directory, world.durability_,
            world.metrics_, turn_time_max),
      seam(store, world.dice_, world.defect_),
      files(world.disk_seam_, world.pool_, data_directory, world.durability_),
      answers(files),
      engine(upload::EngineParts{world.journal_, seam, answers, announcer, world.buffers_,
                                 world.clock_, world.metrics_, world.log_},
             world, settings(world.durability_), *sluice::testing::run(world.journal_.promises())),
      engine_of_dialects(engine, seam, world.defect_,
                         [&world](const std::string& token, const Error& error) {
                           world.hear_trouble(token, error);
                         }),
      open_to_all(nobody, world.clock_, {}),
      // Real time decides nothing.
      dialects({.engine = engine_of_dialects,
                .gate = gate,
                .videos = videos,
                .files = stored_files,
                .pages = pages,
                .authenticator = open_to_all,
                .form_key = "key",
                .chunks_wait = 0ms,
                .progress_pause = 0ms},
               every_dialect()),
      tasks(world.context_.get_executor(), world.log_),
      delivers_at_once(world.dice_.chance(0.6)) {}

World::World(Dice& dice, Defect defect, JournalKind journal, Durability durability, Clients clients)
    : dice_(dice),
      disk_(dice, process_, dice.chance(0.5) ? 512 : 4096),
      system_(disk_, dice),
      posix_disk_(system_),
      disk_seam_(posix_disk_, defect),
      journal_(dice, process_, defect, disk_, journal, durability),
      buffers_(buffers_count * limits::buffer_bytes, metrics_.buffers_in_use,
               dice.chance(0.5) ? limits::buffer_bytes : small_buffer_bytes),
      defect_(defect),
      durability_(durability),
      clients_(clients) {
  for (const char* path : {data_directory, "/data/uploads", "/data/videos", "/data/answers"}) {
    disk_.add_directory(path);
  }
  life_ = std::make_unique<Life>(*this);
  journal_.set_store(&life_->seam);
}

World::~World() = default;

void World::set_faults(FaultRates disk, JournalFaults journal) {
  disk_.set_faults(disk);
  journal_.set_faults(journal);
  has_faults_ = true;
}

void World::heal() {
  // Bytes that were acknowledged unsynced may have been lost since.
  const bool may_have_lost = may_have_lost_bytes();
  set_faults({}, {});
  set_backend_failures(0);
  const bool power_cut = dice_.chance(0.5);
  // After a restart without a power cut the new process would hear of an unreported failed write.
  restart(power_cut || may_have_lost || disk_.hides_failed_writes());
  has_faults_ = false;
}

void World::plan_deaths(double before_commit, double after_commit) {
  JournalFaults faults;
  faults.death_before = before_commit;
  faults.death_after = after_commit;
  journal_.set_faults(faults);
}

void World::restart(bool power_cut) {
  // The documents tell the operator to restart the machine after such a failure, not the process.
  power_cut = (power_cut || journal_.has_missed_a_loss()) && durability_ != Durability::none;
  ++tally_.restarts;
  tally_.deaths += process_.alive ? 0 : 1;
  tally_.power_cuts += power_cut ? 1 : 0;
  process_.alive = false;
  life_.reset();
  journal_.close();
  if (system_.open_files() > 0) {
    violate("files stay open");
  }
  if (power_cut) {
    disk_.cut_power();
  }
  disk_.live_on();
  process_.alive = true;
  if (const std::optional<std::string> damage = journal_.reopen(power_cut)) {
    violate(*damage);
  }
  life_ = std::make_unique<Life>(*this);
  journal_.set_store(&life_->seam);
  if (power_cut && durability_ == Durability::interval) {
    forget_acknowledged();
  }
  for (const auto& [id, record] : journal_.durable_uploads()) {
    recognise(record);
    if (record.progress.state != model::UploadState::receiving) {
      life_->submitted.emplace(id, record.progress.handoff_since);
    }
    if (record.progress.state == model::UploadState::delivered) {
      life_->delivered.insert(id);
    }
    if (upload::is_being_handed_over(record.progress.state)) {
      life_->waiting.push_back(record);
    }
  }
}

void World::run_together(std::vector<Task<>> tasks) {
  for (Task<>& task : tasks) {
    life_->tasks.spawn("client", std::move(task));
  }
  wait_for_end();
}

void World::wait_for_end() {
  const auto give_up_at = std::chrono::steady_clock::now() + 1min;
  context_.restart();
  while (life_->tasks.size() > 0) {
    const auto silent = static_cast<std::size_t>(
        std::ranges::count_if(sources_, [](const ClientSource* s) { return s->is_silent(); }));
    if (silent == life_->tasks.size()) {
      for (ClientSource* source : sources_) {
        source->cancel(Errc::closed_by_peer);
      }
    }
    context_.run_one_for(100ms);
    context_.restart();
    const bool in_time = std::chrono::steady_clock::now() < give_up_at;
    SLUICE_CHECK(in_time);
  }
}

Task<> World::create(std::uint64_t file_size, std::optional<model::Layout> layout) {
  ++tally_.requests;
  if (clients_ == Clients::requests) {
    co_return co_await open(file_size, std::move(layout));
  }
  std::string source = dice_.bytes(file_size);
  const bool refused = dice_.chance(0.2);
  upload::NewUpload request{file_size, "file.mp4", "video/mp4", "{}"};
  request.layout = layout;
  const bool is_sized = layout || dice_.chance(0.7);
  if (!is_sized) {
    request.file_size.reset();
  }
  const Result<upload::SnapshotPtr> created = co_await life_->engine.create(std::move(request));
  if (!process_.alive || !created) {
    co_return;
  }
  Expectation expected;
  expected.id = (*created)->id;
  expected.token = (*created)->token;
  expected.source = std::move(source);
  expected.is_sized = is_sized;
  expected.layout = std::move(layout);
  expected.refused_by_backend = refused;
  const auto [added, is_new] = uploads_.emplace((*created)->id, std::move(expected));
  if (!is_new) {
    violate("two uploads have one number");
  }
  hear(added->second, **created);
}

Task<> World::append(Expectation& upload, upload::Piece piece, std::uint64_t bytes,
                     ClientSource::Ending ending, bool length_known) {
  ++tally_.requests;
  if (clients_ == Clients::requests) {
    co_return co_await send_chunk(upload, piece, bytes, ending, length_known);
  }
  const std::uint64_t size = upload.source.size();
  const ByteRange range = upload::wanted_range(piece, size);
  const auto declared = length_known ? std::optional(range.size()) : std::nullopt;
  ClientSource body(upload.source.substr(range.begin, bytes), ending, declared, dice_);
  sources_.push_back(&body);
  ForgetfulSource forgetful(body);
  runtime::ByteSource* source = &body;
  if (defect_ == Defect::takeover_loses_bytes) {
    source = &forgetful;
  }
  const Result<upload::SnapshotPtr> result =
      co_await life_->engine.append(upload.token, piece, *source);
  std::erase(sources_, &body);
  if (!process_.alive) {
    co_return;
  }
  if (result) {
    if (std::holds_alternative<upload::Part>(piece)) {
      upload.acknowledged_parts.add(range);
    }
    hear(upload, **result);
    co_return;
  }
  if (!std::holds_alternative<upload::WholeFile>(piece)) {
    check_kept(upload, {range.begin, range.begin + body.bytes_read()}, result.error().code());
  }
  const bool too_short = upload::is_exact(piece) && bytes != range.size();
  // Another request may have moved the offset.
  const bool misplaced = std::holds_alternative<upload::UpToEnd>(piece) &&
                         result.error().code() == Errc::offset_mismatch;
  if (!misplaced && !(too_short && result.error().code() == Errc::bad_request)) {
    hear_error(upload, result.error(), "append");
  }
}

Task<> World::append_another_file(Expectation& upload, std::uint64_t bytes) {
  ++tally_.requests;
  std::string other = upload.source.substr(0, bytes);
  for (std::uint64_t at = upload.acknowledged; at < bytes; ++at) {
    other[at] = other[at] == 'x' ? 'y' : 'x';
  }
  ClientSource body(std::move(other), ClientSource::Ending::end, std::nullopt, dice_);
  sources_.push_back(&body);
  const Result<upload::SnapshotPtr> result =
      co_await life_->engine.append(upload.token, upload::WholeFile(), body);
  std::erase(sources_, &body);
  if (!process_.alive) {
    co_return;
  }
  if (result) {
    hear(upload, **result);
  } else if (result.error().code() != Errc::bad_request &&
             result.error().code() != Errc::content_mismatch) {
    hear_error(upload, result.error(), "another file");
  }
}

Task<> World::status(Expectation& upload) {
  ++tally_.requests;
  if (clients_ == Clients::requests) {
    co_return co_await ask(upload);
  }
  const Result<upload::SnapshotPtr> result = co_await life_->engine.status(upload.token);
  if (!process_.alive) {
    co_return;
  }
  if (!result) {
    hear_error(upload, result.error(), "status");
    co_return;
  }
  upload::Snapshot snapshot = **result;
  if (!snapshot.answer && defect_ == Defect::reports_unsynced_bytes) {
    for (const ByteRange& range : life_->seam.unsynced(upload.id).ranges()) {
      snapshot.stored.add(range);
    }
    snapshot.acknowledged =
        std::min(snapshot.stored.prefix(), snapshot.file_size.value_or(limits::file_size_max) - 1);
  }
  hear(upload, snapshot);
}

Task<> World::abort(Expectation& upload) {
  ++tally_.requests;
  upload.may_be_gone = upload.may_be_gone || !upload.answer;
  if (clients_ == Clients::requests) {
    co_return co_await ask_for_abort(upload);
  }
  const Result<> result = co_await life_->engine.abort(upload.token);
  if (!process_.alive) {
    co_return;
  }
  if (!result) {
    hear_error(upload, result.error(), "abort");
    co_return;
  }
  const auto record = journal_.durable_uploads().find(upload.id);
  // An upload whose record is gone was finished and forgotten meanwhile; the abort was too late.
  if (record != journal_.durable_uploads().end() &&
      upload::is_gone(record->second.progress.state)) {
    upload.must_be_gone = true;
  }
}

Task<> World::reap() {
  for (const auto& [id, record] : journal_.durable_uploads()) {
    if (const auto known = uploads_.find(id);
        known != uploads_.end() && record.progress.expires_at <= clock_.now()) {
      known->second.may_be_gone = true;
    }
  }
  (void)co_await life_->engine.reaper().reap();
}

Task<> World::sync_deferred() {
  struct Acknowledged {
    std::uint64_t bytes;
    RangeSet parts;
  };
  std::map<std::uint64_t, Acknowledged> before;
  for (const auto& [id, upload] : uploads_) {
    before.emplace(id, Acknowledged{upload.acknowledged, upload.acknowledged_parts});
  }
  const Result<bool> synced = co_await life_->engine.deferred_syncs().round();
  if (!process_.alive || !synced) {
    co_return;
  }
  for (auto& [id, acknowledged] : before) {
    Expectation& upload = uploads_.at(id);
    const auto record = journal_.durable_uploads().find(id);
    // A failed sync has taken bytes back, and the client has not asked since.
    if (may_have_lost_bytes() && record != journal_.durable_uploads().end()) {
      const std::uint64_t stored = record->second.progress.stored.prefix();
      acknowledged = {std::min(acknowledged.bytes, stored), {}};
    }
    // The last byte of a file that is handed over once more is withheld meanwhile.
    upload.kept = std::max(upload.kept, std::min(acknowledged.bytes, upload.acknowledged));
    for (const ByteRange& part : acknowledged.parts.ranges()) {
      upload.kept_parts.add(part);
    }
  }
}

std::string World::blob_path(std::uint64_t id) const {
  return life_->store.blob_path(id);
}

Tally World::tally() const {
  Tally tally = tally_;
  tally.takeovers = metrics_.takeovers.value();
  tally.failed_syncs = disk_.failed_syncs();
  tally.disk_calls = disk_.calls();
  tally.commits = journal_.commits();
  tally.interrupted_calls = system_.interruptions() + system_.short_counts();
  tally.bytes_moved = system_.bytes_moved();
  for (const auto& [id, upload] : uploads_) {
    tally.bytes_acknowledged += upload.acknowledged;
    for (const std::string& dialect : upload.dialects) {
      tally.mixed[dialect] += upload.dialects.size() > 2 ? 1 : 0;
    }
  }
  return tally;
}

}  // namespace sluice::simulation
