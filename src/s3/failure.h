// SPDX-License-Identifier: MIT
// The table of the errors of S3: what each means for the program, and what an operator has to do.
// Pure. Sources: "Error responses" in the Amazon S3 API Reference; the codes that Ceph and MinIO
// have besides.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "s3/documents.h"

namespace sluice::s3 {

// unavailable: the store is away, or turns the program away. disk_full: its quota or its disks are.
// file_missing: there is no such object or multipart upload. storage_failed: the object has lost
// its end. internal: the store does not offer the request, or not in this form.
struct Failure {
  Error error;
  bool again = false;  // The same request may succeed in a moment.
};

// `request` says what was asked. Without a document, as HEAD gets none, the status decides.
Failure failure_of(std::string_view request, int status,
                   const std::optional<ErrorDocument>& document);

}  // namespace sluice::s3
