// SPDX-License-Identifier: MIT
#include "support/tls_pair.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstdio>
#include <memory>

#include "base/check.h"

namespace sluice::testing {
namespace {

struct Release {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

template <class T>
using Owned = std::unique_ptr<T, Release>;

constexpr long day_seconds = 86'400;

Owned<X509> certificate_for(EVP_PKEY* key, const std::string& subject) {
  Owned<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -day_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), day_seconds);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  SLUICE_CHECK(X509_sign(certificate.get(), key, EVP_sha256()) > 0);
  return certificate;
}

Owned<std::FILE> open_for_writing(const std::string& path) {
  Owned<std::FILE> file(std::fopen(path.c_str(), "w"));
  SLUICE_CHECK(file != nullptr);
  return file;
}

}  // namespace

net::TlsFiles write_tls_pair(const std::string& directory, const std::string& name,
                             const std::string& subject) {
  const net::TlsFiles files{directory + "/" + name + ".pem", directory + "/" + name + ".key"};
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  SLUICE_CHECK(key != nullptr);
  const Owned<X509> certificate = certificate_for(key.get(), subject.empty() ? name : subject);
  SLUICE_CHECK(PEM_write_X509(open_for_writing(files.certificate).get(), certificate.get()) == 1);
  SLUICE_CHECK(PEM_write_PrivateKey(open_for_writing(files.key).get(), key.get(), nullptr, nullptr,
                                    0, nullptr, nullptr) == 1);
  return files;
}

std::string subject_of(const X509* certificate) {
  SLUICE_CHECK(certificate != nullptr);
  std::array<char, 256> text{};
  X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), text.size());
  return text.data();
}

}  // namespace sluice::testing
