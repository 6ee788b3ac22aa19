// SPDX-License-Identifier: MIT
#include "simulation/nodes_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "support/run.h"

namespace sluice::simulation {
namespace {

using runtime::Task;

constexpr std::uint64_t uploads_of_nodes_max = 3;
constexpr int cleaning_rounds_of_nodes_max = 6;

}  // namespace

void NodesTally::add(const NodesTally& other) {
  requests += other.requests;
  files_taken += other.files_taken;
  repeated += other.repeated;
  freezes += other.freezes;
  deaths += other.deaths;
  conflicts += other.conflicts;
  late_commits += other.late_commits;
  late_calls += other.late_calls;
  calls_failed += other.calls_failed;
  objects_made += other.objects_made;
  folds += other.folds;
  told_apart += other.told_apart;
  attempts += other.attempts;
  overlapping_attempts += other.overlapping_attempts;
  answers += other.answers;
  bytes_acknowledged += other.bytes_acknowledged;
}

std::string to_text(const NodesTally& tally) {
  return fmt::format(
      "{} requests, {} files taken, {} repeated, {} nodes stopped and woken, {} restarts, {} "
      "conflicts, "
      "{} late commits, {} objects made, {} calls of the bucket failed, {} came late, {} folds, "
      "{} clients told apart, {} attempts, {} beside another one, {} answers, {} bytes "
      "acknowledged",
      tally.requests, tally.files_taken, tally.repeated, tally.freezes, tally.deaths,
      tally.conflicts, tally.late_commits, tally.objects_made, tally.calls_failed, tally.late_calls,
      tally.folds, tally.told_apart, tally.attempts, tally.overlapping_attempts, tally.answers,
      tally.bytes_acknowledged);
}

NodesOutcome run_nodes(std::uint64_t seed, NodesDefect defect) {
  Dice dice(seed);
  return NodesWorld(dice, defect).run();
}

NodesWorld::NodesWorld(Dice& dice, NodesDefect defect) : dice_(dice), shared_(dice, defect) {
  choose_faults();
  const std::vector<const char*> names{"ann", "bob", "cid"};
  for (std::uint64_t count = dice_.between(2, names.size()); nodes_.size() < count;) {
    nodes_.push_back(std::make_unique<Node>(names[nodes_.size()], shared_, context_, clock_));
  }
}

NodesWorld::~NodesWorld() = default;

NodesOutcome NodesWorld::run() {
  for (std::uint64_t steps = dice_.between(4, 16); steps > 0 && sound(); --steps) {
    step();
    check();
  }
  shared_.faults = {};
  for (std::unique_ptr<Node>& node : nodes_) {
    node->gate().thaw();
    run_until_quiet();
  }
  check();
  if (sound()) {
    finish();
  }
  // Coroutines end before the objects that they refer to.
  for (std::unique_ptr<Node>& node : nodes_) {
    end(*node);
  }
  tally_.conflicts = shared_.conflicts;
  tally_.calls_failed = shared_.calls_failed;
  tally_.objects_made = shared_.objects_made;
  tally_.folds = shared_.folds;
  tally_.attempts = shared_.attempts_begun;
  tally_.overlapping_attempts = shared_.overlapping_attempts;
  for (const auto& [id, upload] : uploads_) {
    tally_.answers += upload.answer ? 1 : 0;
    tally_.bytes_acknowledged += upload.acknowledged;
  }
  return {shared_.violation, tally_};
}

void NodesWorld::choose_faults() {
  NodesFaults& faults = shared_.faults;
  const auto rate = [this](double most) {
    return dice_.chance(0.4) ? 0 : most * static_cast<double>(dice_.between(1, 4)) / 4;
  };
  faults.freeze = rate(0.15);
  faults.death = rate(0.03);
  faults.lost_reply = rate(0.05);
  faults.late = rate(0.03);
  faults.lost_read = rate(0.03);
  faults.backend_failure = rate(0.4);
  faults.refusal = rate(0.4);
  faults.lost_call = rate(0.05);
  faults.late_call = rate(0.05);
  faults.doubled_call = rate(0.05);
  faults.lost_answer = rate(0.05);
  faults.slow_call = rate(0.2);
  faults.scratch = rate(0.02);
  has_others_ = dice_.chance(0.3);
  expires_ = dice_.chance(0.2);
  const std::chrono::hours hours(expires_ ? 2 : 10'000);
  shared_.expiry = {hours, 3 * hours, 3 * hours, hours, hours, hours};
}

void NodesWorld::spawn(Node& node, Task<> action) {
  ++tally_.requests;
  node.tasks().spawn("client", std::move(action));
}

void NodesWorld::step() {
  for (std::uint64_t count = dice_.between(1, 5); count > 0; --count) {
    Node& node = any_node();
    if (node.gate().is_alive()) {
      spawn(node, any_action(node));
    }
  }
  run_until_quiet();
  end_silence(nullptr);
  run_until_quiet();
  for (const std::unique_ptr<Node>& node : nodes_) {
    if (!node->gate().is_frozen()) {
      node->objects().check_orphans();
    }
  }
  if (dice_.chance(0.4)) {
    make_a_commit_come_true();
  }
  if (dice_.chance(0.4)) {
    let_a_call_arrive();
  }
  pass_time();
  for (const std::unique_ptr<Node>& node : nodes_) {
    node->objects().write_behind();
  }
}

void NodesWorld::pass_time() {
  // A lease lasts an hour.
  advance(std::chrono::minutes(dice_.chance(0.3) ? 61 : dice_.below(20)));
  for (std::unique_ptr<Node>& node : nodes_) {
    if (node->gate().is_frozen() && dice_.chance(0.4)) {
      ++tally_.freezes;
      node->gate().thaw();
      run_until_quiet();
    }
    if (!node->gate().is_alive() || dice_.chance(0.08)) {
      ++tally_.deaths;
      restart(node);
    }
  }
}

Task<> NodesWorld::any_action(Node& node) {
  if (uploads_.empty() || (uploads_.size() < uploads_of_nodes_max && dice_.chance(0.1))) {
    return dice_.chance(0.8) ? create(node) : take_file(node);
  }
  if (!late_.empty() && dice_.chance(0.1)) {
    const Piece piece = late_.back();
    late_.pop_back();
    ++tally_.repeated;
    return append(node, piece);
  }
  const auto index = static_cast<std::ptrdiff_t>(dice_.below(uploads_.size()));
  Known& upload = std::next(uploads_.begin(), index)->second;
  const std::uint64_t kind = dice_.below(100);
  if (kind < 65) {
    return any_piece(node, upload);
  }
  if (kind < 85) {
    return status(node, upload);
  }
  if (kind < 95) {
    return shared_.defect == NodesDefect::collects_what_no_row_names ? node.collect(upload.id)
                                                                     : node.fold(upload.id);
  }
  return kind < 97 ? abort(node, upload) : reap(node);
}

Task<> NodesWorld::any_piece(Node& node, Known& upload) {
  const std::uint64_t size = upload.source.size();
  Piece piece;
  piece.upload_id = upload.id;
  piece.range.begin =
      dice_.chance(0.7) ? upload.acknowledged : dice_.below(upload.acknowledged + 1);
  piece.range.end = dice_.chance(0.4) ? size : dice_.between(piece.range.begin, size);
  const std::uint64_t how = dice_.below(10);
  piece.ending = how < 7   ? ClientSource::Ending::end
                 : how < 9 ? ClientSource::Ending::lost
                           : ClientSource::Ending::silent;
  piece.is_of_others = has_others_ && dice_.chance(0.15);
  if (dice_.chance(0.1)) {
    repeat(piece);
  }
  return append(node, piece);
}

void NodesWorld::repeat(const Piece& piece) {
  Node& node = any_node();
  if (dice_.chance(0.5)) {
    late_.push_back(piece);
  } else if (node.gate().is_alive()) {
    ++tally_.repeated;
    spawn(node, append(node, piece));
  }
}

void NodesWorld::run_until_quiet() {
  context_.restart();
  for (int turns = 0; context_.poll() > 0; ++turns) {
    SLUICE_CHECK(turns < 100'000);
    context_.restart();
  }
}

void NodesWorld::end_silence(const Node* node) {
  for (const Request& request : sources_) {
    if (request.node == node || (node == nullptr && request.source->is_silent())) {
      request.source->cancel(Errc::closed_by_peer);
    }
  }
}

void NodesWorld::end(Node& node) {
  node.gate().die();
  node.tasks().spawn("close", node.close());
  run_until_quiet();
  end_silence(&node);
  for (int turns = 0; node.tasks().size() > 0; ++turns) {
    SLUICE_CHECK(turns < 1000);
    context_.restart();
    context_.run_one_for(std::chrono::milliseconds(10));
  }
  const bool is_drained = testing::run_in(context_, node.drain());
  SLUICE_CHECK(is_drained);
  node.objects().lose_scratch();
  run_until_quiet();
}

void NodesWorld::restart(std::unique_ptr<Node>& node) {
  const std::string name = node->name();
  end(*node);
  node.reset();
  node = std::make_unique<Node>(name, shared_, context_, clock_);
  run_until_quiet();
}

void NodesWorld::make_a_commit_come_true() {
  if (shared_.late.empty()) {
    return;
  }
  const auto which =
      shared_.late.begin() + static_cast<std::ptrdiff_t>(dice_.below(shared_.late.size()));
  ++tally_.late_commits;
  std::ignore = testing::run(shared_.journal.commit(std::move(*which)));
  shared_.late.erase(which);
}

void NodesWorld::let_a_call_arrive() {
  if (shared_.late_calls.empty()) {
    return;
  }
  const auto which = shared_.late_calls.begin() +
                     static_cast<std::ptrdiff_t>(dice_.below(shared_.late_calls.size()));
  if (!is_signature_over(which->signed_at, shared_.now())) {
    ++tally_.late_calls;
    std::ignore = testing::run(which->effect());
  }
  shared_.late_calls.erase(which);
}

void NodesWorld::advance(Duration by) {
  clock_.advance(by);
  shared_.journal.lease_clock.advance(by);
}

// On sound nodes every upload can be completed, by turns, then forgotten.
void NodesWorld::finish() {
  while (!shared_.late_calls.empty()) {
    let_a_call_arrive();
  }
  advance(std::chrono::hours(2));
  for (std::unique_ptr<Node>& node : nodes_) {
    restart(node);
  }
  for (auto& [id, upload] : uploads_) {
    complete(upload);
  }
  check();
  if (sound()) {
    clean();
  }
}

// Where clients have sent two files, with the one that is stored.
void NodesWorld::complete(Known& upload) {
  const std::uint64_t size = upload.source.size();
  for (std::size_t at = 0; at < size; ++at) {
    if (upload.is_mixed && upload.stored[at] != '\0') {
      upload.source[at] = upload.stored[at];
    }
  }
  const std::uint64_t middle = (upload.acknowledged + size) / 2;
  const Piece halves[] = {{upload.id, {upload.acknowledged, middle}}, {upload.id, {middle, size}}};
  for (std::size_t i = 0; i < 2; ++i) {
    nodes_[i]->tasks().spawn("client", append(*nodes_[i], halves[i]));
    run_until_quiet();
  }
  for (const std::unique_ptr<Node>& node : nodes_) {
    node->tasks().spawn("client", status(*node, upload));
    run_until_quiet();
  }
  if (!upload.answer && !upload.may_be_gone) {
    shared_.violate("an upload cannot be completed");
  }
}

void NodesWorld::clean() {
  for (int round = 0; round < cleaning_rounds_of_nodes_max && !shared_.journal.uploads.empty();
       ++round) {
    advance(std::chrono::hours(40'000));
    for (const std::unique_ptr<Node>& node : nodes_) {
      node->tasks().spawn("reaper", reap(*node));
    }
    run_until_quiet();
  }
  if (!shared_.journal.uploads.empty()) {
    shared_.violate("an upload is never forgotten");
  }
  for (const auto& [name, bytes] : shared_.bucket.objects) {
    if (!shared_.orphans.contains(name)) {
      shared_.violate(fmt::format("the object {} is left over", name));
    }
  }
}

}  // namespace sluice::simulation
