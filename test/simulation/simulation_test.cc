// SPDX-License-Identifier: MIT
// Acknowledged bytes survive: thousands of simulated runs. SLUICE_TEST_SIMULATION_SEED repeats a
// run, SLUICE_TEST_SIMULATION_COUNT says how many follow from there.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "simulation/form_requests.h"
#include "simulation/program.h"

namespace sluice::simulation {
namespace {

constexpr std::uint64_t first_seed = 1;
constexpr std::uint64_t seeds_count = 3000;
constexpr std::uint64_t seeds_on_sqlite_count = 1000;
constexpr std::uint64_t seeds_without_syncs_count = 3000;
constexpr std::uint64_t seeds_by_requests_count = 1500;
constexpr std::uint64_t seeds_per_sqlite_run = 4;
constexpr std::uint64_t seeds_to_find_a_defect = 2000;
constexpr std::uint64_t crash_programs_count = 6;

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

// The seeds from 1 on; stops at the first violation.
template <class VariantOf>
Tally run_seeds(std::uint64_t count, VariantOf variant_of) {
  Tally total;
  for (std::uint64_t seed = 1; seed <= count && !::testing::Test::HasFailure(); ++seed) {
    const Outcome outcome = run_program(seed, variant_of(seed));
    total.add(outcome.tally);
    EXPECT_FALSE(outcome.violation) << "seed " << seed << ": " << *outcome.violation;
  }
  std::cout << count << " runs: " << to_text(total) << "\n";
  return total;
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
    EXPECT_GT(total.files_taken, count / 10);
    EXPECT_GT(total.given_up, count / 100);
    EXPECT_GT(total.set_aside, count / 100);
    EXPECT_GT(total.bytes_moved, total.bytes_acknowledged / 20);
  }
}

TEST(SimulationTest, WhatIsAcknowledgedSurvivesEverythingInTheRealJournal) {
  run_seeds(seeds_on_sqlite_count, [](std::uint64_t) {
    Variant variant;
    variant.journal = JournalKind::sqlite;
    return variant;
  });
}

// With durability = interval a power cut takes bytes that were acknowledged since the last round
// and nothing else. It never leaves wrong bytes in their place.
TEST(SimulationTest, AnIntervalLosesNothingButTheLatestBytesToAPowerCut) {
  const Tally total = run_seeds(seeds_count, [](std::uint64_t seed) {
    Variant variant;
    variant.durability = Durability::interval;
    variant.journal = seed % seeds_per_sqlite_run == 0 ? JournalKind::sqlite : JournalKind::memory;
    return variant;
  });
  EXPECT_GT(total.power_cuts, seeds_count / 4);
  EXPECT_GT(total.deaths, seeds_count / 10);
  EXPECT_GT(total.failed_syncs, seeds_count / 50);
  EXPECT_GT(total.videos, seeds_count / 2);
  EXPECT_GT(total.files_taken, seeds_count / 10);
  EXPECT_GT(total.bytes_taken_back, 0U);
}

TEST(SimulationTest, WithoutSyncsNothingIsLostToTheEndOfAProcess) {
  const Tally total = run_seeds(seeds_without_syncs_count, [](std::uint64_t) {
    Variant variant;
    variant.durability = Durability::none;
    return variant;
  });
  EXPECT_GT(total.deaths, seeds_without_syncs_count / 10);
  EXPECT_GT(total.videos, seeds_without_syncs_count / 2);
  EXPECT_GT(total.files_taken, seeds_without_syncs_count / 10);
  EXPECT_EQ(total.power_cuts, 0U);
}

// Each request of an upload is in the words of another dialect, and all of them tell of the same.
// Some of the runs are on the real journal, some without a sync for each piece.
TEST(SimulationTest, EveryDialectTellsTheTruth) {
  Tally total = run_seeds(seeds_by_requests_count, [](std::uint64_t seed) {
    Variant variant;
    variant.clients = Clients::requests;
    variant.journal = seed % 9 == 1 ? JournalKind::sqlite : JournalKind::memory;
    variant.durability = seed % 3 != 2   ? Durability::commit
                         : seed % 2 == 0 ? Durability::interval
                                         : Durability::none;
    return variant;
  });
  EXPECT_GT(total.power_cuts, seeds_by_requests_count / 4);
  EXPECT_GT(total.deaths, seeds_by_requests_count / 4);
  EXPECT_GT(total.takeovers, seeds_by_requests_count / 10);
  EXPECT_GT(total.videos, seeds_by_requests_count / 2);
  EXPECT_GT(total.early_locations, seeds_by_requests_count / 20);
  EXPECT_GT(total.early_offsets, seeds_by_requests_count / 20);
  for (const char* dialect :
       {"panda", "multichunk", "tus", "rufh", "range308", "formchunks", "filepond"}) {
    EXPECT_GT(total.answers[dialect], seeds_by_requests_count / 2) << dialect;
    EXPECT_GT(total.mixed[dialect], seeds_by_requests_count / 50) << dialect;
  }
  for (const char* const uploader : form_uploaders()) {
    EXPECT_GT(total.form_chunks[uploader], seeds_by_requests_count / 50) << uploader;
  }
}

// The process dies before, in the middle of or after each call of the disk, SQLite's included.
TEST(SimulationTest, AProcessMayDieInEverySystemCall) {
  Tally total;
  std::uint64_t runs = 0;
  for (std::uint64_t seed = 1; seed <= crash_programs_count; ++seed) {
    for (const bool power_cut : {false, true}) {
      Variant variant;
      variant.journal = JournalKind::sqlite;
      bool died = true;
      for (std::uint64_t call = 0; died; ++call, ++runs) {
        variant.crash = CrashPoint{call, power_cut};
        const Outcome outcome = run_program(seed, variant);
        died = outcome.tally.deaths > 0;
        total.add(outcome.tally);
        ASSERT_FALSE(outcome.violation)
            << "seed " << seed << ", call " << call << ", power " << (power_cut ? "cut" : "kept")
            << ": " << *outcome.violation;
      }
    }
  }
  std::cout << runs << " runs: " << to_text(total) << "\n";
  EXPECT_GT(total.deaths, 500U);
}

TEST(SimulationTest, ASeedIsAlwaysTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const JournalKind journal : {JournalKind::memory, JournalKind::sqlite}) {
      for (const Clients clients : {Clients::commands, Clients::requests}) {
        Variant variant;
        variant.journal = journal;
        variant.clients = clients;
        EXPECT_EQ(run_program(seed, variant).tally, run_program(seed, variant).tally) << seed;
      }
    }
  }
}

