// SPDX-License-Identifier: MIT
// simulate --seed FIRST [--count N | --seconds N] [--nodes]: runs programs of the simulation from a
// seed on, of one server or of several nodes, and goes on after a violation. Prints each violation
// with its seed, and at the end the tally; exit code 1 after a violation.
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>

#include "simulation/nodes_world.h"
#include "simulation/program.h"

namespace {

using namespace sluice::simulation;

constexpr std::uint64_t seeds_per_run_by_requests = 2;
constexpr std::uint64_t seeds_per_sqlite_run = 7;
constexpr std::uint64_t seeds_per_interval_run = 3;
constexpr std::uint64_t seeds_per_run_without_syncs = 5;

struct Plan {
  std::uint64_t first_seed = 1;
  std::uint64_t count = 1;
  std::uint64_t seconds = 0;  // When it is not 0 the count does not matter.
  bool is_of_nodes = false;
};

Variant variant_of(std::uint64_t seed) {
  Variant variant;
  variant.clients = seed % seeds_per_run_by_requests == 0 ? Clients::requests : Clients::commands;
  if (seed % seeds_per_sqlite_run == 0) {
    variant.journal = JournalKind::sqlite;
  }
  if (seed % seeds_per_interval_run == 0) {
    variant.durability = sluice::Durability::interval;
  } else if (seed % seeds_per_run_without_syncs == 0) {
    variant.durability = sluice::Durability::none;
    variant.journal = JournalKind::memory;
  }
  return variant;
}

// `run`: the outcome of a seed.
template <class Run>
int simulate(const Plan& plan, Run run) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(plan.seconds);
  decltype(run(0).tally) total;
  std::uint64_t runs = 0;
  std::uint64_t violations = 0;
  const auto is_done = [&] {
    return plan.seconds > 0 ? std::chrono::steady_clock::now() >= end : runs >= plan.count;
  };
  for (; !is_done(); ++runs) {
    const std::uint64_t seed = plan.first_seed + runs;
    const auto outcome = run(seed);
    total.add(outcome.tally);
    if (outcome.violation) {
      ++violations;
      std::cout << "seed " << seed << ": " << *outcome.violation << std::endl;
    }
  }
  std::cout << runs << " programs: " << to_text(total) << ", " << violations << " violations\n";
  return violations == 0 ? 0 : 1;
}

int simulate(const Plan& plan) {
  if (plan.is_of_nodes) {
    return simulate(plan, [](std::uint64_t seed) { return run_nodes(seed); });
  }
  return simulate(plan, [](std::uint64_t seed) { return run_program(seed, variant_of(seed)); });
}

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  CLI::App app("Simulated clients, faults and power cuts against the engine");
  app.add_option("--seed", plan.first_seed, "The first seed")->required();
  auto* const count = app.add_option("--count", plan.count, "So many seeds");
  app.add_option("--seconds", plan.seconds, "Seeds for so long")->excludes(count);
  app.add_flag("--nodes", plan.is_of_nodes, "Several nodes on one journal and one object store");
  CLI11_PARSE(app, argc, argv);
  try {
    return simulate(plan);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "simulate: %s\n", error.what());
    return 1;
  }
}
