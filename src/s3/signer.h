// SPDX-License-Identifier: MIT
// AWS Signature Version 4 as S3 wants it: paths are encoded once and never normalised, the hash of
// the body is a header. Pure. Source: "Authenticating Requests (AWS Signature Version 4)" in the
// Amazon S3 API Reference.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "outgoing/http_request.h"

namespace sluice::s3 {

// Names and values as they are meant.
using Query = std::vector<std::pair<std::string, std::string>>;

// What a request is signed with.
struct SigningKey {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // Of temporary credentials; empty: none.
  std::string region;
  std::string service = "s3";
};

struct SignedParts {
  std::string method;
  std::string host;                // As it is sent, with a port that is not the scheme's own.
  std::string path;                // By encode_path().
  std::string query;               // By encode_query().
  outgoing::HeaderFields headers;  // All of them are signed; no name stands there twice.
};

// Every byte but RFC 3986's unreserved characters and slashes is percent-encoded.
std::string encode_path(std::string_view path);
// Sorted by encoded names and values, "name=" for an empty value: what is sent is what is signed.
std::string encode_query(const Query& query);

// The value of Authorization. `parts.headers` has x-amz-date, for the same time; `payload_hash` is
// in hex digits.
std::string authorization(const SignedParts& parts, std::string_view payload_hash,
                          const SigningKey& key, Timestamp now);

// Adds x-amz-date, x-amz-content-sha256, x-amz-security-token where there is one, and Authorization
// to the headers, of which each one is signed.
void sign(SignedParts& parts, std::string_view payload_hash, const SigningKey& key, Timestamp now);

// The query of a URL with which any holder may send the request, without headers of its own, for so
// long: seven days at the most.
std::string presigned_query(const SignedParts& parts, std::chrono::seconds valid,
                            const SigningKey& key, Timestamp now);

}  // namespace sluice::s3
