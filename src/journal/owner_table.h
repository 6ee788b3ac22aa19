// SPDX-License-Identifier: MIT
// The tables `owners` and `used_signatures`: the owners' usage, and the signatures that they may
// not use again. On the thread of its connection, which must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "journal/changes.h"
#include "journal/journal.h"
#include "journal/sqlite_connection.h"

namespace sluice::journal {

class OwnerTable {
 public:
  explicit OwnerTable(Connection& connection) : connection_(connection) {}
  // Once, before anything else, when the schema is there.
  Result<> prepare();

  // Whether the owner is within the limits now; asked behind the change that is to be judged.
  Result<> check(const std::string& owner, const OwnerLimits& limits);

  // As Journal::owners().
  Result<std::vector<OwnerUsage>> list(std::size_t count);

  // Forgets some of what has expired, so that the table stays as small as its use. A signature that
  // may have been forgotten serves no more, however early its request was judged.
  Result<> use_signature(const UseSignature& use);
  // In order of their digests, those behind `after`.
  Result<std::vector<UseSignature>> signatures_after(const std::string& after, std::size_t count);

 private:
  Connection& connection_;
  Statement usage_;
  Statement list_;
  Statement forget_;
  Statement use_;
  Statement read_uses_;
  // Uses that expired at this moment or before may be forgotten. It need not outlive the process:
  // no request that it concerns does.
  Timestamp forgotten_until_ = Timestamp::min();
};

}  // namespace sluice::journal
