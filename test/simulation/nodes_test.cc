// SPDX-License-Identifier: MIT
// Several nodes on one journal and one bucket: thousands of simulated runs. SLUICE_TEST_NODES_SEED
// repeats a run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "simulation/nodes_world.h"

namespace sluice::simulation {
namespace {

constexpr std::uint64_t nodes_seeds_count = 10'000;
constexpr std::uint64_t seeds_to_find_a_defect_of_nodes = 2000;

TEST(NodesTest, WhatOneAcknowledgesTheOthersKeep) {
  const char* const repeated = std::getenv("SLUICE_TEST_NODES_SEED");
  const std::uint64_t first = repeated == nullptr ? 1 : std::stoull(repeated);
  const std::uint64_t count = repeated == nullptr ? nodes_seeds_count : 1;
  NodesTally total;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const NodesOutcome outcome = run_nodes(seed);
    total.add(outcome.tally);
    ASSERT_FALSE(outcome.violation)
        << "SLUICE_TEST_NODES_SEED=" << seed << ": " << *outcome.violation;
  }
  std::cout << count << " runs: " << to_text(total) << "\n";
  if (count == nodes_seeds_count) {
    EXPECT_GT(total.repeated, count / 4);
    EXPECT_GT(total.freezes, count / 4);
    EXPECT_GT(total.deaths, count / 4);
    EXPECT_GT(total.conflicts, count / 4);
    EXPECT_GT(total.late_commits, count / 50);
    EXPECT_GT(total.late_calls, count / 20);
    EXPECT_GT(total.calls_failed, count);
    EXPECT_GT(total.folds, count / 4);
    EXPECT_GT(total.told_apart, count / 50);
    EXPECT_GT(total.overlapping_attempts, count / 1000);
    EXPECT_GT(total.answers, count / 2);
  }
}

TEST(NodesTest, ASeedIsAlwaysTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    EXPECT_EQ(run_nodes(seed).tally, run_nodes(seed).tally) << seed;
  }
}

struct PlantedDefectOfNodes {
  NodesDefect defect;
  const char* name;
};

class PlantedDefectOfNodesTest : public ::testing::TestWithParam<PlantedDefectOfNodes> {};

TEST_P(PlantedDefectOfNodesTest, IsFound) {
  for (std::uint64_t seed = 1; seed <= seeds_to_find_a_defect_of_nodes; ++seed) {
    const NodesOutcome outcome = run_nodes(seed, GetParam().defect);
    if (outcome.violation) {
      std::cout << "found by seed " << seed << ": " << *outcome.violation << "\n";
      return;
    }
  }
  FAIL() << "not found by " << seeds_to_find_a_defect_of_nodes << " seeds";
}

using Planted = PlantedDefectOfNodes;

INSTANTIATE_TEST_SUITE_P(
    All, PlantedDefectOfNodesTest,
    ::testing::Values(
        Planted{NodesDefect::changes_without_versions, "ChangeWithoutItsVersion"},
        Planted{NodesDefect::removes_after_an_unknown_commit, "RemovalAfterAnUnknownCommit"},
        Planted{NodesDefect::compares_nothing, "BytesThatAreNotCompared"},
        Planted{NodesDefect::folds_before_it_knows, "FoldThatRemovesTooEarly"},
        Planted{NodesDefect::uses_names_twice, "NameThatIsUsedTwice"},
        Planted{NodesDefect::collects_what_no_row_names, "CollectionByListing"},
        Planted{NodesDefect::delivers_without_claims, "DelivererWithoutAClaim"},
        Planted{NodesDefect::keeps_ended_claims, "DelivererWhoseLeaseEnded"},
        Planted{NodesDefect::answers_from_its_cache, "StaleCacheThatAnswers"},
        Planted{NodesDefect::acknowledges_what_is_in_scratch, "ScratchThatIsAcknowledged"},
        Planted{NodesDefect::forgets_what_comes_late, "BytesThatComeLate"}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace sluice::simulation
