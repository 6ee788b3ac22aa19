// SPDX-License-Identifier: MIT
#include "console/owner_document.h"

#include <boost/json/array.hpp>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::console {
namespace {

namespace json = boost::json;

void add_bound(json::object& document, const char* name, const std::optional<std::uint64_t>& max) {
  if (max) {
    document[name] = *max;
  }
}

json::object owner_of(const journal::OwnerUsage& usage, const auth::Quotas& quotas) {
  json::object document;
  document["owner"] = to_valid_utf8(usage.owner);
  document["sessions"] = usage.sessions;
  document["bytes"] = usage.bytes;
  document["records"] = usage.records;
  add_bound(document, "sessions_max", quotas.sessions);
  add_bound(document, "bytes_max", quotas.bytes);
  add_bound(document, "records_max", quotas.records);
  return document;
}

}  // namespace

json::object owners_document(const std::vector<journal::OwnerUsage>& usages,
                             std::map<std::string, auth::Quotas> quotas) {
  json::array owners;
  for (const journal::OwnerUsage& usage : usages) {
    const auto known = quotas.extract(usage.owner);
    owners.push_back(owner_of(usage, known ? known.mapped() : auth::Quotas()));
  }
  for (const auto& [owner, bounds] : quotas) {
    if (owners.size() >= limits::console_owners_max) {
      break;
    }
    owners.push_back(owner_of({.owner = owner}, bounds));
  }
  json::object document;
  document["owners"] = std::move(owners);
  return document;
}

}  // namespace sluice::console
