// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

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

TEST(Error, FullDiskIsToldApartFromABrokenOne) {
  EXPECT_EQ(storage_error(ENOSPC, "write", "blob").code(), Errc::disk_full);
  EXPECT_EQ(storage_error(EDQUOT, "write", "blob").code(), Errc::disk_full);
  EXPECT_EQ(storage_error(EFBIG, "write", "blob").code(), Errc::disk_full);
  EXPECT_EQ(storage_error(EIO, "write", "blob").code(), Errc::storage_failed);
  EXPECT_EQ(storage_error(EIO, "write", "blob").message(), "write blob: Input/output error");
}

}  // namespace
}  // namespace sluice
