// SPDX-License-Identifier: MIT
// Objects that go together.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "runtime/task.h"
#include "s3/object_store.h"

namespace sluice::store::objects {

// Removes those that a listing of the prefix has. How many there were.
runtime::Task<Result<std::size_t>> remove_listed(s3::ObjectStore& objects, std::string prefix);

}  // namespace sluice::store::objects
