// SPDX-License-Identifier: MIT
#include "journal/damaged_rows.h"

#include "base/limits.h"

namespace sluice::journal {

Error DamagedRows::add(const char* table, std::int64_t rowid, std::string_view reason) {
  const std::pair key(std::string(table), rowid);
  if (reasons_.size() < limits::damaged_rows_known_max && !reasons_.contains(key)) {
    reasons_.emplace(key, reason);
    metrics_.damaged_rows.set(static_cast<std::int64_t>(reasons_.size()));
    log_.error("a row of the journal cannot be read and is set aside",
               {{"table", table}, {"row", rowid}, {"reason", reason}});
  }
  return Error(Errc::record_damaged,
               "what the server knows of this cannot be read; its operator has to repair it");
}

std::vector<DamagedRow> DamagedRows::known() const {
  std::vector<DamagedRow> rows;
  for (const auto& [key, reason] : reasons_) {
    rows.push_back({key.first, key.second, reason});
  }
  return rows;
}

Result<std::string> to_sql(Connection& connection, const DamagedRow& row) {
  Result<Statement> statement =
      connection.prepare("SELECT * FROM " + row.table + " WHERE rowid = ?");
  if (!statement) {
    return fail(statement.error());
  }
  Execution execution(*statement);
  execution.bind(row.rowid);
  const Result<bool> found = execution.step();
  if (!found) {
    return fail(found.error());
  }
  std::string values;
  if (!*found) {
    return values;
  }
  for (std::string value = execution.take_literal(); !value.empty();
       value = execution.take_literal()) {
    values += (values.empty() ? "" : ", ") + value;
  }
  return "INSERT INTO " + row.table + " VALUES (" + values + ");\n";
}

}  // namespace sluice::journal
