// SPDX-License-Identifier: MIT
#include "journal/boot.h"

#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "base/range_set.h"
#include "journal/layout.h"
#include "journal/stored_text.h"

namespace sluice::journal {
namespace {

struct Row {
  std::int64_t id = 0;
  std::string stored;
};

// What is left of them.
Result<std::vector<Row>> unsynced_rows(Connection& connection) {
  Result<Statement> select = connection.prepare(
      "SELECT id, layout, stored, unsynced FROM uploads INDEXED BY uploads_unsynced WHERE unsynced "
      "<> ''");
  if (!select) {
    return fail(select.error());
  }
  std::vector<Row> rows;
  Execution execution(*select);
  const Result<> read = execution.each_row([&] {
    const std::int64_t id = execution.take_integer();
    std::optional<Layout> layout = layout_from_text(execution.take_bytes());
    const Layout* const known = layout ? &*layout : nullptr;
    std::optional<RangeSet> stored = stored_from_text(execution.take_bytes(), known);
    const std::optional<RangeSet> unsynced = stored_from_text(execution.take_bytes(), known);
    if (!stored || !unsynced) {
      return;  // It cannot be read, so its bytes count as stored nowhere.
    }
    for (const ByteRange& range : unsynced->ranges()) {
      stored->remove(range);
    }
    rows.push_back({id, stored_to_text(*stored, known)});
  });
  if (!read) {
    return fail(read.error());
  }
  return rows;
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
    Execution execution(*update);
    execution.bind_text(row.stored);
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
