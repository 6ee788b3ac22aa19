// SPDX-License-Identifier: MIT
#include "net/connection_limits.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::net {
namespace {

class ConnectionLimitsTest : public ::testing::Test {
 protected:
  bool admits(ConnectionLimits& limits, const char* address) {
    const auto peer = address != nullptr ? parse_address(address) : std::nullopt;
    auto slot = limits.admit(peer);
    if (slot) {
      slots_.push_back(std::move(*slot));
    }
    return slot.has_value();
  }

  Gauge open_;
  std::vector<ConnectionSlot> slots_;
};

TEST_F(ConnectionLimitsTest, BoundsAllTogether) {
  ConnectionLimits limits({.total_max = 2, .per_address_max = 10, .proxies = {}}, open_);
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, nullptr));
  EXPECT_FALSE(admits(limits, "192.0.2.2"));
  EXPECT_EQ(open_.value(), 2);
  slots_.pop_back();
  EXPECT_TRUE(admits(limits, "192.0.2.2"));
  slots_.clear();
  EXPECT_EQ(open_.value(), 0);
}

TEST_F(ConnectionLimitsTest, BoundsEachAddressAndForgetsItWithItsLastConnection) {
  ConnectionLimits limits({.total_max = 100, .per_address_max = 2, .proxies = {}}, open_);
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, "::ffff:192.0.2.1"));
  EXPECT_FALSE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, "192.0.2.2"));
  EXPECT_EQ(limits.sources(), 2U);
  EXPECT_EQ(open_.value(), 3);
  slots_.clear();
  EXPECT_EQ(limits.sources(), 0U);
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  slots_.clear();
}

TEST_F(ConnectionLimitsTest, CountsIpv6ByTheNetworkThatAClientHas) {
  ConnectionLimits limits({.total_max = 100, .per_address_max = 1, .proxies = {}}, open_);
  EXPECT_TRUE(admits(limits, "2001:db8:0:1::1"));
  EXPECT_FALSE(admits(limits, "2001:db8:0:1:ffff::2"));
  EXPECT_TRUE(admits(limits, "2001:db8:0:2::1"));
  slots_.clear();
}

TEST_F(ConnectionLimitsTest, CountsNeitherProxiesNorUnixSockets) {
  ConnectionLimits limits(
      {.total_max = 100, .per_address_max = 1, .proxies = {*parse_network("10.0.0.0/8")}}, open_);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(admits(limits, "10.1.2.3"));
    EXPECT_TRUE(admits(limits, nullptr));
  }
  EXPECT_EQ(limits.sources(), 0U);
  slots_.clear();
}

TEST_F(ConnectionLimitsTest, ZeroIsNoBoundForAnAddress) {
  ConnectionLimits limits({.total_max = 3, .per_address_max = 0, .proxies = {}}, open_);
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  slots_.clear();
}

}  // namespace
}  // namespace sluice::net
