// SPDX-License-Identifier: MIT
// Two or three nodes on one journal and one bucket, their clients, and the invariants that hold
// between all of them at any time. A run is made from a seed.
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
#include "simulation/nodes_node.h"
#include "support/manual_clock.h"

namespace sluice::simulation {

// The numbers of events in runs.
struct NodesTally {
  std::uint64_t requests = 0;
  std::uint64_t files_taken = 0;
  std::uint64_t repeated = 0;  // Of the requests: doubled by the network, or late.
  std::uint64_t freezes = 0;
  std::uint64_t deaths = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t late_commits = 0;
  std::uint64_t late_calls = 0;  // Of the bucket.
  std::uint64_t calls_failed = 0;
  std::uint64_t objects_made = 0;
  std::uint64_t folds = 0;
  std::uint64_t told_apart = 0;  // Clients with another file.
  std::uint64_t attempts = 0;
  std::uint64_t overlapping_attempts = 0;
  std::uint64_t answers = 0;
  std::uint64_t bytes_acknowledged = 0;

  void add(const NodesTally& other);
  friend bool operator==(const NodesTally&, const NodesTally&) = default;
};

std::string to_text(const NodesTally& tally);

struct NodesOutcome {
  std::optional<std::string> violation;
  NodesTally tally;
};

NodesOutcome run_nodes(std::uint64_t seed, NodesDefect defect = NodesDefect::none);

class NodesWorld {
 public:
  NodesWorld(Dice& dice, NodesDefect defect);
  ~NodesWorld();

  NodesOutcome run();

 private:
  // What the clients of one upload have sent and heard.
  struct Known {
    std::uint64_t id = 0;
    std::string token;
    std::string source;     // The file.
    std::string others;     // A file of the same size that differs in each byte.
    std::string confirmed;  // Bytes of answered requests; 0 where there are none.
    std::string stored;     // As the bucket had them; 0 where it had none.
    std::uint64_t acknowledged = 0;
    std::optional<std::string> answer;
    bool may_be_gone = false;  // A client asked for an abort, or uploads expire.
    bool is_mixed = false;     // A client has sent bytes of the other file.
  };
  struct Piece {
    std::uint64_t upload_id = 0;
    ByteRange range;
    ClientSource::Ending ending = ClientSource::Ending::end;
    bool is_of_others = false;
  };
  struct Request {
    ClientSource* source;
    Node* node;
  };

  bool sound() const { return !shared_.violation; }
  void choose_faults();
  void step();
  void pass_time();
  void finish();
  void complete(Known& upload);
  void clean();

  runtime::Task<> any_action(Node& node);
  runtime::Task<> any_piece(Node& node, Known& upload);
  void repeat(const Piece& piece);
  runtime::Task<> create(Node& node);
  // A file without a session.
  runtime::Task<> take_file(Node& node);
  void know(const upload::Snapshot& snapshot, const std::string& source);
  runtime::Task<> append(Node& node, Piece piece);
  runtime::Task<> status(Node& node, Known& upload);
  runtime::Task<> abort(Node& node, Known& upload);
  runtime::Task<> reap(Node& node);
  // `before`: `upload` when the request was sent. Later answers may overtake this one.
  void hear(Known& upload, const Known& before, const upload::Snapshot& snapshot);
  void hear_error(const Known& before, const Known& upload, const Error& error);
  void confirm(Known& upload, std::uint64_t begin, const std::string& bytes);

  void check();
  void check_upload(Known& upload);
  void check_bytes(Known& upload, const RangeSet& ranges);
  void check_application();

  Node& any_node() { return *nodes_[dice_.below(nodes_.size())]; }
  void spawn(Node& node, runtime::Task<> action);
  // Returns when every coroutine of all nodes waits.
  void run_until_quiet();
  // The silent clients of the node give up; null: those of all nodes.
  void end_silence(const Node* node);
  void end(Node& node);
  void restart(std::unique_ptr<Node>& node);
  void make_a_commit_come_true();
  void let_a_call_arrive();
  void advance(Duration by);

  Dice& dice_;
  boost::asio::io_context context_{1};
  testing::ManualClock clock_;
  NodesShared shared_;
  bool expires_ = false;     // Uploads do, within the run.
  bool has_others_ = false;  // Clients that send another file.
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::uint64_t, Known> uploads_;
  std::vector<Request> sources_;  // Of requests under way.
  std::vector<Piece> late_;       // Requests that come once more.
  NodesTally tally_;
};

}  // namespace sluice::simulation
