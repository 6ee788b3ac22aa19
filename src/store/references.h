// SPDX-License-Identifier: MIT
// Finished uploads for an application that is told where the bytes are, and not sent them
// (docs/backend.md). Each kind of store has its own way to be found.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/error.h"
#include "runtime/task.h"

namespace sluice::store {

// A file of this machine.
struct FileReference {
  std::string path;  // Absolute.
};

// An object of a store that speaks S3.
struct ObjectReference {
  std::string bucket;
  std::string key;
  std::uint64_t size = 0;
  std::string url;  // For a GET without a key to the store; for a while.
};

using Reference = std::variant<FileReference, ObjectReference>;

struct FinishedUpload {
  std::uint64_t id = 0;
  std::uint64_t size = 0;  // Of the blob.
  std::string name;        // The same in each attempt and of no other upload; hex digits.
};

// Any thread. The blob stays. Blobs are what Store::open_finished() says.
class References {
 public:
  virtual ~References() = default;

  // Where the bytes are. Asked anew for each attempt.
  virtual runtime::Task<Result<Reference>> refer(FinishedUpload upload) = 0;
  // The application has refused the upload: what was made for it alone goes, as far as that can be
  // done at once.
  virtual runtime::Task<> withdraw(FinishedUpload upload) = 0;
};

}  // namespace sluice::store
