// SPDX-License-Identifier: MIT
// Who has to be told of the turns in an upload's life.
#pragma once

#include <vector>

#include "journal/records.h"

namespace sluice::upload {

// Any thread.
class Announcer {
 public:
  virtual ~Announcer() = default;

  // What the journal has to keep in the same transaction as the turn, so that it is announced when
  // it came to be and only then. `before` is null when the upload is created; `record` holds
  // whatever does not change.
  virtual std::vector<journal::Change> announcements(
      const journal::UploadRecord& record, const journal::UploadProgress* before,
      const journal::UploadProgress& after) const = 0;
  // Such changes are durable.
  virtual void announced() = 0;
};

// Nobody has to be told.
class NoAnnouncer final : public Announcer {
 public:
  std::vector<journal::Change> announcements(const journal::UploadRecord&,
                                             const journal::UploadProgress*,
                                             const journal::UploadProgress&) const override {
    return {};
  }
  void announced() override {}
};

}  // namespace sluice::upload
