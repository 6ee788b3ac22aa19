// SPDX-License-Identifier: MIT
// One object in the place of several.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "model/extent.h"
#include "store/objects/extent_tools.h"

namespace sluice::store::objects {

// As the journal commits a ReplaceExtents.
using ReplaceExtents = std::function<runtime::Task<Result<>>(
    std::uint64_t upload_id, std::vector<model::Extent> old, std::vector<model::Extent> made)>;

// The journal names `made` in place of `old`; then the objects of `old` go. Where it is known that
// the journal does not name it, that of `made` goes. After a commit with an unknown outcome all of
// them stay until the end of the upload. REQUIRES: no extent but those of `old` can ever be of
// their objects.
runtime::Task<Result<>> exchange_extents(ExtentTools& tools, const ReplaceExtents& replace,
                                         std::uint64_t upload_id, std::vector<model::Extent> old,
                                         model::Extent made);

}  // namespace sluice::store::objects
