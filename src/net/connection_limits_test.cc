// SPDX-License-Identifier: MIT
#include "net/connection_limits.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "base/limits.h"

namespace sluice::net {
namespace {

class ConnectionLimitsTest : public ::testing::Test {
 protected:
  // The connection is at work at once.
  bool admits(ConnectionLimits& limits, const char* address) {
    const bool admitted = admits_silent(limits, address);
    if (admitted) {
      slots_.back().end_idle();
    }
    return admitted;
  }
  bool admits_silent(ConnectionLimits& limits, const char* address) {
    const auto peer = address != nullptr ? parse_address(address) : std::nullopt;
    auto slot = limits.admit(peer);
    if (slot) {
      slots_.push_back(std::move(*slot));
      slots_.back().on_leave([this, number = slots_.size()] { left_.push_back(number); });
    }
    return slot.has_value();
  }

  Metrics metrics_;
  std::deque<ConnectionSlot> slots_;
  std::vector<std::size_t> left_;  // The numbers, from 1, of the connections that were told to end.
};

TEST_F(ConnectionLimitsTest, BoundsAllTogether) {
  ConnectionLimits limits({.total_max = 2, .per_address_max = 10, .proxies = {}}, metrics_);
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, nullptr));
  EXPECT_FALSE(admits(limits, "192.0.2.2"));
  EXPECT_EQ(metrics_.connections_open.value(), 2);
  slots_.pop_back();
  EXPECT_TRUE(admits(limits, "192.0.2.2"));
  slots_.clear();
  EXPECT_EQ(metrics_.connections_open.value(), 0);
}

TEST_F(ConnectionLimitsTest, BoundsEachAddressAndForgetsItWithItsLastConnection) {
  ConnectionLimits limits({.total_max = 100, .per_address_max = 2, .proxies = {}}, metrics_);
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, "::ffff:192.0.2.1"));
  EXPECT_FALSE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, "192.0.2.2"));
  EXPECT_EQ(limits.sources(), 2U);
  EXPECT_EQ(metrics_.connections_open.value(), 3);
  slots_.clear();
  EXPECT_EQ(limits.sources(), 0U);
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  slots_.clear();
}

TEST_F(ConnectionLimitsTest, OtherBoundsAreForConnectionsThatCome) {
  ConnectionLimits limits({.total_max = 2, .per_address_max = 0, .proxies = {}}, metrics_);
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  EXPECT_FALSE(admits(limits, "192.0.2.1"));
  limits.change(4, 1);
  EXPECT_TRUE(admits(limits, "192.0.2.1")) << "those before were not counted by address";
  EXPECT_FALSE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, "192.0.2.2"));
  limits.change(1, 1);
  EXPECT_EQ(metrics_.connections_open.value(), 4);
  EXPECT_FALSE(admits(limits, "192.0.2.3"));
  slots_.clear();
  EXPECT_EQ(limits.sources(), 0U);
}

TEST_F(ConnectionLimitsTest, CountsIpv6ByTheNetworkThatAClientHas) {
  ConnectionLimits limits({.total_max = 100, .per_address_max = 1, .proxies = {}}, metrics_);
  EXPECT_TRUE(admits(limits, "2001:db8:0:1::1"));
  EXPECT_FALSE(admits(limits, "2001:db8:0:1:ffff::2"));
  EXPECT_TRUE(admits(limits, "2001:db8:0:2::1"));
  slots_.clear();
}

TEST_F(ConnectionLimitsTest, CountsNeitherProxiesNorUnixSockets) {
  ConnectionLimits limits(
      {.total_max = 100, .per_address_max = 1, .proxies = {*parse_network("10.0.0.0/8")}},
      metrics_);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(admits(limits, "10.1.2.3"));
    EXPECT_TRUE(admits(limits, nullptr));
  }
  EXPECT_EQ(limits.sources(), 0U);
  slots_.clear();
}

TEST_F(ConnectionLimitsTest, NamesTheClientThatAnAddressStandsFor) {
  const ConnectionLimits limits(
      {.total_max = 1, .per_address_max = 0, .proxies = {*parse_network("10.0.0.0/8")}}, metrics_);
  const auto client_of = [&limits](const char* address) {
    return limits.client_of(parse_address(address));
  };
  EXPECT_EQ(client_of("192.0.2.1"), client_of("::ffff:192.0.2.1"));
  EXPECT_NE(client_of("192.0.2.1"), client_of("192.0.2.2"));
  EXPECT_EQ(client_of("2001:db8:0:1::1"), client_of("2001:db8:0:1:ffff::2"));
  EXPECT_NE(client_of("2001:db8:0:1::1"), client_of("2001:db8:0:2::1"));
  EXPECT_EQ(client_of("10.1.2.3") + limits.client_of(std::nullopt), "");
}

