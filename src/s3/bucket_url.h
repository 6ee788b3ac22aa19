// SPDX-License-Identifier: MIT
// A place in an object store as an operator writes it.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::s3 {

struct BucketUrl {
  std::string bucket;
  std::string prefix;  // Of all keys, without a slash at its end; empty: none.

  friend bool operator==(const BucketUrl&, const BucketUrl&) = default;
};

// "s3://bucket", "s3://bucket/prefix". `internal` says what is expected and what came. Source of
// what names may be: "General purpose bucket naming rules" in the Amazon S3 User Guide.
Result<BucketUrl> parse_bucket_url(std::string_view text);

}  // namespace sluice::s3
