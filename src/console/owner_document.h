// SPDX-License-Identifier: MIT
// The owners with what they have and what they may have, as JSON.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <vector>

#include "auth/credential.h"
#include "journal/journal.h"

namespace sluice::console {

// `{"owners":[{"owner","sessions","bytes","records","sessions_max","bytes_max","records_max"}]}`; a
// bound that an owner has not is left out, and so are the bounds of all owners alike. Owners that
// have nothing yet come last.
boost::json::object owners_document(const std::vector<journal::OwnerUsage>& usages,
                                    std::map<std::string, auth::Quotas> quotas);

}  // namespace sluice::console