TEST_F(ConnectionLimitsTest, ZeroIsNoBoundForAnAddress) {
  ConnectionLimits limits({.total_max = 3, .per_address_max = 0, .proxies = {}}, metrics_);
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  EXPECT_TRUE(admits(limits, "192.0.2.1"));
  slots_.clear();
}

TEST_F(ConnectionLimitsTest, TheLongestIdleConnectionLeavesForANewOne) {
  ConnectionLimits limits({.total_max = 3, .per_address_max = 0, .proxies = {}}, metrics_);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(admits(limits, "192.0.2.1"));
  }
  EXPECT_FALSE(admits(limits, "192.0.2.2")) << "all are at work";
  slots_[2].begin_idle();
  slots_[0].begin_idle();
  slots_[2].begin_idle();
  EXPECT_TRUE(admits(limits, "192.0.2.2"));
  EXPECT_EQ(left_, (std::vector<std::size_t>{1}));
  EXPECT_TRUE(slots_[0].is_leaving());
  EXPECT_TRUE(admits(limits, "192.0.2.2"));
  EXPECT_EQ(left_, (std::vector<std::size_t>{1, 3}));
  EXPECT_FALSE(admits(limits, "192.0.2.2")) << "no connection leaves twice, nor while at work";
  slots_.clear();
}

TEST_F(ConnectionLimitsTest, ConnectionsThatHaveNotBegunShutNobodyOut) {
  ConnectionLimits limits({.total_max = 2, .per_address_max = 0, .proxies = {}}, metrics_);
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(admits_silent(limits, nullptr));
  }
  EXPECT_EQ(left_, (std::vector<std::size_t>{1, 2}));
  slots_[1].begin_idle();  // Its thread came to it only now.
  EXPECT_FALSE(slots_[1].is_leaving());
  EXPECT_TRUE(admits_silent(limits, nullptr));
  EXPECT_EQ(left_, (std::vector<std::size_t>{1, 2, 3, 4})) << "the second counts again";
  slots_.clear();
}

TEST_F(ConnectionLimitsTest, OneThatWorksAgainStaysAndCountsAgain) {
  ConnectionLimits limits({.total_max = 2, .per_address_max = 0, .proxies = {}}, metrics_);
  ASSERT_TRUE(admits(limits, nullptr));
  ASSERT_TRUE(admits(limits, nullptr));
  slots_[0].begin_idle();
  EXPECT_TRUE(admits(limits, nullptr));
  slots_[0].end_idle();
  EXPECT_FALSE(slots_[0].is_leaving());
  slots_[1].begin_idle();
  EXPECT_FALSE(admits(limits, nullptr)) << "there are three at work: one place is not enough";
  slots_[0].begin_idle();
  EXPECT_TRUE(admits(limits, nullptr));
  EXPECT_EQ(left_, (std::vector<std::size_t>{1, 2, 1}));
  slots_.clear();
}

TEST_F(ConnectionLimitsTest, AnAddressWithAllItsPlacesGivesOneOfItsOwn) {
  ConnectionLimits limits({.total_max = 100, .per_address_max = 2, .proxies = {}}, metrics_);
  for (const char* const address : {"192.0.2.1", "192.0.2.2", "192.0.2.2"}) {
    ASSERT_TRUE(admits(limits, address));
    slots_.back().begin_idle();
  }
  EXPECT_TRUE(admits(limits, "192.0.2.2"));
  EXPECT_EQ(left_, (std::vector<std::size_t>{2}));
  slots_.clear();
}

TEST_F(ConnectionLimitsTest, NoMoreAreToldToGoThanHaveBeenSeenToGo) {
  constexpr std::size_t many = limits::connections_leaving_max + 10;
  ConnectionLimits limits({.total_max = many, .per_address_max = 0, .proxies = {}}, metrics_);
  for (std::size_t i = 0; i < many; ++i) {
    ASSERT_TRUE(admits(limits, nullptr));
    slots_.back().begin_idle();
  }
  for (std::size_t i = 0; i < limits::connections_leaving_max; ++i) {
    ASSERT_TRUE(admits(limits, nullptr));
  }
  EXPECT_FALSE(admits(limits, nullptr));
  slots_.pop_front();
  EXPECT_TRUE(admits(limits, nullptr));
  slots_.clear();
}

}  // namespace
}  // namespace sluice::net
