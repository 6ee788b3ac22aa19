// SPDX-License-Identifier: MIT
// Addresses and the networks that they belong to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::net {

// IPv6 in the order of the wire; IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2).
using AddressBytes = std::array<std::uint8_t, 16>;

// Without port and brackets; nullopt for what is no numeric address.
std::optional<AddressBytes> parse_address(std::string_view text);

struct Network {
  AddressBytes address{};
  unsigned prefix_bits = 128;  // Of AddressBytes: 96 more than people write for IPv4.

  bool contains(const AddressBytes& other) const noexcept;
  friend bool operator==(const Network&, const Network&) = default;
};

// `10.0.0.0/8`, `fd00::/8`, or one address alone. Bits behind the prefix must be zero: `10.1.2.3/8`
// is a mistake more often than not.
std::optional<Network> parse_network(std::string_view text);

// 127.0.0.0/8 and ::1.
bool is_loopback(const AddressBytes& address) noexcept;

}  // namespace sluice::net
