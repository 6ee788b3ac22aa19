// SPDX-License-Identifier: MIT
#include "probe_self_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <tuple>

#include "base/limits.h"
#include "probe_jail.h"
#include "video/probe_protocol.h"

namespace sluice::tools {
namespace {

bool limit_is(int resource, rlim_t most) {
  rlimit limits{};
  return ::getrlimit(static_cast<__rlimit_resource>(resource), &limits) == 0 &&
         limits.rlim_max == most && limits.rlim_cur == most;
}

bool descriptors_are_bare() {
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    const bool is_open = ::fcntl(descriptor, F_GETFD) >= 0;
    if (is_open != (descriptor <= video::probe_media_descriptor)) {
      return false;
    }
  }
  const int flags = ::fcntl(video::probe_media_descriptor, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY;
}

bool signals_are_default() {
  struct sigaction action{};
  sigset_t blocked;
  return ::sigaction(SIGPIPE, nullptr, &action) == 0 && action.sa_handler == SIG_DFL &&
         ::sigprocmask(SIG_BLOCK, nullptr, &blocked) == 0 && ::sigismember(&blocked, SIGTERM) == 0;
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count <= 0) {
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void allocate_for_ever() {
  constexpr std::size_t piece = 1U << 20U;
  for (;;) {
    void* memory = std::malloc(piece);
    if (memory == nullptr) {
      return;
    }
    // Writes the pages, so that they are allocated, in a way that the compiler does not remove.
    std::memset(memory, 1, piece);
    asm volatile("" : : "r"(memory) : "memory");
  }
}

void spin() {
  for (volatile unsigned turns = 0;; turns = turns + 1) {
  }
}

void execute() {
  std::array<char, 10> program{"/bin/true"};
  const std::array<char*, 2> arguments{program.data(), nullptr};
  ::execv(program.data(), arguments.data());
}

}  // namespace

bool surroundings_are_bare() {
  return descriptors_are_bare() && signals_are_default() && *environ == nullptr &&
         ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
         limit_is(RLIMIT_CPU, limits::probe_cpu_seconds_max) && limit_is(RLIMIT_FSIZE, 0) &&
         limit_is(RLIMIT_CORE, 0) && ::getpgrp() == ::getpid() &&
         ::getpriority(PRIO_PROCESS, 0) >= limits::probe_niceness &&
         ::syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0) == last_io_priority;
}

int misbehave(std::string_view how) {
  if (how == "socket") {
    ::socket(AF_INET, SOCK_STREAM, 0);
  } else if (how == "open") {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 ? video::probe_not_recognised
                                                         : video::probe_recognised;
  } else if (how == "execute") {
    execute();
  } else if (how == "fork") {
    ::fork();
  } else if (how == "kill") {
    ::kill(::getppid(), 0);
  } else if (how == "ask_behind_the_end") {
    const jail::Question question{std::uint64_t{1} << 62U, 1};
    std::ignore = ::write(video::probe_media_descriptor, &question, sizeof question);
    spin();
  } else if (how == "ask_for_ever") {
    const jail::Question question{0, 1};
    while (::write(video::probe_media_descriptor, &question, sizeof question) > 0) {
    }
    spin();
  } else if (how == "write") {
    write_all(video::probe_media_descriptor, "x");
  } else if (how == "map_code") {
    std::ignore = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  } else if (how == "allocate") {
    allocate_for_ever();
    return video::probe_not_recognised;
  } else if (how == "spin") {
    spin();
  } else if (how == "crash") {
    __builtin_trap();
  } else if (how == "chatter") {
    for (;;) {
      write_all(STDOUT_FILENO, "{\"container\":\"for ever and ever\",");
    }
  } else if (how == "babble") {
    write_all(STDOUT_FILENO, "{\"container\":7}\n");
  }
  return video::probe_recognised;
}

}  // namespace sluice::tools
