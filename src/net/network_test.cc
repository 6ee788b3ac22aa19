// SPDX-License-Identifier: MIT
#include "net/network.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

TEST(Network, HoldsTheAddressesOfItsPrefix) {
  struct Row {
    const char* network;
    const char* address;
    bool inside;
  };
  const Row rows[] = {
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"10.0.0.0/8", "a00::", false},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.6", false},
      {"192.0.2.6/31", "192.0.2.7", true},
      {"192.0.2.6/31", "192.0.2.8", false},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "1.2.3.4", true},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/32", "2001:db9::", false},
      {"2001:db8::/33", "2001:db8:8000::", false},
  };
  for (const Row& row : rows) {
    const auto network = parse_network(row.network);
    const auto address = parse_address(row.address);
    ASSERT_TRUE(network && address) << row.network << " " << row.address;
    EXPECT_EQ(network->contains(*address), row.inside) << row.network << " " << row.address;
  }
}

TEST(Network, IsNothingElse) {
  for (const char* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.1/8",
        "10.0.0/8", "::1/129", "fe80::1%lo", "localhost", "[::1]", "10.0.0.0/8 "}) {
    EXPECT_FALSE(parse_network(text)) << text;
  }
}

TEST(Network, KnowsLoopback) {
  for (const char* text : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(*parse_address(text))) << text;
  }
  for (const char* text : {"128.0.0.1", "::2", "7f00::1", "::"}) {
    EXPECT_FALSE(is_loopback(*parse_address(text))) << text;
  }
}

}  // namespace
}  // namespace sluice::net
