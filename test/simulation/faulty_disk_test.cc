// SPDX-License-Identifier: MIT
#include "simulation/faulty_disk.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice::simulation {
namespace {

using runtime::OpenMode;

struct Machine {
  explicit Machine(std::uint64_t seed) : dice(seed) { disk.add_directory("/d"); }

  // Makes the file with a durable name.
  std::unique_ptr<runtime::DiskFile> make(const std::string& path) {
    auto file = disk.open(path, OpenMode::create);
    EXPECT_TRUE(disk.sync_directory("/d"));
    return std::move(*file);
  }

  Dice dice;
  Process process;
  FaultyDisk disk{dice, process, 512};
};

TEST(FaultyDiskTest, SyncedBytesSurviveAndOthersArePerhapsLostSectorBySector) {
  const std::string old_bytes(2048, 'a');
  const std::string new_bytes(2048, 'b');
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Machine machine(seed);
    const auto file = machine.make("/d/f");
    ASSERT_TRUE(file->write_at(0, as_bytes(old_bytes)));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(file->write_at(0, as_bytes(new_bytes)));
    EXPECT_EQ(machine.disk.visible_bytes("/d/f"), new_bytes);
    EXPECT_EQ(machine.disk.durable_bytes("/d/f"), old_bytes);
    machine.disk.cut_power();
    const std::string left = machine.disk.visible_bytes("/d/f").value();
    ASSERT_EQ(left.size(), 2048U);
    for (std::size_t sector = 0; sector < 4; ++sector) {
      const std::string part = left.substr(sector * 512, 512);
      EXPECT_TRUE(part == old_bytes.substr(0, 512) || part == new_bytes.substr(0, 512));
    }
    seen.insert(left);
  }
  EXPECT_TRUE(seen.contains(old_bytes));
  EXPECT_TRUE(seen.contains(new_bytes));
  EXPECT_GT(seen.size(), 4U);
}

TEST(FaultyDiskTest, NamesAreDurableWithTheirDirectoryOnly) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Machine machine(seed);
    const auto file = *machine.disk.open("/d/f", OpenMode::create);
    ASSERT_TRUE(file->sync());
    machine.disk.cut_power();
    lost += machine.disk.visible_bytes("/d/f") ? 0 : 1;
  }
  EXPECT_GT(lost, 5);
  EXPECT_LT(lost, 45);
}

TEST(FaultyDiskTest, ARenameIsWholeOrNotAtAll) {
  std::set<bool> moved;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Machine machine(seed);
    machine.disk.add_directory("/e");
    machine.make("/d/f");
    ASSERT_TRUE(machine.disk.rename("/d/f", "/e/g"));
    machine.disk.cut_power();
    const bool is_moved = machine.disk.visible_bytes("/e/g").has_value();
    EXPECT_NE(is_moved, machine.disk.visible_bytes("/d/f").has_value());
    moved.insert(is_moved);
  }
  EXPECT_EQ(moved.size(), 2U);
  Machine machine(1);
  machine.disk.add_directory("/e");
  machine.make("/d/f");
  ASSERT_TRUE(machine.disk.rename("/d/f", "/e/g"));
  ASSERT_TRUE(machine.disk.sync_directory("/e"));
  machine.disk.cut_power();
  EXPECT_TRUE(machine.disk.visible_bytes("/e/g"));
}

TEST(FaultyDiskTest, AFailedSyncLosesWhatTheNextOneCallsASuccess) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Machine machine(seed);
    const auto file = machine.make("/d/f");
    ASSERT_TRUE(file->write_at(0, as_bytes("abc")));
    FaultRates rates;
    rates.sync_error = 1;
    machine.disk.set_faults(rates);
    EXPECT_FALSE(file->sync());
    machine.disk.set_faults({});
    EXPECT_TRUE(file->sync());
    machine.disk.cut_power();
    lost = lost || machine.disk.visible_bytes("/d/f") != "abc";
  }
  EXPECT_TRUE(lost);
}

TEST(FaultyDiskTest, AfterTheDeathOfTheProcessNothingHasAnEffect) {
  Machine machine(3);
  const auto file = machine.make("/d/f");
  machine.disk.die_after(1);
  EXPECT_TRUE(file->write_at(0, as_bytes("abc")));
  (void)file->size();
  EXPECT_FALSE(machine.process.alive);
  EXPECT_FALSE(file->write_at(0, as_bytes("xyz")));
  EXPECT_FALSE(machine.disk.remove("/d/f"));
  EXPECT_EQ(machine.disk.visible_bytes("/d/f"), "abc");
}

}  // namespace
}  // namespace sluice::simulation
