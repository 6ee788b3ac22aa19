// SPDX-License-Identifier: MIT
#include "journal/postgres/claim_queries.h"

#include "base/check.h"

namespace sluice::journal::postgres {
namespace {

// As the table has them.
std::int64_t number_of(Work work) {
  switch (work) {
    case Work::delivery:
      return 1;
    case Work::notification:
      return 2;
    case Work::concatenation:
      return 3;
  }
  SLUICE_CHECK(false);
}

}  // namespace

// In the order of the ids, as in release_rows(): so nodes wait for each other in one direction.
Query claim_rows(Work work, const std::vector<std::uint64_t>& ids, const Lease& lease) {
  static const Statement statement{
      "claim",
      "INSERT INTO claims (work, id, node, until) SELECT $1::bigint, wanted, $3::bytea,"
      " clock_timestamp() + $4::bigint * interval '1 millisecond'"
      " FROM (SELECT DISTINCT unnest($2::bigint[]) AS wanted ORDER BY wanted) AS ids"
      " ON CONFLICT (work, id) DO UPDATE SET node = excluded.node, until = excluded.until"
      " WHERE claims.node = excluded.node OR claims.until <= clock_timestamp() RETURNING id"};
  Query query(statement);
  query.bind(number_of(work));
  query.bind_ids(ids);
  query.bind_text(lease.node);
  query.bind(lease.duration.count());
  return query;
}

Query forget_ended_claims() {
  static const Statement statement{
      "forget_ended_claims",
      "DELETE FROM claims WHERE (work, id) IN (SELECT work, id FROM claims WHERE until <= now()"
      " ORDER BY until LIMIT 4 FOR UPDATE SKIP LOCKED)"};
  return Query(statement);
}

Query release_rows(Work work, const std::vector<std::uint64_t>& ids, const std::string& node) {
  static const Statement statement{
      "release",
      "DELETE FROM claims WHERE work = $1::bigint AND id IN (SELECT id FROM claims"
      " WHERE work = $1::bigint AND id = ANY ($2::bigint[]) AND node = $3::bytea"
      " ORDER BY id FOR UPDATE)"};
  Query query(statement);
  query.bind(number_of(work));
  query.bind_ids(ids);
  query.bind_text(node);
  return query;
}

}  // namespace sluice::journal::postgres
