// SPDX-License-Identifier: MIT
// Two nodes on one journal and one store, their clients, and the invariants that hold between all
// of them at any time. A run is made from a seed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/client_source.h"
#include "simulation/dice.h"
#include "simulation/two_engines_node.h"
#include "support/manual_clock.h"

namespace sluice::simulation {

// The numbers of events in runs.
struct SharingTally {
  std::uint64_t requests = 0;
  std::uint64_t freezes = 0;
  std::uint64_t deaths = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t late_commits = 0;
  std::uint64_t attempts = 0;
  std::uint64_t overlapping_attempts = 0;
  std::uint64_t answers = 0;
  std::uint64_t bytes_acknowledged = 0;

  void add(const SharingTally& other);
  friend bool operator==(const SharingTally&, const SharingTally&) = default;
};

struct SharingOutcome {
  std::optional<std::string> violation;
  SharingTally tally;
};

SharingOutcome run_two_engines(std::uint64_t seed, SharingDefect defect = SharingDefect::none);

class TwoEngines {
 public:
  TwoEngines(Dice& dice, SharingDefect defect);
  ~TwoEngines();

  SharingOutcome run();

 private:
  // The answers that the clients of one upload have got.
  struct Known {
    std::uint64_t id = 0;
    std::string token;
    std::uint64_t acknowledged = 0;
    std::optional<std::string> answer;
    bool may_be_gone = false;  // A client asked for an abort.
  };
  struct Request {
    ClientSource* source;
    Node* node;
  };

  bool sound() const { return !shared_.violation; }
  void choose_faults();
  void step();
  void finish();
  void complete(Known& upload);

  runtime::Task<> any_action(Node& node);
  runtime::Task<> create(Node& node);
  runtime::Task<> append(Node& node, Known& upload, ByteRange range, ClientSource::Ending ending);
  runtime::Task<> status(Node& node, Known& upload);
  runtime::Task<> abort(Node& node, Known& upload);
  runtime::Task<> reap(Node& node);
  // `before`: `upload` when the request was sent. Later answers may overtake this one.
  void hear(Known& upload, const Known& before, const upload::Snapshot& snapshot);
  void hear_error(const Known& before, const Known& upload, const Error& error);

  void check();
  void check_upload(const Known& upload);

  Node& any_node() { return *nodes_[dice_.below(nodes_.size())]; }
  // Returns when every coroutine of both nodes waits.
  void run_until_quiet();
  // The silent clients of the node give up; null: those of both nodes.
  void end_silence(const Node* node);
  void end(Node& node);
  void restart(std::unique_ptr<Node>& node);
  void make_a_commit_come_true();
  void advance(Duration by);

  Dice& dice_;
  boost::asio::io_context context_{1};
  testing::ManualClock clock_;
  Shared shared_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::uint64_t, Known> uploads_;
  std::vector<Request> sources_;  // Of requests under way.
  SharingTally tally_;
};

}  // namespace sluice::simulation
