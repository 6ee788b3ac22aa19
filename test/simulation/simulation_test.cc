// SPDX-License-Identifier: MIT
// Acknowledged bytes survive: thousands of simulated runs. SLUICE_TEST_SIMULATION_SEED repeats a
// run, SLUICE_TEST_SIMULATION_COUNT says how many follow from there.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "simulation/program.h"

namespace sluice::simulation {
namespace {

constexpr std::uint64_t first_seed = 1;
constexpr std::uint64_t seeds_count = 3000;
constexpr std::uint64_t seeds_to_find_a_defect = 100;

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

TEST(SimulationTest, WhatIsAcknowledgedSurvivesEverything) {
  const bool is_repeat = std::getenv("SLUICE_TEST_SIMULATION_SEED") != nullptr;
  const std::uint64_t first = number_from_environment("SLUICE_TEST_SIMULATION_SEED", first_seed);
  const std::uint64_t count =
      number_from_environment("SLUICE_TEST_SIMULATION_COUNT", is_repeat ? 1 : seeds_count);
  Tally total;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Outcome outcome = run_program(seed);
    total.add(outcome.tally);
    ASSERT_FALSE(outcome.violation)
        << "SLUICE_TEST_SIMULATION_SEED=" << seed << ": " << *outcome.violation;
  }
  std::cout << count << " runs: " << to_text(total) << "\n";
  if (count >= seeds_count) {
    EXPECT_GT(total.power_cuts, count / 4);
    EXPECT_GT(total.deaths, count / 4);
    EXPECT_GT(total.takeovers, count / 10);
    EXPECT_GT(total.failed_syncs, count / 50);
    EXPECT_GT(total.videos, count / 2);
  }
}

TEST(SimulationTest, ASeedIsAlwaysTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(run_program(seed).tally, run_program(seed).tally) << seed;
  }
}

struct PlantedDefect {
  Defect defect;
  const char* name;
};

class PlantedDefectTest : public ::testing::TestWithParam<PlantedDefect> {};

TEST_P(PlantedDefectTest, IsFound) {
  for (std::uint64_t seed = 1; seed <= seeds_to_find_a_defect; ++seed) {
    if (const Outcome outcome = run_program(seed, GetParam().defect); outcome.violation) {
      std::cout << "found by seed " << seed << ": " << *outcome.violation << "\n";
      return;
    }
  }
  FAIL() << "not found by " << seeds_to_find_a_defect << " seeds";
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantedDefectTest,
    ::testing::Values(PlantedDefect{Defect::answers_before_sync, "AnswerBeforeSync"},
                      PlantedDefect{Defect::commits_before_sync, "CommitBeforeSync"},
                      PlantedDefect{Defect::forgets_directory_sync, "NoDirectorySync"},
                      PlantedDefect{Defect::commits_before_it_is_durable,
                                    "JournalAnswersTooEarly"}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace sluice::simulation
