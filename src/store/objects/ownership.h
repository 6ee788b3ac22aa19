// SPDX-License-Identifier: MIT
// The mark that a prefix of a bucket belongs to one journal (docs/format.md).
#pragma once

#include <string>

#include "base/error.h"
#include "runtime/task.h"
#include "s3/object_store.h"

namespace sluice::store::objects {

// The mark is PREFIX/owner/<identity>, of letters and digits: of two that take a free prefix at
// once none sees itself alone, or one does. `is_new`: the journal knows no upload yet; a prefix
// without a mark has none of its bytes. `internal`, in words for the operator, when the prefix is
// not the journal's; else the errors of the store.
runtime::Task<Result<>> take_ownership(s3::ObjectStore& objects, std::string prefix,
                                       std::string identity, bool is_new);

}  // namespace sluice::store::objects
