// SPDX-License-Identifier: MIT
#include "simulation/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

#include "base/check.h"
#include "simulation/turns.h"

namespace sluice::simulation {
namespace {

using runtime::Task;
using Ending = ClientSource::Ending;

constexpr std::uint64_t uploads_max = 4;
constexpr std::uint64_t file_size_max = 20'000;
constexpr int cleaning_rounds_max = 8;
constexpr int completing_tries_max = 12;
constexpr std::uint64_t slow_body_turns = 60;  // About so many pass while a slow body comes.

class Program {
 public:
  explicit Program(Dice& dice, const Variant& variant)
      : dice_(dice),
        crash_(variant.crash),
        durability_(variant.durability),
        clients_(variant.clients),
        world_(dice, variant.defect, variant.journal, variant.durability, variant.clients) {}

  Outcome run() {
    world_.interrupt(rate(0.2), rate(0.3));
    if (crash_) {
      world_.disk().die_after(crash_->call);
    } else {
      choose_faults();
    }
    world_.run_together(
        one(dice_.chance(0.9) ? new_upload() : world_.take_file(file_size(), any_ending())));
    for (std::uint64_t steps = dice_.between(3, 14); steps > 0 && sound(); --steps) {
      step();
    }
    if (sound()) {
      finish();
    }
    return {world_.violation(), world_.tally()};
  }

 private:
  bool sound() const { return !world_.violation(); }

  static std::vector<Task<>> one(Task<> task) {
    std::vector<Task<>> tasks;
    tasks.push_back(std::move(task));
    return tasks;
  }

  // Half of the runs have no faults but deaths and power cuts: there every error is a violation.
  void choose_faults() {
    world_.set_backend_failures(rate(0.5));
    world_.set_checks(dice_.chance(0.5));
    dies_often_ = dice_.chance(0.7);
    if (dice_.chance(0.5)) {
      if (dies_often_) {
        world_.plan_deaths(0.01, 0.03);
      }
      return;
    }
    FaultRates disk;
    disk.write_error = rate(0.05);
    disk.read_error = rate(0.05);
    disk.sync_error = rate(0.08);
    disk.directory_sync_error = rate(0.05);
    disk.name_error = rate(0.03);
    disk.writeback = rate(0.3);
    disk.writeback_error = rate(0.3);
    JournalFaults journal;
    journal.death_before = dies_often_ ? rate(0.03) : 0;
    journal.death_after = dies_often_ ? rate(0.05) : 0;
    journal.failure = rate(0.02);
    journal.read_error = rate(0.02);
    // A process that loses bytes on their way to the disk and dies before the journal records the
    // loss leaves no trace of it: no later process can know.
    if (durability_ == Durability::interval && disk.sync_error + disk.writeback_error > 0) {
      dies_often_ = false;
      journal = {.read_error = journal.read_error};
    }
    if (durability_ == Durability::none) {
      disk.writeback_error = 0;  // Without syncs no call reports it.
    }
    world_.set_faults(disk, journal);
  }
  double rate(double most) {
    return dice_.chance(0.5) ? 0 : most * static_cast<double>(dice_.between(1, 4)) / 4;
  }

  std::uint64_t file_size() {
    switch (dice_.below(6)) {
      case 0:
        return dice_.below(3);
      case 1:
        return 512 * dice_.between(1, 20);
      default:
        return dice_.between(1, file_size_max);
    }
  }

  // A third of the uploads come in parts, with up to two extra files.
  Task<> new_upload() {
    if (!dice_.chance(0.33)) {
      return world_.create(file_size());
    }
    model::Layout layout;
    layout.main_size = file_size();
    for (std::uint64_t count = dice_.below(3); count > 0; --count) {
      SLUICE_CHECK(layout.add(std::to_string(count), "extra", file_size() / 4));
    }
    const std::uint64_t total = layout.total_size();
    layout.part_size = 1 + total / 10 + dice_.below(1 + total / 2);
    return world_.create(total, std::move(layout));
  }

