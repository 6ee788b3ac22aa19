// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/told.h"

namespace sluice {
namespace {

TEST(Error, FourHundredsAreFinalAndRetryablesAreFiveHundreds) {
  for (int i = 0; i <= static_cast<int>(Errc::idle_timeout); ++i) {
    const ErrcInfo& row = info(static_cast<Errc>(i));
    EXPECT_GE(row.http_status, 400) << row.name;
    if (row.retryable) {
      EXPECT_GE(row.http_status, 500) << row.name;
    }
  }
}

TEST(Error, AnEngineThatIsAwayIsToBeAskedAgain) {
  EXPECT_EQ(info(Errc::unavailable).http_status, 503);
  EXPECT_TRUE(info(Errc::unavailable).retryable);
}

// Where the fault is the server's own, a message may name paths and addresses.
TEST(Error, WhatIsTheOperatorsIsNotToldToClients) {
  for (const Errc code : {Errc::internal, Errc::storage_failed, Errc::file_missing, Errc::disk_full,
                          Errc::delivery_failed, Errc::unavailable}) {
    const Error error(code, "open /srv/sluice/10/16.part: http://10.0.0.7:3000 said no");
    EXPECT_EQ(told(error).find("/srv"), std::string::npos) << told(error);
    EXPECT_EQ(told(error).find("10.0.0.7"), std::string::npos) << told(error);
    EXPECT_NE(told(error), "");
    EXPECT_NE(error.message().find("/srv"), std::string::npos);
  }
  EXPECT_EQ(told(Error(Errc::bad_request, "expected 9 bytes, got 8")), "expected 9 bytes, got 8");
  EXPECT_EQ(told(Error(Errc::quota_exceeded, "5 of 4 bytes")), "5 of 4 bytes");
}

TEST(Error, FullDiskIsToldApartFromABrokenOne) {
  EXPECT_EQ(storage_error(ENOSPC, "write", "blob").code(), Errc::disk_full);
  EXPECT_EQ(storage_error(EDQUOT, "write", "blob").code(), Errc::disk_full);
  EXPECT_EQ(storage_error(EFBIG, "write", "blob").code(), Errc::disk_full);
  EXPECT_EQ(storage_error(EIO, "write", "blob").code(), Errc::storage_failed);
  EXPECT_EQ(storage_error(EIO, "write", "blob").message(), "write blob: Input/output error");
}

}  // namespace
}  // namespace sluice
