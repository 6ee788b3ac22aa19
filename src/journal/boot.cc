// SPDX-License-Identifier: MIT
#include "journal/boot.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/range_set.h"
#include "journal/layout_text.h"
#include "journal/stored_text.h"
#include "model/layout.h"

namespace sluice::journal {
namespace {

struct Row {
  std::int64_t id = 0;
  std::uint64_t file_size = 0;
  std::optional<model::Layout> layout;
  RangeSet stored;
  RangeSet unsynced;

  const model::Layout* known_layout() const { return layout ? &*layout : nullptr; }
};

// A row that cannot be read is left out: its bytes count as stored nowhere.
Result<std::vector<Row>> unsynced_rows(Connection& connection) {
  Result<Statement> select = connection.prepare(
      "SELECT id, file_size, layout, stored, unsynced FROM uploads INDEXED BY uploads_unsynced "
      "WHERE unsynced <> ''");
  if (!select) {
    return fail(select.error());
  }
  std::vector<Row> rows;
  Execution execution(*select);
  const Result<> read = execution.each_row([&] {
    Row row;
    row.id = execution.take_integer();
    row.file_size = static_cast<std::uint64_t>(execution.take_integer());
    row.layout = layout_from_text(execution.take_bytes());
    std::optional<RangeSet> stored = stored_from_text(execution.take_bytes(), row.known_layout());
    std::optional<RangeSet> unsynced = stored_from_text(execution.take_bytes(), row.known_layout());
    if (stored && unsynced) {
      row.stored = *std::move(stored);
      row.unsynced = *std::move(unsynced);
      rows.push_back(std::move(row));
    }
  });
  if (!read) {
    return fail(read.error());
  }
  return rows;
}

Result<> write_rows(Connection& connection, const std::vector<Row>& rows) {
  Result<Statement> update =
      connection.prepare("UPDATE uploads SET stored = ?, unsynced = ? WHERE id = ?");
  if (!update) {
    return fail(update.error());
  }
  for (const Row& row : rows) {
    Execution execution(*update);
    const std::string stored = stored_to_text(row.stored, row.known_layout());
    const std::string unsynced = stored_to_text(row.unsynced, row.known_layout());
    execution.bind_text(stored);
    execution.bind_text(unsynced);
    execution.bind(row.id);
    if (Result<> done = execution.finish(); !done) {
      return done;
    }
  }
  return {};
}

Result<> forget_unsynced(Connection& connection) {
  Result<std::vector<Row>> rows = unsynced_rows(connection);
  if (!rows) {
    return fail(rows.error());
  }
  for (Row& row : *rows) {
    for (const ByteRange& range : row.unsynced.ranges()) {
      row.stored.remove(range);
    }
    row.unsynced = {};
  }
  return write_rows(connection, *rows);
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

Result<> name_bytes_of_blobs(Connection& connection, const BlobSize& blob_size) {
  Result<std::vector<Row>> rows = unsynced_rows(connection);
  if (!rows) {
    return fail(rows.error());
  }
  std::erase_if(*rows, [&](Row& row) {
    const ByteRange open_end{row.stored.prefix(), limits::file_size_max};
    if (!row.unsynced.contains(open_end)) {
      return true;
    }
    const Result<std::uint64_t> size = blob_size(static_cast<std::uint64_t>(row.id));
    if (!size) {
      return true;
    }
    row.unsynced.remove(open_end);
    const ByteRange come{open_end.begin, std::min(*size, row.file_size)};
    if (come.begin < come.end) {
      row.stored.add(come);
      row.unsynced.add(come);
    }
    return false;
  });
  if (rows->empty()) {
    return {};
  }
  Result<> done = connection.execute("BEGIN IMMEDIATE");
  if (done) {
    done = write_rows(connection, *rows);
  }
  return done ? connection.execute("COMMIT") : done;
}

}  // namespace sluice::journal