  void step() {
    if (dies_often_ && dice_.chance(0.25)) {
      world_.disk().die_after(dice_.below(25));
    }
    std::vector<Task<>> tasks;
    if (!world_.has_faults() && !world_.uploads().empty() && dice_.chance(0.05)) {
      tasks.push_back(another_file(any_upload()));
    } else {
      for (std::uint64_t count = dice_.chance(0.5) ? 1 : dice_.between(2, 4); count > 0; --count) {
        tasks.push_back(any_action());
      }
      if (clients_ == Clients::requests && !world_.uploads().empty() && dice_.chance(0.7)) {
        ask_while_bytes_come(tasks);
      }
    }
    if (durability_ != Durability::commit && dice_.chance(0.4)) {
      tasks.push_back(world_.sync_deferred());
    }
    world_.run_together(std::move(tasks));
    world_.check();
    if (dice_.chance(0.1)) {
      world_.clock().advance(std::chrono::hours(dice_.between(1, 30)));
    }
    if (!world_.process().alive || dice_.chance(0.1)) {
      world_.restart(crash_ ? crash_->power_cut : dice_.chance(0.6));
      world_.check();
      // Every client must hear again what it heard before the restart.
      world_.run_together(all_statuses());
    }
  }

  // Each question has made durable what has come, and the client that sends it may hear of that.
  void ask_while_bytes_come(std::vector<Task<>>& tasks) {
    Expectation& upload = any_upload();
    tasks.push_back(upload.layout ? part(upload) : piece(upload));
    for (std::uint64_t count = dice_.between(2, 4); count > 0; --count) {
      tasks.push_back(ask_later(upload));
    }
  }
  Task<> ask_later(Expectation& upload) {
    for (std::uint64_t turns = dice_.below(slow_body_turns); turns > 0; --turns) {
      co_await let_others_go_first();
    }
    co_await world_.status(upload);
  }

  Expectation& any_upload() {
    const auto index = static_cast<std::ptrdiff_t>(dice_.below(world_.uploads().size()));
    return std::next(world_.uploads().begin(), index)->second;
  }

  Task<> any_action() {
    if (world_.uploads().empty()) {
      return new_upload();
    }
    Expectation& upload = any_upload();
    const std::uint64_t kind = dice_.below(100);
    if (kind < 55) {
      return upload.layout && dice_.chance(0.95) ? part(upload) : piece(upload);
    }
    if (kind < 63) {
      return whole_file(upload);
    }
    if (kind < 78) {
      return world_.status(upload);
    }
    if (kind < 81) {
      return world_.abort(upload);
    }
    if (kind < 87) {
      return world_.reap();
    }
    if (kind < 94 && world_.uploads().size() < uploads_max) {
      return kind < 91 ? new_upload() : world_.take_file(file_size(), any_ending());
    }
    return kind < 96 ? world_.retry(upload) : world_.deliver_waiting();
  }

  Ending any_ending() {
    const std::uint64_t kind = dice_.below(10);
    return kind < 6 ? Ending::end : kind < 8 ? Ending::lost : Ending::silent;
  }

  // The pieces of an upload come in order, out of order, overlapping or twice.
  Task<> piece(Expectation& upload) {
    const std::uint64_t size = upload.source.size();
    std::uint64_t begin = upload.acknowledged;
    if (dice_.chance(0.3)) {
      begin = dice_.below(upload.acknowledged + 1);
    } else if (dice_.chance(0.1)) {
      begin = dice_.between(upload.acknowledged, size);
    }
    const std::uint64_t end = dice_.chance(0.3) ? size : dice_.between(begin, size);
    const Ending ending = any_ending();
    const std::uint64_t bytes = ending == Ending::end ? end - begin : dice_.below(end - begin + 1);
    if (!upload.is_sized && end == size) {
      return world_.append(upload, upload::UpToEnd{begin}, bytes, ending, dice_.chance(0.8));
    }
    const auto total = upload.is_sized || dice_.chance(0.2) ? std::optional(size) : std::nullopt;
    const upload::Range range{begin, end, total};
    return world_.append(upload, range, bytes, ending, dice_.chance(0.8));
  }

  static std::vector<ByteRange> parts_of(const model::Layout& layout) {
    std::vector<ByteRange> files{{0, layout.main_size}};
    for (const model::ExtraFile& extra : layout.extra_files) {
      files.push_back(extra.range);
    }
    std::vector<ByteRange> parts;
    for (const ByteRange& file : files) {
      for (std::uint64_t begin = file.begin; begin < file.end; begin += layout.part_size) {
        parts.push_back({begin, std::min(begin + layout.part_size, file.end)});
      }
    }
    // An upload of no bytes is completed by one empty part.
    if (parts.empty()) {
      parts.push_back({0, 0});
    }
    return parts;
  }