struct PlantedDefect {
  Defect defect;
  const char* name;
  Durability durability = Durability::commit;
  JournalKind journal = JournalKind::memory;
  Clients clients = Clients::commands;
};

class PlantedDefectTest : public ::testing::TestWithParam<PlantedDefect> {};

TEST_P(PlantedDefectTest, IsFound) {
  Variant variant;
  variant.defect = GetParam().defect;
  variant.durability = GetParam().durability;
  variant.journal = GetParam().journal;
  variant.clients = GetParam().clients;
  for (std::uint64_t seed = 1; seed <= seeds_to_find_a_defect; ++seed) {
    if (const Outcome outcome = run_program(seed, variant); outcome.violation) {
      std::cout << "found by seed " << seed << ": " << *outcome.violation << "\n";
      return;
    }
  }
  FAIL() << "not found by " << seeds_to_find_a_defect << " seeds";
}

constexpr Durability interval = Durability::interval;
constexpr Durability commit = Durability::commit;
constexpr JournalKind memory = JournalKind::memory;
constexpr Clients requests = Clients::requests;

INSTANTIATE_TEST_SUITE_P(
    InDialects, PlantedDefectTest,
    ::testing::Values(
        PlantedDefect{Defect::reports_unsynced_bytes, "UnsyncedBytes", commit, memory, requests},
        PlantedDefect{Defect::answers_before_sync, "AnswerBeforeSync", commit, memory, requests},
        PlantedDefect{Defect::takeover_loses_bytes, "TakeoverLosesBytes", commit, memory, requests},
        PlantedDefect{Defect::tells_the_size_before_the_handoff, "SizeBeforeHandoff", commit,
                      memory, requests},
        PlantedDefect{Defect::tells_another_answer, "AnotherAnswer", commit, memory, requests},
        PlantedDefect{Defect::tells_of_unsynced_progress, "UnsyncedProgress", commit, memory,
                      requests},
        PlantedDefect{Defect::tells_of_all_parts_before_the_handoff, "AllParts", commit, memory,
                      requests}),
    [](const auto& tested) { return std::string(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Interval, PlantedDefectTest,
    ::testing::Values(PlantedDefect{Defect::ignores_the_machine_s_end, "BootIgnored", interval},
                      PlantedDefect{Defect::ignores_the_machine_s_end, "BootIgnoredBySqlite",
                                    interval, JournalKind::sqlite},
                      PlantedDefect{Defect::forgets_to_sync_the_journal, "JournalNotSynced",
                                    interval},
                      PlantedDefect{Defect::answers_before_sync, "NoSync", interval},
                      PlantedDefect{Defect::forgets_directory_sync, "NoDirectorySync", interval},
                      PlantedDefect{Defect::takeover_loses_bytes, "TakeoverLosesBytes", interval}),
    [](const auto& tested) { return std::string(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(
    All, PlantedDefectTest,
    ::testing::Values(PlantedDefect{Defect::answers_before_sync, "AnswerBeforeSync"},
                      PlantedDefect{Defect::commits_before_sync, "CommitBeforeSync"},
                      PlantedDefect{Defect::forgets_directory_sync, "NoDirectorySync"},
                      PlantedDefect{Defect::commits_before_it_is_durable, "JournalAnswersTooEarly"},
                      PlantedDefect{Defect::reports_unsynced_bytes, "StatusOfUnsyncedBytes"},
                      PlantedDefect{Defect::takeover_loses_bytes, "TakeoverLosesBytes"}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace sluice::simulation
