// SPDX-License-Identifier: MIT
// The numbers of events in simulations.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace sluice::simulation {

struct Tally {
  std::uint64_t requests = 0;
  std::uint64_t restarts = 0;
  std::uint64_t power_cuts = 0;
  std::uint64_t deaths = 0;
  std::uint64_t takeovers = 0;
  std::uint64_t failed_syncs = 0;
  std::uint64_t given_up = 0;  // Hand-offs.
  std::uint64_t set_aside = 0;
  std::uint64_t videos = 0;
  std::uint64_t files_taken = 0;  // That came without a session.
  std::uint64_t bytes_acknowledged = 0;
  std::uint64_t bytes_taken_back = 0;  // By power cuts.
  std::uint64_t disk_calls = 0;
  std::uint64_t commits = 0;
  std::uint64_t interrupted_calls = 0;           // EINTR, and short counts.
  std::uint64_t bytes_moved = 0;                 // From a pipe into a file.
  std::uint64_t early_locations = 0;             // Interim answers that told of a location,
  std::uint64_t early_offsets = 0;               // or of an offset.
  std::map<std::string, std::uint64_t> answers;  // By dialect.
  // By dialect: uploads of which successful answers came in it and in two others at least.
  std::map<std::string, std::uint64_t> mixed;
  std::map<std::string, std::uint64_t> form_chunks;  // Successful answers to them, by uploader.

  void add(const Tally& other);
  friend bool operator==(const Tally&, const Tally&) = default;
};

std::string to_text(const Tally& tally);

}  // namespace sluice::simulation
