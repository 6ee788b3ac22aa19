// SPDX-License-Identifier: MIT
#include "journal/owner_table.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "journal/refusals.h"

namespace sluice::journal {

Result<> OwnerTable::prepare() {
  return connection_.prepare_all({
      {&usage_, "SELECT sessions, bytes, records FROM owners WHERE name = ?"},
      {&list_,
       "SELECT name, sessions, bytes, records FROM (SELECT * FROM owners ORDER BY name LIMIT ?)"
       " ORDER BY bytes DESC, records DESC, name LIMIT ?"},
      {&forget_,
       "DELETE FROM used_signatures WHERE digest IN (SELECT digest FROM used_signatures"
       " INDEXED BY used_signatures_by_expiry WHERE expires_at <= ? LIMIT 4)"},
      {&read_uses_,
       "SELECT digest, expires_at FROM used_signatures WHERE digest > ? ORDER BY digest LIMIT ?"},
      {&use_, "INSERT OR IGNORE INTO used_signatures (digest, expires_at) VALUES (?, ?)"},
  });
}

Result<> OwnerTable::check(const std::string& owner, const OwnerLimits& limits) {
  if (!limits.sessions && !limits.bytes && !limits.records) {
    return {};
  }
  Execution execution(usage_);
  execution.bind_text(owner);
  const Result<bool> row = execution.step();
  if (!row) {
    return fail(row.error());
  }
  OwnerUsage usage;
  if (*row) {
    usage.sessions = static_cast<std::uint64_t>(execution.take_integer());
    usage.bytes = static_cast<std::uint64_t>(execution.take_integer());
    usage.records = static_cast<std::uint64_t>(execution.take_integer());
  }
  return within(usage, limits);
}

Result<std::vector<OwnerUsage>> OwnerTable::list(std::size_t count) {
  std::vector<OwnerUsage> owners;
  Execution execution(list_);
  execution.bind_count(limits::credentials_max);
  execution.bind_count(count);
  const Result<> read = execution.each_row([&] {
    OwnerUsage usage;
    usage.owner = execution.take_bytes();
    usage.sessions = static_cast<std::uint64_t>(execution.take_integer());
    usage.bytes = static_cast<std::uint64_t>(execution.take_integer());
    usage.records = static_cast<std::uint64_t>(execution.take_integer());
    owners.push_back(std::move(usage));
  });
  if (!read) {
    return fail(read.error());
  }
  return owners;
}

Result<> OwnerTable::use_signature(const UseSignature& use) {
  forgotten_until_ = std::max(forgotten_until_, use.now);
  if (use.expires_at <= forgotten_until_) {
    return fail(signature_has_expired());
  }
  {
    Execution execution(forget_);
    execution.bind(use.now.time_since_epoch().count());
    if (Result<> forgot = execution.finish(); !forgot) {
      return forgot;
    }
  }
  Execution execution(use_);
  execution.bind_text(use.digest);
  execution.bind(use.expires_at.time_since_epoch().count());
  if (Result<> used = execution.finish(); !used) {
    return used;
  }
  if (connection_.changes() != 1) {
    return fail(signature_was_used());
  }
  return {};
}

Result<std::vector<UseSignature>> OwnerTable::signatures_after(const std::string& after,
                                                               std::size_t count) {
  std::vector<UseSignature> uses;
  Execution execution(read_uses_);
  execution.bind_text(after);
  execution.bind_count(count);
  const Result<> read = execution.each_row([&] {
    std::string digest = execution.take_bytes();
    const Timestamp expires_at{Duration(execution.take_integer())};
    uses.push_back({std::move(digest), Timestamp(), expires_at});
  });
  if (!read) {
    return fail(read.error());
  }
  return uses;
}

}  // namespace sluice::journal
