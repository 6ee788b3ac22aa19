// SPDX-License-Identifier: MIT
// Whether a store keeps what the program relies on, asked once at the start: with a few objects of
// its own, which are gone afterwards.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/task.h"
#include "s3/object_store.h"

namespace sluice::s3 {

// In words for the operator: what is wrong, and what to do.
struct ProbeReport {
  std::vector<std::string> refusals;  // With these bytes could be lost, or none be stored.
  std::vector<std::string> warnings;
  bool copies_parts = true;  // UploadPartCopy.
};

// Adds what the rules of the bucket mean for the objects under `prefix`. Pure.
void judge_rules(const Result<BucketRules>& rules, const std::string& prefix, ProbeReport& report);

// `prefix` is that of all objects of the program; empty, or with a slash at its end. Where the
// store is away or turns the program away, the report has that one refusal.
runtime::Task<ProbeReport> probe(ObjectStore& store, std::string prefix);

// Whether objects can be made and removed there, which is all that a place needs that only takes
// finished ones. `prefix` as above. An error in words for the operator.
runtime::Task<Result<>> probe_place(ObjectStore& store, std::string prefix);

}  // namespace sluice::s3
