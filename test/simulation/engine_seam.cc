// SPDX-License-Identifier: MIT
#include "simulation/engine_seam.h"

#include <algorithm>

#include "base/checked.h"

namespace sluice::simulation {

runtime::Task<EngineSeam::Found> EngineSeam::seen(std::string token, runtime::Task<Found> command) {
  Found found = co_await std::move(command);
  if (!found) {
    hear_(token, found.error());
    co_return found;
  }
  upload::Snapshot snapshot = **found;
  spoil(snapshot);
  co_return std::make_unique<const upload::Snapshot>(std::move(snapshot));
}

runtime::Task<EngineSeam::Found> EngineSeam::peek(std::string token) {
  Found found = co_await seen(token, engine_.peek(token));
  if (!found || defect_ != Defect::tells_of_unsynced_progress) {
    co_return found;
  }
  upload::Snapshot snapshot = **found;
  name_unsynced(snapshot);
  co_return std::make_unique<const upload::Snapshot>(std::move(snapshot));
}

void EngineSeam::name_unsynced(upload::Snapshot& snapshot) {
  if (snapshot.answer || !snapshot.file_size) {
    return;
  }
  for (const ByteRange& range : store_.unsynced(snapshot.id).ranges()) {
    snapshot.stored.add(range);
  }
  snapshot.acknowledged =
      std::min(snapshot.stored.prefix(), saturating_subtract(*snapshot.file_size, 1));
}

void EngineSeam::spoil(upload::Snapshot& snapshot) {
  switch (defect_) {
    case Defect::reports_unsynced_bytes:
      name_unsynced(snapshot);
      return;
    case Defect::tells_the_size_before_the_handoff:
      if (snapshot.file_size == snapshot.stored.prefix() && !snapshot.answer) {
        snapshot.acknowledged = *snapshot.file_size;
        snapshot.state = model::UploadState::delivered;
      }
      return;
    case Defect::tells_of_all_parts_before_the_handoff:
      if (snapshot.layout && snapshot.file_size == snapshot.stored.prefix() && !snapshot.answer) {
        ++*snapshot.file_size;
      }
      return;
    case Defect::tells_another_answer:
      if (snapshot.answer && ++answers_told_ % 2 == 0) {
        snapshot.answer->body += " once more";
      }
      return;
    default:
      return;
  }
}

}  // namespace sluice::simulation
