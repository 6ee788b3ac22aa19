// SPDX-License-Identifier: MIT
#include "protocol/digest_source.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "base/check.h"

namespace sluice::protocol {
namespace {

// Null with crc32, which is none of OpenSSL's.
const EVP_MD* method_of(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::md5:
      return EVP_md5();
    case DigestAlgorithm::sha1:
      return EVP_sha1();
    case DigestAlgorithm::sha256:
      return EVP_sha256();
    case DigestAlgorithm::sha512:
      return EVP_sha512();
    case DigestAlgorithm::crc32:
      break;
  }
  return nullptr;
}

std::vector<DigestAlgorithm> algorithms_of(const std::vector<ExpectedDigest>& expected) {
  std::vector<DigestAlgorithm> algorithms;
  for (const ExpectedDigest& digest : expected) {
    if (std::ranges::find(algorithms, digest.algorithm) == algorithms.end()) {
      algorithms.push_back(digest.algorithm);
    }
  }
  return algorithms;
}

EVP_MD_CTX* context_in(void* context) {
  return static_cast<EVP_MD_CTX*>(context);
}

}  // namespace

void BodyDigest::ContextDeleter::operator()(void* context) const {
  EVP_MD_CTX_free(context_in(context));
}

BodyDigest::BodyDigest(DigestAlgorithm algorithm) : algorithm_(algorithm) {
  if (const EVP_MD* const method = method_of(algorithm)) {
    context_.reset(EVP_MD_CTX_new());
    SLUICE_CHECK(context_ != nullptr);
    SLUICE_CHECK(EVP_DigestInit_ex(context_in(context_.get()), method, nullptr) == 1);
  }
}

BodyDigest::~BodyDigest() = default;
BodyDigest::BodyDigest(BodyDigest&&) noexcept = default;
BodyDigest& BodyDigest::operator=(BodyDigest&&) noexcept = default;

void BodyDigest::add(Bytes bytes) {
  if (context_) {
    SLUICE_CHECK(EVP_DigestUpdate(context_in(context_.get()), bytes.data(), bytes.size()) == 1);
  } else if (!bytes.empty()) {  // zlib takes a null pointer for a new beginning.
    crc32_ = crc32_z(crc32_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  }
}

std::string BodyDigest::finish() {
  if (!context_) {
    std::string digest;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
      digest += static_cast<char>((crc32_ >> shift) & 0xFFU);
    }
    return digest;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  SLUICE_CHECK(EVP_DigestFinal_ex(context_in(context_.get()), digest.data(), &size) == 1);
  return std::string(as_text(std::as_bytes(std::span(digest)).first(size)));
}

DigestSource::DigestSource(runtime::ByteSource& body,
                           const std::vector<DigestAlgorithm>& algorithms, Expected expected)
    : body_(body), expected_(std::move(expected)) {
  for (const DigestAlgorithm algorithm : algorithms) {
    digests_.emplace_back(algorithm);
  }
}

DigestSource::DigestSource(runtime::ByteSource& body, const std::vector<ExpectedDigest>& expected)
    : DigestSource(body, algorithms_of(expected), [expected] { return expected; }) {}

runtime::Task<Result<std::size_t>> DigestSource::read(MutableBytes buffer, Duration patience) {
  const Result<std::size_t> count = co_await body_.read(buffer, patience);
  if (!count) {
    co_return fail(count.error());
  }
  if (*count == 0) {
    if (const Result<> compared = compare(); !compared) {
      co_return fail(compared.error());
    }
  }
  add(buffer.first(*count));
  co_return *count;
}

void DigestSource::add(Bytes bytes) {
  for (BodyDigest& digest : digests_) {
    digest.add(bytes);
  }
}

Result<> DigestSource::compare() {
  if (compared_) {
    return *compared_;
  }
  compared_.emplace();
  const Result<std::vector<ExpectedDigest>> expected = expected_();
  if (!expected) {
    compared_ = fail(expected.error());
    return *compared_;
  }
  for (BodyDigest& digest : digests_) {
    const std::string value = digest.finish();
    const bool differs = std::ranges::any_of(*expected, [&](const ExpectedDigest& wanted) {
      return wanted.algorithm == digest.algorithm() && wanted.value != value;
    });
    if (differs) {
      compared_ = fail(Errc::digest_mismatch,
                       "the body has another digest than its client says: nothing of it is kept");
    }
  }
  return *compared_;
}

// Every byte has to be looked at, so there is no descriptor.
class DigestSource::Lent final : public runtime::Loan {
 public:
  Lent(DigestSource& source, std::unique_ptr<runtime::Loan> body)
      : source_(source), body_(std::move(body)) {}

  std::size_t read(MutableBytes buffer, Duration patience) override {
    const std::size_t count = body_->read(buffer, patience);
    source_.add(buffer.first(count));
    return count;
  }

 private:
  DigestSource& source_;
  const std::unique_ptr<runtime::Loan> body_;
};

std::unique_ptr<runtime::Loan> DigestSource::lend() {
  std::unique_ptr<runtime::Loan> body = body_.lend();
  return body ? std::make_unique<Lent>(*this, std::move(body)) : nullptr;
}

}  // namespace sluice::protocol
