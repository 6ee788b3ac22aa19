// SPDX-License-Identifier: MIT
// Arithmetic on numbers of clients. The checked functions answer nullopt where the exact result
// does not fit; the saturating ones answer the nearest value that does, for sums that are only
// compared with a bound. (std::uint64_t wraps around silently otherwise.)
#pragma once

#include <concepts>
#include <limits>
#include <optional>
#include <type_traits>

namespace sluice {

template <std::unsigned_integral T>
constexpr std::optional<T> checked_add(T a, std::type_identity_t<T> b) noexcept {
  T sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::nullopt : std::optional<T>(sum);
}

template <std::unsigned_integral T>
constexpr std::optional<T> checked_subtract(T a, std::type_identity_t<T> b) noexcept {
  T difference = 0;
  return __builtin_sub_overflow(a, b, &difference) ? std::nullopt : std::optional<T>(difference);
}

template <std::unsigned_integral T>
constexpr std::optional<T> checked_multiply(T a, std::type_identity_t<T> b) noexcept {
  T product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::nullopt : std::optional<T>(product);
}

template <std::unsigned_integral T>
constexpr T saturating_add(T a, std::type_identity_t<T> b) noexcept {
  return checked_add(a, b).value_or(std::numeric_limits<T>::max());
}

template <std::unsigned_integral T>
constexpr T saturating_multiply(T a, std::type_identity_t<T> b) noexcept {
  return checked_multiply(a, b).value_or(std::numeric_limits<T>::max());
}

template <std::unsigned_integral T>
constexpr T saturating_subtract(T a, std::type_identity_t<T> b) noexcept {
  return checked_subtract(a, b).value_or(T{0});
}

}  // namespace sluice
