// SPDX-License-Identifier: MIT
// A body whose client says which digest it has: tus's Upload-Checksum, the digest fields of RFC
// 9530.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"

namespace sluice::protocol {

enum class DigestAlgorithm { md5, sha1, sha256, sha512, crc32 };

// The digest of bytes that come in pieces. One thread at a time.
class BodyDigest {
 public:
  explicit BodyDigest(DigestAlgorithm algorithm);
  ~BodyDigest();
  BodyDigest(BodyDigest&&) noexcept;
  BodyDigest& operator=(BodyDigest&&) noexcept;

  DigestAlgorithm algorithm() const noexcept { return algorithm_; }
  void add(Bytes bytes);
  // As bytes; crc32 in network byte order. Once, at the end.
  std::string finish();

 private:
  struct ContextDeleter {
    void operator()(void* context) const;
  };

  DigestAlgorithm algorithm_;
  unsigned long crc32_ = 0;
  std::unique_ptr<void, ContextDeleter> context_;  // EVP_MD_CTX; null with crc32.
};

// A digest as bytes, as BodyDigest::finish() gives it.
struct ExpectedDigest {
  DigestAlgorithm algorithm = DigestAlgorithm::sha1;
  std::string value;
};

// Passes a body on as it is, and reports digest_mismatch in place of its end when it has another
// digest than its client says. The reader must not count a byte before that end.
class DigestSource final : public runtime::ByteSource {
 public:
  // Asked at the end of the body, as trailers are known only then. An error is reported in place of
  // the end.
  using Expected = std::function<Result<std::vector<ExpectedDigest>>()>;

  // `body` outlives this. REQUIRES: what `expected` tells are digests of `algorithms`.
  DigestSource(runtime::ByteSource& body, const std::vector<DigestAlgorithm>& algorithms,
               Expected expected);
  DigestSource(runtime::ByteSource& body, const std::vector<ExpectedDigest>& expected);

  runtime::Task<Result<>> wait_readable() override { return body_.wait_readable(); }
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override;
  std::unique_ptr<runtime::Loan> lend() override;
  std::optional<std::uint64_t> remaining() const override { return body_.remaining(); }
  void cancel(Errc reason) override { body_.cancel(reason); }

 private:
  class Lent;

  void add(Bytes bytes);
  Result<> compare();

  runtime::ByteSource& body_;
  std::vector<BodyDigest> digests_;
  const Expected expected_;
  std::optional<Result<>> compared_;  // Once the body has ended.
};

}  // namespace sluice::protocol
