// SPDX-License-Identifier: MIT
// What a journal refuses, by rules and in words that are the same for every database.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "journal/changes.h"
#include "journal/journal.h"

namespace sluice::journal {

// Whether an owner with this usage, the new upload counted, is within the limits.
Result<> within(const OwnerUsage& usage, const OwnerLimits& limits);

Error signature_was_used();
Error signature_has_expired();
Error token_is_taken();
Error has_another_version(std::uint64_t upload_id);
Error has_other_extents(std::uint64_t upload_id);
Error extents_of_other_bytes();

}  // namespace sluice::journal
