// SPDX-License-Identifier: MIT
// The network of the store in memory, on which other tests rely.
#include <gtest/gtest.h>

#include <string>

#include "support/memory_objects.h"
#include "support/run.h"

namespace sluice::s3 {
namespace {

using sluice::testing::MemoryObjects;
using sluice::testing::NetworkFault;

TEST(NetworkFaults, EachLeavesWhatItIsNamedFor) {
  const struct {
    NetworkFault fault;
    bool is_answered;
    bool is_there;
    bool comes_later;
  } rows[] = {
      {NetworkFault::none, true, true, false},   {NetworkFault::lost, false, false, false},
      {NetworkFault::late, false, false, true},  {NetworkFault::reply_lost, false, true, false},
      {NetworkFault::doubled, true, true, true},
  };
  for (const auto& row : rows) {
    MemoryObjects store;
    store.faults = {row.fault};
    const Result<> done = sluice::testing::run(store.put("k", payload_of("bytes")));
    EXPECT_EQ(done.has_value(), row.is_answered);
    EXPECT_TRUE(done || done.error().code() == Errc::unavailable);
    EXPECT_EQ(store.objects.contains("k"), row.is_there);
    store.objects.clear();
    store.let_late_arrive();
    EXPECT_EQ(store.objects.contains("k"), row.comes_later);
    store.objects.clear();
    store.let_late_arrive();
    EXPECT_TRUE(store.objects.empty()) << "a request arrives late once";
  }
}

TEST(NetworkFaults, ALateRemovalRemovesWhatWasPutMeanwhile) {
  MemoryObjects store;
  store.faults = {NetworkFault::none, NetworkFault::late};
  ASSERT_TRUE(sluice::testing::run(store.put("k", payload_of("1"))));
  EXPECT_FALSE(sluice::testing::run(store.remove({"k"})));
  EXPECT_EQ(*sluice::testing::run(store.get_range("k", {0, 1})), "1");
  store.let_late_arrive();
  EXPECT_TRUE(store.objects.empty());
}

}  // namespace
}  // namespace sluice::s3
