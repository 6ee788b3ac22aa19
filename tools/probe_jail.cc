// SPDX-License-Identifier: MIT
#include "probe_jail.h"

#include <linux/ioprio.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "base/limits.h"
#include "jail/helper.h"

// Sanitizers reserve terabytes of addresses and make some calls of their own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLUICE_PROBE_SANITIZED 1
#endif
#endif

namespace sluice::tools {
namespace {

bool limit(int resource, rlim_t most) {
  const rlimit limits{.rlim_cur = most, .rlim_max = most};
  return ::setrlimit(static_cast<__rlimit_resource>(resource), &limits) == 0;
}

class Filter {
 public:
  Filter() : context_(::seccomp_init(SCMP_ACT_KILL_PROCESS)) {}
  ~Filter() { ::seccomp_release(context_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  void allow(int call) { add(SCMP_ACT_ALLOW, call, nullptr, 0); }
  void allow(int call, scmp_arg_cmp condition) { add(SCMP_ACT_ALLOW, call, &condition, 1); }
  void allow(int call, scmp_arg_cmp first, scmp_arg_cmp second) {
    const std::array conditions{first, second};
    add(SCMP_ACT_ALLOW, call, conditions.data(), conditions.size());
  }

  // The call fails and the process lives on.
  void deny(int call) { add(SCMP_ACT_ERRNO(EACCES), call, nullptr, 0); }

  // A violation on a foreign architecture's call table ends the process too.
  bool load() {
    return !failed_ && context_ != nullptr &&
           ::seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
           ::seccomp_load(context_) == 0;
  }

 private:
  void add(std::uint32_t action, int call, const scmp_arg_cmp* conditions, std::size_t count) {
    failed_ = failed_ || context_ == nullptr ||
              ::seccomp_rule_add_array(context_, action, call, static_cast<unsigned>(count),
                                       conditions) != 0;
  }

  scmp_filter_ctx context_;
  bool failed_ = false;
};

// Arguments of C type int: the upper half of the register is not part of the value.
constexpr std::uint64_t int_bits = 0xFFFF'FFFF;

scmp_arg_cmp int_argument(unsigned index, int value) {
  return {index, SCMP_CMP_MASKED_EQ, int_bits, static_cast<std::uint32_t>(value)};
}

scmp_arg_cmp not_executable(unsigned index) {
  return {index, SCMP_CMP_MASKED_EQ, static_cast<std::uint64_t>(PROT_EXEC), 0};
}

}  // namespace

ResourceBounds probe_bounds() {
  return {limits::probe_memory_bytes_max, limits::probe_cpu_seconds_max,
          limits::probe_open_files_max};
}

bool limit_resources(const ResourceBounds& bounds) {
#ifndef SLUICE_PROBE_SANITIZED
  if (!limit(RLIMIT_AS, bounds.memory_bytes)) {
    return false;
  }
#endif
  return limit(RLIMIT_CPU, bounds.cpu_seconds) && limit(RLIMIT_FSIZE, 0) &&
         limit(RLIMIT_NOFILE, bounds.open_files) && limit(RLIMIT_CORE, 0) &&
         ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

void step_back() {
  [[maybe_unused]] const int niceness = ::nice(limits::probe_niceness);
  ::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, last_io_priority);
}

bool close_jail(Reading reading) {
  Filter filter;
  if (reading == Reading::by_asking) {
    filter.allow(SCMP_SYS(read), int_argument(0, jail::file_descriptor));
    filter.allow(SCMP_SYS(write), int_argument(0, jail::file_descriptor));
  } else {
    filter.allow(SCMP_SYS(pread64), int_argument(0, jail::file_descriptor));
  }
  filter.allow(SCMP_SYS(write), int_argument(0, STDOUT_FILENO));
  filter.allow(SCMP_SYS(exit));
  filter.allow(SCMP_SYS(exit_group));
  filter.allow(SCMP_SYS(brk));
  filter.allow(SCMP_SYS(mmap), not_executable(2), int_argument(4, -1));
  filter.allow(SCMP_SYS(mprotect), not_executable(2));
  filter.allow(SCMP_SYS(munmap));
  filter.allow(SCMP_SYS(mremap));
  filter.allow(SCMP_SYS(madvise));
  filter.allow(SCMP_SYS(futex));
  filter.allow(SCMP_SYS(clock_gettime));
  filter.allow(SCMP_SYS(clock_nanosleep));
  filter.allow(SCMP_SYS(gettimeofday));
  filter.allow(SCMP_SYS(time));
  filter.allow(SCMP_SYS(getrandom));
  filter.allow(SCMP_SYS(sched_getaffinity));
  filter.allow(SCMP_SYS(sched_yield));
  filter.allow(SCMP_SYS(rt_sigreturn));
  filter.allow(SCMP_SYS(restart_syscall));
  // iconv() looks for its tables when MPEG-TS names a service, and manages without them.
  filter.deny(SCMP_SYS(open));
  filter.deny(SCMP_SYS(openat));
  filter.deny(SCMP_SYS(stat));
  filter.deny(SCMP_SYS(newfstatat));
  filter.deny(SCMP_SYS(access));
  filter.deny(SCMP_SYS(readlink));
#ifdef SLUICE_PROBE_SANITIZED
  filter.allow(SCMP_SYS(sigaltstack));
  filter.allow(SCMP_SYS(rt_sigprocmask));
  filter.allow(SCMP_SYS(rt_sigaction));
  filter.allow(SCMP_SYS(getpid));
  filter.allow(SCMP_SYS(gettid));
#endif
  return filter.load();
}

}  // namespace sluice::tools
