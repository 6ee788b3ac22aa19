// SPDX-License-Identifier: MIT
// The bytes of every file that is sent: 64 MiB of noise, repeated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::bench {

// In a file of its own in memory, so that sendfile() passes its pages on uncopied: the sender is
// cheap, and the receiver reads bytes that are in no cache of its core. Throws std::system_error.
class Source {
 public:
  static constexpr std::uint64_t period = 64 << 20;

  Source();
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  // Bytes from `offset` on, `size` of them or fewer.
  std::string_view at(std::uint64_t offset, std::uint64_t size) const noexcept;

 private:
  int descriptor_;
  char* memory_;
};

}  // namespace sluice::bench
