// SPDX-License-Identifier: MIT
#include "net/tls_identity.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <fstream>
#include <string>

#include "support/temporary_directory.h"
#include "support/tls_pair.h"

namespace sluice::net {
namespace {

class TlsIdentityTest : public ::testing::Test {
 protected:
  TlsFiles pair(const std::string& name) {
    return testing::write_tls_pair(directory_.path(), name);
  }
  std::string garbage() {
    std::string path = directory_.path() + "/garbage";
    std::ofstream(path) << "no PEM";
    return path;
  }
  static std::string shown_by(const TlsIdentity& identity) {
    return testing::subject_of(SSL_get_certificate(identity.new_session().get()));
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(TlsIdentityTest, ShowsItsCertificate) {
  const auto identity = TlsIdentity::open(pair("mine"));
  ASSERT_TRUE(identity);
  EXPECT_EQ(shown_by(**identity), "/CN=mine");
}

TEST_F(TlsIdentityTest, ABadPairIsAnErrorThatNamesTheFile) {
  const TlsFiles first = pair("first");
  const TlsFiles second = pair("second");
  const std::string missing = directory_.path() + "/missing";
  struct Case {
    TlsFiles files;
    std::string named;
  };
  for (const Case& c : {
           Case{{missing, first.key}, missing},
           Case{{garbage(), first.key}, garbage()},
           Case{{first.key, first.key}, first.key},
           Case{{first.certificate, missing}, missing},
           Case{{first.certificate, garbage()}, garbage()},
           Case{{first.certificate, first.certificate}, first.certificate},
           Case{{first.certificate, second.key}, second.key},
       }) {
    const auto identity = TlsIdentity::open(c.files);
    ASSERT_FALSE(identity) << c.files.certificate << ' ' << c.files.key;
    EXPECT_NE(identity.error().message().find(c.named), std::string::npos)
        << identity.error().message();
  }
}

TEST_F(TlsIdentityTest, BecomesAnother) {
  const TlsFiles files = pair("mine");
  const auto identity = TlsIdentity::open(files);
  ASSERT_TRUE(identity);
  testing::write_tls_pair(directory_.path(), "mine", "renewed");
  const auto renewed = TlsIdentity::open(files);
  ASSERT_TRUE(renewed);
  EXPECT_NE(shown_by(**identity), "/CN=renewed");
  (*identity)->become(**renewed);
  EXPECT_EQ(shown_by(**identity), "/CN=renewed");
}

}  // namespace
}  // namespace sluice::net
