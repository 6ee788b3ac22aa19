// SPDX-License-Identifier: MIT
// The interface that announces the changes of an upload's state.
#pragma once

#include <vector>

#include "journal/changes.h"
#include "model/upload.h"

namespace sluice::upload {

// Any thread.
class Announcer {
 public:
  virtual ~Announcer() = default;

  // Changes that the journal has to commit in the same transaction as the change of state, so that
  // it is announced when it happened and only then. `before` is null when the upload is created;
  // `record` holds the facts that do not change.
  virtual std::vector<journal::Change> announcements(const model::UploadRecord& record,
                                                     const model::UploadProgress* before,
                                                     const model::UploadProgress& after) const = 0;
  // Such changes are durable.
  virtual void announced() = 0;
};

// Announces nothing.
class NoAnnouncer final : public Announcer {
 public:
  std::vector<journal::Change> announcements(const model::UploadRecord&,
                                             const model::UploadProgress*,
                                             const model::UploadProgress&) const override {
    return {};
  }
  void announced() override {}
};

}  // namespace sluice::upload
