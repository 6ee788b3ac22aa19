// SPDX-License-Identifier: MIT
#include "protocol/rufh/interop_version.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "protocol/dialect_names.h"

namespace sluice::protocol::rufh {
namespace {

constexpr const char* none = nullptr;
// In the order of the members.
constexpr std::array<InteropVersion, 8> table{{
    // clang-format off
    // incomplete  complete  type   lifetime    104    completed location status empty
    {3,  true,     false,    false, none,       false, false,    true,    201,   true},
    {4,  false,    false,    false, none,       false, false,    true,    201,   true},
    {5,  false,    false,    false, none,       true,  false,    true,    201,   true},
    {6,  false,    false,    true,  "expires",  true,  true,     true,    201,   true},
    {7,  false,    true,     true,  "max-age",  true,  true,     false,   204,   false},
    {8,  false,    true,     true,  "max-age",  true,  true,     false,   204,   false},
    {9,  false,    true,     true,  "max-age",  true,  false,    false,   204,   false},
    {10, false,    true,     true,  "max-age",  true,  false,    false,   204,   false},
    // clang-format on
}};
static_assert(table.front().number == rufh_oldest);
static_assert(table.back().number == rufh_newest);

}  // namespace

const InteropVersion* find_version(std::uint64_t number, std::uint64_t newest) noexcept {
  const auto* const found = std::ranges::find(table, number, &InteropVersion::number);
  return found == table.end() || number > newest ? nullptr : found;
}

}  // namespace sluice::protocol::rufh
