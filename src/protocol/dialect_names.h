// SPDX-License-Identifier: MIT
// The names of the dialects, as they stand in settings, records and the log, and the versions of
// one of them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::protocol {

inline constexpr const char* panda_name = "panda";
inline constexpr const char* tus_name = "tus";
inline constexpr const char* rufh_name = "rufh";
inline constexpr const char* range308_name = "range308";
inline constexpr const char* formchunks_name = "formchunks";
inline constexpr const char* filepond_name = "filepond";

// The interop versions of the IETF draft that the server can speak as rufh.
inline constexpr std::uint64_t rufh_oldest = 3;
inline constexpr std::uint64_t rufh_newest = 10;

// That an operator may enable.
inline constexpr std::array<std::string_view, 6> dialect_names{
    panda_name, tus_name, rufh_name, range308_name, formchunks_name, filepond_name};

}  // namespace sluice::protocol
