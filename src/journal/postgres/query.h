// SPDX-License-Identifier: MIT
// Statements of PostgreSQL with their values, and the rows that come back, in the binary format:
// bytes are never escaped. One thread.
#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/columns.h"

namespace sluice::journal::postgres {

// Of the program, not of a call: each connection prepares it at its first use, under its name. An
// integer is a bigint, everything else a text or a bytea; where the server cannot tell from the
// columns beside a place which of them it is, the SQL has a cast.
struct Statement {
  std::string name;
  std::string sql;
};

// A statement with a value in each place, which it owns.
class Query final : public Places {
 public:
  // The statement must outlive it.
  explicit Query(const Statement& statement) : statement_(&statement) {}

  void bind(std::int64_t value) override;
  void bind_text(std::string_view value) override { bind_blob(value); }
  void bind_blob(std::string_view value) override { values_.emplace_back(value); }
  void bind_null() override { values_.emplace_back(); }
  // A bigint[].
  void bind_ids(const std::vector<std::uint64_t>& ids);

  const Statement& statement() const noexcept { return *statement_; }
  const std::vector<std::optional<std::string>>& values() const noexcept { return values_; }

 private:
  const Statement* statement_;
  std::vector<std::optional<std::string>> values_;
};

struct ResultClearer {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ResultClearer>;

// A row of a result, which must outlive it.
class ResultRow final : public Fields {
 public:
  ResultRow(const PGresult& result, int row) : result_(result), row_(row) {}

  bool next_is_null() const override;
  std::int64_t take_integer() override;
  std::string take_bytes() override;

 private:
  const PGresult& result_;
  const int row_;
  int column_ = 0;
};

// The rows that a query brought.
class Rows {
 public:
  explicit Rows(ResultHandle result) : result_(std::move(result)) {}

  std::size_t count() const { return static_cast<std::size_t>(PQntuples(result_.get())); }
  ResultRow row(std::size_t index) const { return {*result_, static_cast<int>(index)}; }

 private:
  ResultHandle result_;
};

// "$1, $2, ..., $count"
std::string places(int count);

}  // namespace sluice::journal::postgres
