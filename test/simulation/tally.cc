// SPDX-License-Identifier: MIT
#include "simulation/tally.h"

#include <fmt/format.h>

namespace sluice::simulation {
namespace {

using ByName = std::map<std::string, std::uint64_t>;

void add_each(ByName& counts, const ByName& others) {
  for (const auto& [name, count] : others) {
    counts[name] += count;
  }
}

std::string text_of(const ByName& counts, const char* what) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += fmt::format(", {} {} {}", count, what, name.empty() ? "none" : name);
  }
  return text;
}

}  // namespace

void Tally::add(const Tally& other) {
  requests += other.requests;
  restarts += other.restarts;
  power_cuts += other.power_cuts;
  deaths += other.deaths;
  takeovers += other.takeovers;
  failed_syncs += other.failed_syncs;
  given_up += other.given_up;
  set_aside += other.set_aside;
  videos += other.videos;
  files_taken += other.files_taken;
  bytes_acknowledged += other.bytes_acknowledged;
  bytes_taken_back += other.bytes_taken_back;
  disk_calls += other.disk_calls;
  commits += other.commits;
  interrupted_calls += other.interrupted_calls;
  bytes_moved += other.bytes_moved;
  early_locations += other.early_locations;
  early_offsets += other.early_offsets;
  add_each(answers, other.answers);
  add_each(mixed, other.mixed);
  add_each(form_chunks, other.form_chunks);
}

std::string to_text(const Tally& tally) {
  return fmt::format(
      "{} requests, {} restarts, {} power cuts, {} deaths, {} take-overs, {} failed syncs, "
      "{} hand-offs given up, {} set aside, {} videos, {} files taken, {} bytes acknowledged, {} "
      "taken back, {} "
      "disk calls, {} commits, "
      "{} interrupted calls, {} bytes moved, {} early locations, {} early offsets{}{}{}",
      tally.requests, tally.restarts, tally.power_cuts, tally.deaths, tally.takeovers,
      tally.failed_syncs, tally.given_up, tally.set_aside, tally.videos, tally.files_taken,
      tally.bytes_acknowledged, tally.bytes_taken_back, tally.disk_calls, tally.commits,
      tally.interrupted_calls, tally.bytes_moved, tally.early_locations, tally.early_offsets,
      text_of(tally.answers, "answers in"), text_of(tally.mixed, "mixed with"),
      text_of(tally.form_chunks, "form chunks of"));
}

}  // namespace sluice::simulation
