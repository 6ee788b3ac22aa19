// SPDX-License-Identifier: MIT
#include "journal/postgres/extent_queries.h"

#include <string>

#include "journal/postgres/failure.h"

namespace sluice::journal::postgres {
namespace {

// Extents do not overlap: before `first` there is one at the most that reaches beyond it.
constexpr const char* from_the_last_before =
    " first >= coalesce((SELECT max(first) FROM extents"
    " WHERE upload_id = $1::bigint AND first <= $2::bigint), 0)";

void bind_extent(Query& query, std::uint64_t upload_id, const model::Extent& extent) {
  query.bind_unsigned(upload_id);
  query.bind_unsigned(extent.range.begin);
  query.bind_unsigned(extent.range.end - 1);
  query.bind_text(extent.object);
  query.bind_unsigned(extent.object_begin);
}

}  // namespace

Query add_extent(std::uint64_t upload_id, const model::Extent& extent) {
  static const Statement statement{
      "add_extent",
      std::string("INSERT INTO extents (upload_id, first, last, object, object_begin)"
                  " SELECT $1::bigint, lower(part), upper(part) - 1, $4::bytea,"
                  " $5::bigint + lower(part) - $2::bigint FROM unnest("
                  "int8multirange(int8range($2::bigint, $3::bigint, '[]')) - (SELECT"
                  " coalesce(range_agg(int8range(first, last, '[]')), '{}'::int8multirange)"
                  " FROM extents WHERE upload_id = $1::bigint AND first <= $3::bigint AND") +
          from_the_last_before + ")) AS part"};
  Query query(statement);
  bind_extent(query, upload_id, extent);
  return query;
}

Query remove_extent(std::uint64_t upload_id, const model::Extent& extent) {
  static const Statement statement{
      "remove_extent",
      std::string("WITH changed AS (DELETE FROM extents WHERE upload_id = $1 AND first = $2"
                  " AND last = $3 AND object = $4 AND object_begin = $5 RETURNING 1)"
                  " SELECT sluice_expect(EXISTS (SELECT FROM changed), '") +
          conflict_state + "')"};
  Query query(statement);
  bind_extent(query, upload_id, extent);
  return query;
}

Query find_extents(std::uint64_t upload_id, std::uint64_t from, std::size_t count) {
  static const Statement statement{
      "find_extents", std::string("SELECT first, last, object, object_begin FROM extents"
                                  " WHERE upload_id = $1::bigint AND last >= $2::bigint AND") +
                          from_the_last_before + " ORDER BY first LIMIT $3"};
  Query query(statement);
  query.bind_unsigned(upload_id);
  query.bind_unsigned(from);
  query.bind_count(count);
  return query;
}

}  // namespace sluice::journal::postgres
