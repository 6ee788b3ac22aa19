// SPDX-License-Identifier: MIT
// The XML of S3: answers are parsed, bodies of requests are written. Pure. An answer that is longer
// than limits::s3_document_bytes_max, or no such document, is `unavailable`. A document type of an
// answer is skipped, and no entity but XML's own is expanded.
// Source: Amazon S3 API Reference.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "s3/objects.h"

namespace sluice::s3 {

struct ErrorDocument {
  std::string code;
  std::string message;
  std::string region;  // Where the bucket lies, in answers that speak of a wrong region.
};

struct NotRemoved {
  std::string key;
  ErrorDocument error;
};

// Unset where the text is no error document. Also for answers of 200: CompleteMultipartUpload and
// UploadPartCopy fail in them.
std::optional<ErrorDocument> parse_error(std::string_view text);
// ListObjectsV2, with keys as they are or, as the document says, percent-encoded.
Result<ListPage> parse_list(std::string_view text);
// CreateMultipartUpload: the upload's id.
Result<std::string> parse_created_multipart(std::string_view text);
// UploadPartCopy: the part's ETag.
Result<std::string> parse_copied_part(std::string_view text);
// CompleteMultipartUpload. Its ETag may be empty: Ceph 16 answers so to the first completion.
Result<> parse_completed_multipart(std::string_view text);
// DeleteObjects, in its quiet form.
Result<std::vector<NotRemoved>> parse_removal(std::string_view text);
// GetBucketVersioning.
Result<Versioning> parse_versioning(std::string_view text);
// GetBucketLifecycleConfiguration.
Result<std::vector<LifecycleRule>> parse_lifecycle(std::string_view text);

// CompleteMultipartUpload: `parts` in the order of their numbers.
std::string completion_document(std::span<const UploadedPart> parts);
// DeleteObjects, in its quiet form.
std::string removal_document(std::span<const std::string> keys);

}  // namespace sluice::s3
