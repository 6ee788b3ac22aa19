// SPDX-License-Identifier: MIT
#include "simulation/two_engines_world.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "base/check.h"
#include "support/run.h"

namespace sluice::simulation {
namespace {

using runtime::Task;

constexpr std::uint64_t uploads_max = 3;
constexpr int cleaning_rounds_max = 6;

}  // namespace

void SharingTally::add(const SharingTally& other) {
  requests += other.requests;
  freezes += other.freezes;
  deaths += other.deaths;
  conflicts += other.conflicts;
  late_commits += other.late_commits;
  attempts += other.attempts;
  overlapping_attempts += other.overlapping_attempts;
  answers += other.answers;
  bytes_acknowledged += other.bytes_acknowledged;
}

SharingOutcome run_two_engines(std::uint64_t seed, SharingDefect defect) {
  Dice dice(seed);
  return TwoEngines(dice, defect).run();
}

TwoEngines::TwoEngines(Dice& dice, SharingDefect defect) : dice_(dice), shared_(dice, defect) {
  for (const char* const name : {"ann", "bob"}) {
    nodes_.push_back(std::make_unique<Node>(name, shared_, context_, clock_));
  }
}

TwoEngines::~TwoEngines() = default;

SharingOutcome TwoEngines::run() {
  choose_faults();
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
  tally_.attempts = shared_.attempts_begun;
  tally_.overlapping_attempts = shared_.overlapping_attempts;
  for (const auto& [id, upload] : uploads_) {
    tally_.answers += upload.answer ? 1 : 0;
    tally_.bytes_acknowledged += upload.acknowledged;
  }
  return {shared_.violation, tally_};
}

void TwoEngines::choose_faults() {
  SharingFaults& faults = shared_.faults;
  const auto rate = [this](double most) {
    return dice_.chance(0.4) ? 0 : most * static_cast<double>(dice_.between(1, 4)) / 4;
  };
  faults.freeze = rate(0.15);
  faults.death = rate(0.03);
  faults.lost_reply = rate(0.05);
  faults.late = rate(0.03);
  faults.backend_failure = rate(0.4);
}

void TwoEngines::step() {
  for (std::uint64_t count = dice_.between(1, 5); count > 0; --count) {
    Node& node = any_node();
    if (node.gate().is_alive()) {
      ++tally_.requests;
      node.tasks().spawn("client", any_action(node));
    }
  }
  run_until_quiet();
  end_silence(nullptr);
  run_until_quiet();
  if (dice_.chance(0.4)) {
    make_a_commit_come_true();
  }
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

Task<> TwoEngines::any_action(Node& node) {
  if (uploads_.empty() || (uploads_.size() < uploads_max && dice_.chance(0.1))) {
    return create(node);
  }
  const auto index = static_cast<std::ptrdiff_t>(dice_.below(uploads_.size()));
  Known& upload = std::next(uploads_.begin(), index)->second;
  const std::uint64_t kind = dice_.below(100);
  if (kind < 70) {
    const std::uint64_t size = shared_.sources[upload.id].size();
    const std::uint64_t begin =
        dice_.chance(0.7) ? upload.acknowledged : dice_.below(upload.acknowledged + 1);
    const std::uint64_t end = dice_.chance(0.4) ? size : dice_.between(begin, size);
    const std::uint64_t how = dice_.below(10);
    return append(node, upload, {begin, end},
                  how < 7   ? ClientSource::Ending::end
                  : how < 9 ? ClientSource::Ending::lost
                            : ClientSource::Ending::silent);
  }
  if (kind < 94) {
    return status(node, upload);
  }
  return kind < 96 ? abort(node, upload) : reap(node);
}

void TwoEngines::run_until_quiet() {
  context_.restart();
  for (int turns = 0; context_.poll() > 0; ++turns) {
    SLUICE_CHECK(turns < 100'000);
    context_.restart();
  }
}

void TwoEngines::end_silence(const Node* node) {
  for (const Request& request : sources_) {
    if (request.node == node || (node == nullptr && request.source->is_silent())) {
      request.source->cancel(Errc::closed_by_peer);
    }
  }
}

void TwoEngines::end(Node& node) {
  node.gate().die();
  node.tasks().spawn("close", node.close());
  run_until_quiet();
  end_silence(&node);
  for (int turns = 0; node.tasks().size() > 0; ++turns) {
    SLUICE_CHECK(turns < 1000);
    context_.restart();
    context_.run_one_for(std::chrono::milliseconds(10));
  }
  run_until_quiet();
}

void TwoEngines::restart(std::unique_ptr<Node>& node) {
  const std::string name = node->name();
  end(*node);
  node.reset();
  node = std::make_unique<Node>(name, shared_, context_, clock_);
  run_until_quiet();
}

void TwoEngines::make_a_commit_come_true() {
  if (shared_.late.empty()) {
    return;
  }
  const auto which =
      shared_.late.begin() + static_cast<std::ptrdiff_t>(dice_.below(shared_.late.size()));
  ++tally_.late_commits;
  (void)sluice::testing::run(shared_.journal.commit(std::move(*which)));
  shared_.late.erase(which);
}

void TwoEngines::advance(Duration by) {
  clock_.advance(by);
  shared_.journal.lease_clock.advance(by);
}

// On two sound nodes every upload can be completed, by turns, then forgotten.
void TwoEngines::finish() {
  advance(std::chrono::hours(2));
  for (std::unique_ptr<Node>& node : nodes_) {
    restart(node);
  }
  for (auto& [id, upload] : uploads_) {
    complete(upload);
  }
  check();
  for (int round = 0; round < cleaning_rounds_max && !shared_.journal.uploads.empty(); ++round) {
    advance(std::chrono::hours(20'000));
    for (const std::unique_ptr<Node>& node : nodes_) {
      node->tasks().spawn("reaper", reap(*node));
    }
    run_until_quiet();
  }
  if (!shared_.journal.uploads.empty()) {
    shared_.violate("an upload is never forgotten");
  }
}

void TwoEngines::complete(Known& upload) {
  const std::uint64_t size = shared_.sources[upload.id].size();
  const ByteRange halves[] = {{upload.acknowledged, (upload.acknowledged + size) / 2},
                              {(upload.acknowledged + size) / 2, size}};
  for (std::size_t i = 0; i < 2; ++i) {
    nodes_[i]->tasks().spawn("client",
                             append(*nodes_[i], upload, halves[i], ClientSource::Ending::end));
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

}  // namespace sluice::simulation
