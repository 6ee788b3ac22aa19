// SPDX-License-Identifier: MIT
// sluice-bench-micro: Google Benchmark of the small parts. `--repeat CASE COUNT` runs one case
// COUNT times and no other, for a program that counts instructions.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "micro/cases.h"

namespace {

using sluice::bench::Case;
using sluice::bench::cases;

int repeat(std::string_view name, long count) {
  const auto found = std::ranges::find(cases(), name, &Case::name);
  if (found == cases().end()) {
    std::fprintf(stderr, "sluice-bench-micro: no case of this name\n");
    return EXIT_FAILURE;
  }
  for (long i = 0; i < count; ++i) {
    found->run();
  }
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "--repeat") {
    return repeat(argv[2], std::atol(argv[3]));
  }
  for (const Case& each : cases()) {
    benchmark::RegisterBenchmark(each.name, [run = each.run](benchmark::State& state) {
      for ([[maybe_unused]] const auto& iteration : state) {
        run();
      }
    });
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return EXIT_SUCCESS;
}
