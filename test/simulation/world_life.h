// SPDX-License-Identifier: MIT
// One process of a simulated server.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>

#include "auth/authenticator.h"
#include "auth/keyring.h"
#include "dialects.h"
#include "journal/journal.h"
#include "protocol/session_gate.h"
#include "runtime/task.h"
#include "simulation/engine_seam.h"
#include "simulation/seams.h"
#include "simulation/world.h"
#include "store/answer_files.h"
#include "store/local/local_files.h"
#include "store/local/local_store.h"
#include "support/no_services.h"
#include "upload/announcer.h"
#include "upload/upload_engine.h"

namespace sluice::simulation {

struct World::Life {
  explicit Life(World& world);

  store::local::LocalStore store;
  StoreSeam seam;
  store::local::LocalFiles files;
  store::AnswerFiles answers;
  upload::NoAnnouncer announcer;
  upload::UploadEngine engine;
  EngineSeam engine_of_dialects;
  protocol::OpenGate gate;
  testing::NoVideos videos;
  testing::NoFiles stored_files;
  testing::NoPages pages;
  auth::Keyring nobody{{}, false};
  auth::Authenticator open_to_all;
  Dialects dialects;
  runtime::TaskGroup tasks;
  std::deque<model::UploadRecord> waiting;  // For the backend.
  // Uploads of which this process knows that they are complete: their last round of attempts.
  std::map<std::uint64_t, Timestamp> submitted;
  // Those of which it knows that the backend has taken the file.
  std::set<std::uint64_t> delivered;
  const bool delivers_at_once;
};

}  // namespace sluice::simulation
