// SPDX-License-Identifier: MIT
#include "journal/postgres/owner_queries.h"

#include <sstream>

#include "base/limits.h"
#include "journal/postgres/failure.h"

namespace sluice::journal::postgres {

Query expect_within(const std::string& owner, const OwnerLimits& limits) {
  static const Statement statement{"expect_within", "SELECT sluice_expect_within($1, $2, $3, $4)"};
  Query query(statement);
  query.bind_text(owner);
  for (const std::optional<std::uint64_t>& limit :
       {limits.sessions, limits.bytes, limits.records}) {
    if (limit) {
      query.bind_count(*limit);
    } else {
      query.bind_null();
    }
  }
  return query;
}

OwnerUsage usage_from(const std::string& detail) {
  OwnerUsage usage;
  std::istringstream(detail) >> usage.sessions >> usage.bytes >> usage.records;
  return usage;
}

Query use_signature(const UseSignature& use) {
  static const Statement statement{
      "use_signature",
      std::string("WITH changed AS (INSERT INTO used_signatures (digest, expires_at)"
                  " VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1)"
                  " SELECT sluice_expect(EXISTS (SELECT FROM changed), '") +
          used_state + "')"};
  Query query(statement);
  query.bind_text(use.digest);
  query.bind_time(use.expires_at);
  return query;
}

Query forget_signatures(Timestamp now) {
  static const Statement statement{
      "forget_signatures",
      "DELETE FROM used_signatures WHERE digest IN (SELECT digest FROM used_signatures"
      " WHERE expires_at <= $1 ORDER BY expires_at LIMIT 4 FOR UPDATE SKIP LOCKED)"};
  Query query(statement);
  query.bind_time(now - limits::signatures_kept_past);
  return query;
}

Query list_owners(std::size_t count) {
  static const Statement statement{
      "list_owners",
      "SELECT name, sessions::bigint, least(bytes, 9223372036854775807)::bigint, records::bigint"
      " FROM (SELECT * FROM owner_usage ORDER BY name LIMIT $1) AS first"
      " ORDER BY bytes DESC, records DESC, name LIMIT $2"};
  Query query(statement);
  query.bind_count(limits::credentials_max);
  query.bind_count(count);
  return query;
}

}  // namespace sluice::journal::postgres
