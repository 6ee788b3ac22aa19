// SPDX-License-Identifier: MIT
#include "journal/boot.h"

#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "base/range_set.h"

namespace sluice::journal {
namespace {

struct Row {
  std::int64_t id = 0;
  RangeSet stored;
};

// What is left of them.
Result<std::vector<Row>> unsynced_rows(Connection& connection) {
  Result<Statement> select = connection.prepare(
      "SELECT id, stored, unsynced FROM uploads INDEXED BY uploads_unsynced WHERE unsynced <> ''");
  if (!select) {
    return fail(select.error());
  }
  std::vector<Row> rows;
  Execution execution(*select);
  for (;;) {
    const Result<bool> found = execution.step();
    if (!found) {
      return fail(found.error());
    }
    if (!*found) {
      return rows;
    }
    const std::int64_t id = execution.take_integer();
    std::optional<RangeSet> stored = RangeSet::from_text(execution.take_bytes());
    const std::optional<RangeSet> unsynced = RangeSet::from_text(execution.take_bytes());
    if (!stored || !unsynced) {
      return fail(Errc::storage_failed, "journal " + connection.path() + ": the row of upload " +
                                            std::to_string(id) + " is damaged");
    }
    for (const ByteRange& range : unsynced->ranges()) {
      stored->remove(range);
    }
    rows.push_back({id, std::move(*stored)});
  }
}

Result<> forget_unsynced(Connection& connection) {
  const Result<std::vector<Row>> rows = unsynced_rows(connection);
  if (!rows) {
    return fail(rows.error());
  }
  Result<Statement> update =
      connection.prepare("UPDATE uploads SET stored = ?, unsynced = '' WHERE id = ?");
  if (!update) {
    return fail(update.error());
  }
  for (const Row& row : *rows) {
    const std::string stored = row.stored.to_text();
    Execution execution(*update);
    execution.bind_text(stored);
    execution.bind(row.id);
    if (Result<> done = execution.finish(); !done) {
      return done;
    }
  }
  return {};
}

Result<> note_boot(Connection& connection, const std::string& boot_id) {
  Result<Statement> update = connection.prepare("UPDATE machine SET boot_id = ?");
  if (!update) {
    return fail(update.error());
  }
  Execution execution(*update);
  execution.bind_text(boot_id);
  return execution.finish();
}

}  // namespace

std::string current_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

Result<> take_over_boot(Connection& connection, const std::string& boot_id) {
  const Result<std::string> known = connection.query("SELECT boot_id FROM machine");
  if (!known) {
    return fail(known.error());
  }
  if (!boot_id.empty() && *known == boot_id) {
    return {};
  }
  Result<> done = connection.execute("BEGIN IMMEDIATE");
  if (done) {
    done = forget_unsynced(connection);
  }
  if (done) {
    done = note_boot(connection, boot_id);
  }
  if (done) {
    done = connection.execute("COMMIT");
  }
  return done;
}

}  // namespace sluice::journal
