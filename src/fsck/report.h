// SPDX-License-Identifier: MIT
// What was found, said line by line and counted, with its repair where one is wanted.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "fsck/comparison.h"
#include "fsck/fsck.h"

namespace sluice::fsck {

class Report {
 public:
  // Returns what was done.
  using Repair = std::function<Result<std::string>()>;

  Report(const Options& options, const Say& say) : options_(options), say_(say) {}

  // Without a repair a person has to decide.
  void add(const Finding& finding, const Repair& repair = {});

  Summary summary;

 private:
  const Options& options_;
  const Say& say_;
};

}  // namespace sluice::fsck