  Task<> send_part(Expectation& upload, ByteRange range, Ending ending, std::uint64_t bytes,
                   bool length_known) {
    return world_.append(upload, upload::Part{range}, bytes, ending, length_known);
  }

  // Any part, whether it is stored or not.
  Task<> part(Expectation& upload) {
    const std::vector<ByteRange> parts = parts_of(*upload.layout);
    const ByteRange range = parts[dice_.below(parts.size())];
    const Ending ending = any_ending();
    const bool is_whole = ending == Ending::end && dice_.chance(0.9);
    const std::uint64_t bytes = is_whole ? range.size() : dice_.below(range.size() + 1);
    // A body that ends early without an error had no Content-Length that says more.
    const bool length_known = dice_.chance(0.8) && (is_whole || ending != Ending::end);
    return send_part(upload, range, ending, bytes, length_known);
  }

  Task<> whole_file(Expectation& upload) {
    const std::uint64_t size = upload.source.size();
    const Ending ending = any_ending();
    const bool is_whole = ending == Ending::end && (!upload.is_sized || dice_.chance(0.7));
    const std::uint64_t bytes = is_whole ? size : dice_.below(size + 1);
    return world_.append(upload, upload::WholeFile(), bytes, ending, dice_.chance(0.5));
  }

  // Alone and on a sound disk, so that no fault cuts the request: the engine keeps the bytes that
  // arrived before a cut, and these are of another file.
  Task<> another_file(Expectation& upload) {
    const std::uint64_t size = upload.source.size();
    if (!upload.is_sized) {
      return piece(upload);
    }
    return world_.append_another_file(upload, size == 0 ? 0 : dice_.below(size));
  }

  std::vector<Task<>> all_statuses() {
    std::vector<Task<>> tasks;
    for (auto& [id, upload] : world_.uploads()) {
      tasks.push_back(world_.status(upload));
    }
    return tasks;
  }

  // Every upload can be completed, then forgotten.
  void finish() {
    world_.heal();
    world_.check();
    world_.run_together(all_statuses());
    for (auto& [id, upload] : world_.uploads()) {
      world_.run_together(one(world_.retry(upload)));
    }
    world_.run_together(one(world_.deliver_waiting()));
    for (auto& [id, upload] : world_.uploads()) {
      complete(upload);
    }
    world_.check();
    for (int round = 0; round < cleaning_rounds_max && world_.journalled_count() > 0; ++round) {
      world_.clock().advance(std::chrono::hours(100));
      world_.run_together(one(world_.reap()));
      if (dice_.chance(0.3)) {
        world_.restart(dice_.chance(0.5));
      }
      world_.check();
    }
    world_.check_nothing_is_left();
  }

  void complete_once(Expectation& upload) {
    const upload::Range piece{upload.acknowledged, std::nullopt, upload.source.size()};
    const std::uint64_t bytes = upload.source.size() - piece.begin;
    if (upload.layout) {
      complete_parts(upload);
    } else {
      world_.run_together(one(world_.append(upload, piece, bytes, Ending::end, true)));
    }
    world_.run_together(one(world_.deliver_waiting()));
    world_.run_together(one(world_.status(upload)));
  }

  void complete_parts(Expectation& upload) {
    for (const ByteRange& range : parts_of(*upload.layout)) {
      world_.run_together(one(send_part(upload, range, Ending::end, range.size(), true)));
    }
  }

  // A client that is told another offset goes on there.
  void complete(Expectation& upload) {
    for (int tries = 0; tries < completing_tries_max; ++tries) {
      complete_once(upload);
      if (upload.answer) {
        break;
      }
    }
    if (!upload.answer && !upload.may_be_gone) {
      world_.violate(fmt::format("upload {} cannot be completed", upload.id));
    }
  }

  Dice& dice_;
  const std::optional<CrashPoint> crash_;
  const Durability durability_;
  const Clients clients_;
  World world_;
  bool dies_often_ = false;
};

}  // namespace

Outcome run_program(std::uint64_t seed, const Variant& variant) {
  Dice dice(seed);
  return Program(dice, variant).run();
}

}  // namespace sluice::simulation
