// SPDX-License-Identifier: MIT
// Bytes of several objects, to be sent as those of one.
#pragma once

#include <vector>

#include "model/extent.h"
#include "s3/object_store.h"
#include "store/objects/extent_tools.h"

namespace sluice::store::objects {

// Reads the bytes of `sources`, one behind the other in the file, into scratch, where they are for
// as long as the payload. It needs room there for all of them, besides that of other gatherers.
// Errors: overloaded without room; file_missing where an object is not there, perhaps because
// others hold its bytes by now; those of the object store and of scratch.
runtime::Task<Result<s3::Payload>> gather(ExtentTools& tools, std::vector<model::Extent> sources);

}  // namespace sluice::store::objects
