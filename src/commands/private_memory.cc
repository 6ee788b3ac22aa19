// SPDX-License-Identifier: MIT
#include "commands/private_memory.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace sluice::commands {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#elif defined(__has_feature)
constexpr bool is_sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool is_sanitized = false;
#endif

}  // namespace

void keep_memory_private() noexcept {
  constexpr rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &none);
  if (!is_sanitized) {
    // The limit alone does not hold for dumps into a pipe (core(5)).
    ::prctl(PR_SET_DUMPABLE, 0);
  }
}

}  // namespace sluice::commands
