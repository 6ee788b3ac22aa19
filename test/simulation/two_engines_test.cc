// SPDX-License-Identifier: MIT
// Two engines on one journal and one store: thousands of simulated runs. SLUICE_TEST_SHARING_SEED
// repeats a run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "simulation/two_engines_world.h"

namespace sluice::simulation {
namespace {

constexpr std::uint64_t shared_seeds_count = 5000;
constexpr std::uint64_t seeds_to_find_a_sharing_defect = 500;

TEST(TwoEnginesTest, WhatOneAcknowledgesTheOtherKeeps) {
  const char* const repeated = std::getenv("SLUICE_TEST_SHARING_SEED");
  const std::uint64_t first = repeated == nullptr ? 1 : std::stoull(repeated);
  const std::uint64_t count = repeated == nullptr ? shared_seeds_count : 1;
  SharingTally total;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const SharingOutcome outcome = run_two_engines(seed);
    total.add(outcome.tally);
    ASSERT_FALSE(outcome.violation)
        << "SLUICE_TEST_SHARING_SEED=" << seed << ": " << *outcome.violation;
  }
  std::cout << count << " runs: " << total.requests << " requests, " << total.freezes
            << " nodes stopped and woken, " << total.deaths << " restarted, " << total.conflicts
            << " conflicts, " << total.late_commits << " late commits, " << total.attempts
            << " attempts, " << total.overlapping_attempts << " beside another one, "
            << total.answers << " answers, " << total.bytes_acknowledged << " bytes acknowledged\n";
  if (count == shared_seeds_count) {
    EXPECT_GT(total.freezes, count / 4);
    EXPECT_GT(total.deaths, count / 4);
    EXPECT_GT(total.conflicts, count / 4);
    EXPECT_GT(total.late_commits, count / 50);
    EXPECT_GT(total.overlapping_attempts, count / 1000);
    EXPECT_GT(total.answers, count / 2);
  }
}

TEST(TwoEnginesTest, ASeedIsAlwaysTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    EXPECT_EQ(run_two_engines(seed).tally, run_two_engines(seed).tally) << seed;
  }
}

struct PlantedSharingDefect {
  SharingDefect defect;
  const char* name;
};

class PlantedSharingDefectTest : public ::testing::TestWithParam<PlantedSharingDefect> {};

TEST_P(PlantedSharingDefectTest, IsFound) {
  for (std::uint64_t seed = 1; seed <= seeds_to_find_a_sharing_defect; ++seed) {
    const SharingOutcome outcome = run_two_engines(seed, GetParam().defect);
    if (outcome.violation) {
      std::cout << "found by seed " << seed << ": " << *outcome.violation << "\n";
      return;
    }
  }
  FAIL() << "not found by " << seeds_to_find_a_sharing_defect << " seeds";
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantedSharingDefectTest,
    ::testing::Values(
        PlantedSharingDefect{SharingDefect::changes_without_versions, "ChangeWithoutItsVersion"},
        PlantedSharingDefect{SharingDefect::delivers_without_claims, "DelivererWithoutAClaim"},
        PlantedSharingDefect{SharingDefect::answers_from_its_cache, "StaleCacheThatAnswers"}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace sluice::simulation
