// SPDX-License-Identifier: MIT
// One of two nodes: an engine and an outbox of its own, over the journal, the store and the
// application that it shares with the other. It may be stopped at any await and go on later, as a
// suspended process does, or die.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delivery/backend.h"
#include "delivery/outbox.h"
#include "runtime/buffer_pool.h"
#include "runtime/event.h"
#include "simulation/dice.h"
#include "store/answer_files.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"
#include "support/memory_store.h"
#include "upload/announcer.h"
#include "upload/upload_engine.h"

namespace sluice::simulation {

enum class SharingDefect {
  none,
  changes_without_versions,
  delivers_without_claims,
  answers_from_its_cache,
};

// Probabilities, for each call.
struct SharingFaults {
  double freeze = 0;
  double death = 0;
  double lost_reply = 0;  // A commit is durable, and the engine hears of a failure.
  double late = 0;        // The engine hears of a failure, and the commit comes later.
  double backend_failure = 0;
};

// The state that nodes share.
struct Shared {
  explicit Shared(Dice& the_dice, SharingDefect the_defect);

  Timestamp now() const { return journal.lease_clock.now(); }
  void violate(const std::string& what);
  // By upload: the file as the clients have it.
  std::map<std::uint64_t, std::string> sources;

  Dice& dice;
  const SharingDefect defect;
  SharingFaults faults;
  testing::MemoryJournal journal;
  testing::MemoryStore store;
  std::vector<std::vector<journal::Change>> late;  // Commits that are still on their way.
  std::map<std::string, std::string> application;  // The application's answer, by Idempotency-Key.
  struct Attempt {
    std::string node;
    std::uint64_t upload_id = 0;
  };
  std::map<std::uint64_t, Attempt> attempts;  // Under way.
  std::uint64_t attempts_begun = 0;
  std::map<std::pair<std::string, std::uint64_t>, Timestamp> claims;  // By node and upload: until.
  std::uint64_t conflicts = 0;
  std::uint64_t overlapping_attempts = 0;  // A node was stopped beyond its lease.
  std::optional<std::string> violation;
};

// Every call of a node to the journal, the store or the application passes here.
class Gate {
 public:
  explicit Gate(Dice& dice) : dice_(dice) {}

  // Lets other coroutines go first, and waits while the node is stopped. On a dead node it waits
  // until end(), and returns false.
  runtime::Task<bool> pass();
  void freeze();
  void thaw();
  void die();
  // Ends the waiting coroutines of a dead node.
  void end();
  bool is_frozen() const { return frozen_ != nullptr; }
  bool is_alive() const { return alive_; }

 private:
  Dice& dice_;
  bool alive_ = true;
  std::shared_ptr<runtime::Event> frozen_;  // Set when it goes on. Null: it runs.
  const std::shared_ptr<runtime::Event> end_ = std::make_shared<runtime::Event>();
};

class Node {
 public:
  // A process begins.
  Node(std::string name, Shared& shared, boost::asio::io_context& context, Clock& clock);
  // REQUIRES: close() and the tasks have ended.
  ~Node();

  Gate& gate() { return gate_; }
  const std::string& name() const { return name_; }
  upload::UploadEngine& engine() { return *engine_; }
  // The requests of clients.
  runtime::TaskGroup& tasks() { return tasks_; }
  runtime::Task<> close();

 private:
  class Journal;
  class Store;
  class Application;

  const std::string name_;
  Shared& shared_;
  Gate gate_;
  NullLog log_;
  Metrics metrics_;
  runtime::BufferPool buffers_;
  store::AnswerFiles answers_;
  upload::NoAnnouncer announcer_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Application> application_;
  std::unique_ptr<delivery::Outbox> outbox_;
  std::unique_ptr<upload::UploadEngine> engine_;
  runtime::TaskGroup tasks_;
};

}  // namespace sluice::simulation
