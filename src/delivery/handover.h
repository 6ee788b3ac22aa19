// SPDX-License-Identifier: MIT
// Where the engine puts finished files.
#pragma once

#include "journal/records.h"

namespace sluice::delivery {

class Handover {
 public:
  virtual ~Handover() = default;

  // Any thread. The upload is `received` and durable.
  virtual void submit(journal::UploadRecord record) = 0;
};

}  // namespace sluice::delivery
