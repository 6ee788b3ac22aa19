// SPDX-License-Identifier: MIT
#include "journal/postgres/query.h"

#include "base/check.h"

namespace sluice::journal::postgres {
namespace {

// In the order of the network.
template <class Integer>
void append_integer(std::string& bytes, Integer value) {
  for (int shift = static_cast<int>(sizeof value - 1) * 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift & 0xFF));
  }
}

constexpr std::int32_t bigint_type = 20;  // Its row in pg_type, which is the same everywhere.

}  // namespace

void Query::bind(std::int64_t value) {
  append_integer(values_.emplace_back(std::string()).value(), value);
}

// One dimension, no NULL, the type, the size, the first index; then each with its length
// (array_recv() in src/backend/utils/adt/arrayfuncs.c of PostgreSQL).
void Query::bind_ids(const std::vector<std::uint64_t>& ids) {
  std::string& bytes = values_.emplace_back(std::string()).value();
  append_integer(bytes, std::int32_t{1});
  append_integer(bytes, std::int32_t{0});
  append_integer(bytes, bigint_type);
  append_integer(bytes, static_cast<std::int32_t>(ids.size()));
  append_integer(bytes, std::int32_t{1});
  for (const std::uint64_t id : ids) {
    append_integer(bytes, static_cast<std::int32_t>(sizeof id));
    append_integer(bytes, static_cast<std::int64_t>(id));
  }
}

bool ResultRow::next_is_null() const {
  return PQgetisnull(&result_, row_, column_) != 0;
}

std::int64_t ResultRow::take_integer() {
  const std::string bytes = take_bytes();
  SLUICE_CHECK(bytes.empty() || bytes.size() == sizeof(std::int64_t));
  std::uint64_t value = 0;
  for (const char byte : bytes) {
    value = value << 8U | static_cast<unsigned char>(byte);
  }
  return static_cast<std::int64_t>(value);
}

std::string ResultRow::take_bytes() {
  const char* const data = PQgetvalue(&result_, row_, column_);
  const auto size = static_cast<std::size_t>(PQgetlength(&result_, row_, column_));
  ++column_;
  return {data, size};
}

std::string places(int count) {
  std::string text;
  for (int place = 1; place <= count; ++place) {
    text += (place == 1 ? "$" : ", $") + std::to_string(place);
  }
  return text;
}

}  // namespace sluice::journal::postgres
