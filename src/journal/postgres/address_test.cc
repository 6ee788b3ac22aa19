// SPDX-License-Identifier: MIT
#include "journal/postgres/address.h"

#include <gtest/gtest.h>

namespace sluice::journal::postgres {
namespace {

TEST(AddressTest, AllThatLibpqReadsIsTaken) {
  for (const char* text : {"postgresql://sluice@db/sluice", "postgres://a,b:5433/x?sslmode=require",
                           "host=/run/postgresql dbname=sluice"}) {
    EXPECT_EQ(fault_of_address(text), "") << text;
  }
}

TEST(AddressTest, APasswordIsRefused) {
  for (const char* text : {"postgresql://sluice:secret@db/sluice", "host=db password=secret",
                           "postgresql://db/x?password=secret"}) {
    const std::string fault = fault_of_address(text);
    EXPECT_TRUE(fault.contains("journal.password_file")) << fault;
    EXPECT_FALSE(fault.contains("=secret") || fault.contains(":secret")) << fault;
  }
}

TEST(AddressTest, WhatLibpqCannotReadIsRefusedInItsWords) {
  EXPECT_TRUE(fault_of_address("mysql://db").contains("postgresql://USER@HOST/DATABASE"));
  EXPECT_TRUE(fault_of_address("postgresql://db/x?colour=red").contains("colour"));
}

}  // namespace
}  // namespace sluice::journal::postgres
