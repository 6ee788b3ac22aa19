// SPDX-License-Identifier: MIT
// One of several nodes: an engine, an outbox and a scratch of its own, over the journal, the bucket
// and the application that it shares with the others. It may be stopped at any await and go on
// later, as a suspended process does, or die.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/limits.h"
#include "base/log.h"
#include "delivery/outbox.h"
#include "runtime/blocking_pool.h"
#include "runtime/buffer_pool.h"
#include "simulation/faulty_disk.h"
#include "simulation/nodes_application.h"
#include "simulation/nodes_journal.h"
#include "simulation/nodes_objects.h"
#include "simulation/nodes_shared.h"
#include "store/answer_files.h"
#include "store/objects/extent_store.h"
#include "support/manual_clock.h"
#include "support/memory_store.h"
#include "upload/announcer.h"
#include "upload/upload_engine.h"

namespace sluice::simulation {

class Node {
 public:
  // A process begins.
  Node(std::string name, NodesShared& shared, boost::asio::io_context& context, Clock& clock);
  // REQUIRES: close() and the tasks have ended, then drain().
  ~Node();

  Gate& gate() { return gate_; }
  const std::string& name() const { return name_; }
  upload::UploadEngine& engine() { return *engine_; }
  NodeObjects& objects() { return objects_; }
  // The requests of clients.
  runtime::TaskGroup& tasks() { return tasks_; }
  // Several objects of the upload become one.
  runtime::Task<> fold(std::uint64_t upload_id);
  // With NodesDefect::collects_what_no_row_names.
  runtime::Task<> collect(std::uint64_t upload_id);
  runtime::Task<> close();
  runtime::Task<bool> drain() { return extents_.drain(limits::extent_wait_max); }

 private:
  class TrustingStore;

  runtime::Task<> remove_folded(std::uint64_t upload_id, std::vector<model::Extent> old);

  const std::string name_;
  NodesShared& shared_;
  Gate gate_;
  Process process_;
  NullLog log_;
  Metrics metrics_;
  runtime::BlockingPool pool_{0};
  runtime::BufferPool buffers_;
  FaultyDisk disk_;
  store::objects::Scratch scratch_;
  NodeJournal journal_;
  NodeObjects objects_;
  store::objects::ExtentReader reader_;
  store::objects::ExtentNames names_;  // Of folded objects.
  store::objects::ExtentStore extents_;
  const std::unique_ptr<store::Store> store_;  // With its defect.
  testing::MemoryStore files_;
  store::AnswerFiles answers_;
  upload::NoAnnouncer announcer_;
  NodeApplication application_;
  std::unique_ptr<delivery::Outbox> outbox_;
  std::unique_ptr<upload::UploadEngine> engine_;
  runtime::TaskGroup tasks_;
};

}  // namespace sluice::simulation
