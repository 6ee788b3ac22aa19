// SPDX-License-Identifier: MIT
#include "store/objects/extent_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "support/extent_world.h"
#include "support/forwarding_objects.h"

namespace sluice::store::objects {
namespace {

using runtime::Task;
using sluice::testing::ExtentWorld;
using sluice::testing::ForwardingObjects;
using sluice::testing::MemoryObjects;
using sluice::testing::run_in;
using sluice::testing::ScriptedSource;

// Objects are not written before the gate is open.
class GatedObjects final : public sluice::testing::ForwardingObjects {
 public:
  GatedObjects() : ForwardingObjects(memory) {}

  Task<Result<>> put(std::string key, s3::Payload payload) override {
    at_once = std::max(at_once, ++waiting);
    if (at_once == opens_at) {
      co_await runtime::sleep_for(std::chrono::milliseconds(20));
      gate->set();
    }
    co_await gate->wait(std::chrono::minutes(1));
    --waiting;
    co_return co_await ForwardingObjects::put(std::move(key), std::move(payload));
  }

  MemoryObjects memory;
  std::shared_ptr<runtime::Event> gate = std::make_shared<runtime::Event>();
  std::size_t waiting = 0;
  std::size_t at_once = 0;
  std::size_t opens_at = 0;  // With so many at once the gate opens soon.
};

class ExtentWriterTest : public ::testing::Test {
 protected:
  ~ExtentWriterTest() override { objects.gate->set(); }

  std::uint64_t write(Blob& blob, std::uint64_t size) {
    ScriptedSource source(std::string(size, 'x'));
    std::uint64_t done = 0;
    while (done < size) {
      const ByteRange rest{done, size};
      const Received some = run_in(world.context, blob.receive(rest, source, AtEnd::goes_on));
      EXPECT_TRUE(some.outcome);
      if (some.bytes == 0) {
        break;
      }
      done += some.bytes;
    }
    return done;
  }
  static RangeSet front(std::uint64_t size) {
    RangeSet set;
    set.add({0, size});
    return set;
  }

  static constexpr std::uint64_t id = 7;
  GatedObjects objects;
  ExtentWorld world{std::uint64_t{256} << 20U, &objects};
};

TEST_F(ExtentWriterTest, SoManyObjectsOfABlobAreWrittenAtOnce) {
  const std::uint64_t size = (limits::extent_puts_of_blob_max + 1) * limits::extent_bytes;
  objects.opens_at = limits::extent_puts_of_blob_max;
  const auto blob = world.store->open({id, size});
  ASSERT_EQ(write(*blob, size), size);
  const auto extents = run_in(world.context, blob->settle(front(size), {}));
  ASSERT_TRUE(extents);
  EXPECT_EQ(extents->size(), limits::extent_puts_of_blob_max + 1);
  EXPECT_EQ(objects.at_once, limits::extent_puts_of_blob_max);
}

TEST_F(ExtentWriterTest, ARemovalWaitsForWhatIsUnderWay) {
  auto blob = world.store->open({id, limits::extent_bytes});
  ASSERT_EQ(write(*blob, limits::extent_bytes), limits::extent_bytes);
  blob.reset();
  boost::asio::steady_timer timer(world.context, std::chrono::milliseconds(100));
  timer.async_wait([this](const boost::system::error_code&) { objects.gate->set(); });
  EXPECT_TRUE(run_in(world.context, world.store->remove(id + 1))) << "it is another upload's";
  EXPECT_TRUE(run_in(world.context, world.store->remove(id)));
  EXPECT_TRUE(objects.memory.objects.empty());
}

}  // namespace
}  // namespace sluice::store::objects
