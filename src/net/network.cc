// SPDX-License-Identifier: MIT
#include "net/network.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <string>
#include <system_error>

namespace sluice::net {
namespace {

constexpr unsigned address_bits = 128;
constexpr unsigned mapped_bits = 96;  // Before the IPv4 address.

bool is_v4(const AddressBytes& address) noexcept {
  return Network{.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, .prefix_bits = mapped_bits}
      .contains(address);
}

AddressBytes without_tail(AddressBytes address, unsigned prefix_bits) noexcept {
  for (unsigned bit = prefix_bits; bit < address_bits; ++bit) {
    address[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return address;
}

}  // namespace

std::optional<AddressBytes> parse_address(std::string_view text) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(text), error);
  // A scope (fe80::1%eth0) means something on one machine alone.
  if (error || text.find('%') != std::string_view::npos) {
    return std::nullopt;
  }
  const auto v6 = address.is_v6() ? address.to_v6()
                                  : boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped,
                                                                     address.to_v4());
  AddressBytes bytes{};
  std::ranges::copy(v6.to_bytes(), bytes.begin());
  return bytes;
}

bool Network::contains(const AddressBytes& other) const noexcept {
  return without_tail(other, prefix_bits) == without_tail(address, prefix_bits);
}

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<AddressBytes> address = parse_address(text.substr(0, slash));
  if (!address) {
    return std::nullopt;
  }
  if (slash == std::string_view::npos) {
    return Network{.address = *address, .prefix_bits = address_bits};
  }
  const std::string_view digits = text.substr(slash + 1);
  const bool written_as_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc() || end != digits.data() + digits.size() ||
      bits > (written_as_v4 ? address_bits - mapped_bits : address_bits)) {
    return std::nullopt;
  }
  bits += written_as_v4 ? mapped_bits : 0;
  if (without_tail(*address, bits) != *address) {
    return std::nullopt;
  }
  return Network{.address = *address, .prefix_bits = bits};
}

bool is_loopback(const AddressBytes& address) noexcept {
  if (is_v4(address)) {
    return address[12] == 127;
  }
  return address == AddressBytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
}

}  // namespace sluice::net
