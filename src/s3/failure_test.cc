// SPDX-License-Identifier: MIT
#include "s3/failure.h"

#include <gtest/gtest.h>

namespace sluice::s3 {
namespace {

Failure failure(int status, const char* code, const char* region = "") {
  return failure_of("PUT k", status, ErrorDocument{code, "as it says", region});
}

TEST(Failure, EachCodeMeansOneThing) {
  const struct {
    int status;
    const char* code;
    Errc errc;
    bool again;
    const char* words;
  } rows[] = {
      {503, "SlowDown", Errc::unavailable, true, "503 SlowDown"},
      {500, "InternalError", Errc::unavailable, true, ""},
      {200, "InternalError", Errc::unavailable, true, ""},
      {503, "ServiceUnavailable", Errc::unavailable, true, ""},
      {400, "RequestTimeout", Errc::unavailable, true, ""},
      {403, "RequestTimeTooSkewed", Errc::unavailable, true, "clock"},
      {404, "NoSuchBucket", Errc::unavailable, false, "create the bucket"},
      {403, "AccessDenied", Errc::unavailable, false, "needs the right"},
      {403, "InvalidAccessKeyId", Errc::unavailable, false, "does not know the access key"},
      {403, "SignatureDoesNotMatch", Errc::unavailable, false, "correct the secret key"},
      {400, "ExpiredToken", Errc::unavailable, false, "renew"},
      {301, "PermanentRedirect", Errc::unavailable, false, "region"},
      {403, "QuotaExceeded", Errc::disk_full, false, "quota"},
      {507, "XMinioStorageFull", Errc::disk_full, false, "no room"},
      {404, "NoSuchKey", Errc::file_missing, false, ""},
      {404, "NoSuchUpload", Errc::file_missing, false, ""},
      {416, "InvalidRange", Errc::storage_failed, false, "shorter"},
      {400, "XAmzContentSHA256Mismatch", Errc::unavailable, false, ""},
      {501, "NotImplemented", Errc::internal, false, "does not offer"},
      {400, "InvalidPart", Errc::internal, false, "as it says"},
      {418, "Unheard", Errc::unavailable, false, "418 Unheard, \"as it says\""},
      {502, "Unheard", Errc::unavailable, true, ""},
  };
  for (const auto& row : rows) {
    const Failure made = failure(row.status, row.code);
    EXPECT_EQ(made.error.code(), row.errc) << row.code;
    EXPECT_EQ(made.again, row.again) << row.code;
    EXPECT_NE(made.error.message().find(row.words), std::string::npos) << made.error.message();
    EXPECT_TRUE(made.error.message().starts_with("PUT k: ")) << made.error.message();
  }
}

TEST(Failure, WithoutADocumentTheStatusDecides) {
  const struct {
    int status;
    Errc errc;
    bool again;
  } rows[] = {
      {301, Errc::unavailable, false}, {400, Errc::unavailable, false},
      {403, Errc::unavailable, false}, {404, Errc::file_missing, false},
      {405, Errc::internal, false},    {416, Errc::storage_failed, false},
      {429, Errc::unavailable, true},  {500, Errc::unavailable, true},
      {501, Errc::internal, false},    {502, Errc::unavailable, true},
      {503, Errc::unavailable, true},  {504, Errc::unavailable, true},
      {507, Errc::disk_full, false},   {200, Errc::unavailable, false},
  };
  for (const auto& row : rows) {
    const Failure made = failure_of("HEAD k", row.status, std::nullopt);
    EXPECT_EQ(made.error.code(), row.errc) << row.status;
    EXPECT_EQ(made.again, row.again) << row.status;
  }
}

TEST(Failure, AWrongRegionIsSaidWithTheRightOne) {
  EXPECT_TRUE(failure(400, "AuthorizationHeaderMalformed", "eu-central-1")
                  .error.message()
                  .ends_with("set the region in which the bucket lies, \"eu-central-1\""));
}

TEST(Failure, WordsOfTheStoreAreMadeHarmless) {
  const std::string message =
      failure_of("GET k", 500, ErrorDocument{"A\nB", std::string(100'000, '\x1b'), ""})
          .error.message();
  EXPECT_EQ(message.find_first_of("\n\x1b"), std::string::npos);
  EXPECT_LT(message.size(), 4000U);
}

}  // namespace
}  // namespace sluice::s3
