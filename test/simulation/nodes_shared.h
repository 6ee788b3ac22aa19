// SPDX-License-Identifier: MIT
// What several nodes share: the journal, the bucket, the application, and the faults between them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/event.h"
#include "simulation/dice.h"
#include "support/memory_journal.h"
#include "support/memory_objects.h"
#include "upload/append.h"

namespace sluice::simulation {

// One for each run, which the invariants have to find.
enum class NodesDefect {
  none,
  changes_without_versions,
  removes_after_an_unknown_commit,
  compares_nothing,
  folds_before_it_knows,
  uses_names_twice,
  collects_what_no_row_names,
  delivers_without_claims,
  keeps_ended_claims,
  answers_from_its_cache,
  acknowledges_what_is_in_scratch,
  forgets_what_comes_late,
};

// Probabilities, for each call.
struct NodesFaults {
  double freeze = 0;
  double death = 0;
  double lost_reply = 0;  // A commit is durable, and the engine hears of a failure.
  double late = 0;        // The engine hears of a failure, and the commit comes later.
  double lost_read = 0;   // Of the journal.
  double backend_failure = 0;
  double refusal = 0;  // By the backend.
  // Of the bucket: a request that never arrives, that arrives later, that arrives once more later,
  // that is done without an answer, and that takes long.
  double lost_call = 0;
  double late_call = 0;
  double doubled_call = 0;
  double lost_answer = 0;
  double slow_call = 0;
  double scratch = 0;  // The disk of a node's scratch.
};

struct NodesShared {
  NodesShared(Dice& the_dice, NodesDefect the_defect);

  Timestamp now() const { return journal.lease_clock.now(); }
  void violate(const std::string& what);
  // Under which name the bucket has an object: random names are counted, so that a seed is always
  // the same run.
  std::string name_of(const std::string& object);
  // The journal has no upload that the object could be of.
  bool is_forgotten(const std::string& object) const;
  // The bytes as the journal and the bucket have them; 0 where there is none.
  std::string content_of(std::uint64_t upload_id);

  Dice& dice;
  const NodesDefect defect;
  NodesFaults faults;
  upload::Expiry expiry;
  testing::MemoryJournal journal;
  testing::MemoryObjects bucket;
  std::map<std::string, std::string> runs;         // The names of processes, in the bucket.
  std::vector<std::vector<journal::Change>> late;  // Commits that are still on their way.
  // Requests to the bucket that are still on their way.
  struct LateCall {
    Timestamp signed_at;
    std::function<runtime::Task<Result<>>()> effect;
  };
  std::vector<LateCall> late_calls;
  // Objects that came when their upload was forgotten already: NodeObjects::check_orphans().
  std::set<std::string> orphans;
  // What the application has taken, by Idempotency-Key.
  struct Taken {
    std::uint64_t upload_id = 0;
    model::Answer answer;
    std::string bytes;
  };
  std::map<std::string, Taken> application;
  // By node and upload: until when the node holds the hand-off.
  std::map<std::pair<std::string, std::uint64_t>, Timestamp> claims;
  struct Attempt {
    std::string node;
    std::uint64_t upload_id = 0;
  };
  std::map<std::uint64_t, Attempt> attempts;  // Under way.
  std::uint64_t attempts_begun = 0;
  std::uint64_t overlapping_attempts = 0;  // A node was stopped beyond its lease.
  std::uint64_t conflicts = 0;
  std::uint64_t objects_made = 0;
  std::uint64_t calls_failed = 0;  // Of the bucket.
  std::uint64_t folds = 0;
  std::optional<std::string> violation;
};

// No store takes a request that was signed longer ago.
bool is_signature_over(Timestamp signed_at, Timestamp now);

// Every call of a node to the journal, the bucket or the application passes here.
class Gate {
 public:
  explicit Gate(NodesShared& shared) : shared_(shared) {}

  // Lets other coroutines go first, and waits while the node is stopped. On a dead node it waits
  // until end(), and returns false.
  runtime::Task<bool> pass();
  // The node may stop or die here. `part`: of the rates.
  void stumble(double part = 1);
  void freeze();
  void thaw();
  void die();
  // Ends the waiting coroutines of a dead node.
  void end();
  // A call of the node has failed.
  void failed() { ++faults_; }
  std::uint64_t faults() const { return faults_; }
  bool is_frozen() const { return frozen_ != nullptr; }
  bool is_alive() const { return alive_; }

 private:
  NodesShared& shared_;
  bool alive_ = true;
  std::uint64_t faults_ = 0;
  std::shared_ptr<runtime::Event> frozen_;  // Set when it goes on. Null: it runs.
  const std::shared_ptr<runtime::Event> end_ = std::make_shared<runtime::Event>();
};

}  // namespace sluice::simulation
