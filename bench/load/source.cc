// SPDX-License-Identifier: MIT
#include "load/source.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "program.h"

namespace sluice::bench {
namespace {

// xorshift64: fast, and the same in every run.
void fill_with_noise(char* memory, std::uint64_t size) {
  std::uint64_t state = 0x9E3779B97F4A7C15;
  for (std::uint64_t i = 0; i < size; i += sizeof state) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    std::memcpy(memory + i, &state, sizeof state);
  }
}

}  // namespace

Source::Source() : descriptor_(::memfd_create("source", MFD_CLOEXEC)), memory_(nullptr) {
  if (descriptor_ < 0 || ::ftruncate(descriptor_, static_cast<off_t>(period)) != 0) {
    throw_error("memory for the bytes to send");
  }
  void* memory = ::mmap(nullptr, period, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (memory == MAP_FAILED) {
    throw_error("map the bytes to send");
  }
  memory_ = static_cast<char*>(memory);
  fill_with_noise(memory_, period);
}

Source::~Source() {
  ::munmap(memory_, period);
  ::close(descriptor_);
}

std::string_view Source::at(std::uint64_t offset, std::uint64_t size) const noexcept {
  const std::uint64_t begin = offset % period;
  return {memory_ + begin, std::min(size, period - begin)};
}

}  // namespace sluice::bench
