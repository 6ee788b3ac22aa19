// SPDX-License-Identifier: MIT
#include "program_jail.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

namespace sluice::tools {
namespace {

// Of Landlock's third and fifth version, which headers of Debian 12 do not have.
constexpr std::uint64_t truncate_right = 1U << 14U;
constexpr std::uint64_t ioctl_right = 1U << 15U;

constexpr std::uint64_t reading =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t file_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;

// All rights of the kernel's version: those that no rule gives are taken away.
std::uint64_t rights_of_version(long version) {
  std::uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;
  rights |= version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
  rights |= version >= 3 ? truncate_right : 0;
  rights |= version >= 5 ? ioctl_right : 0;
  return rights;
}

// What is not there needs no rule.
bool allow_beneath(int ruleset, const std::string& path, std::uint64_t rights) {
  const int parent = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (parent < 0) {
    return errno == ENOENT;
  }
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = parent;
  const long added =
      ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  ::close(parent);
  return added == 0;
}

std::string directory_of(const std::string& program) {
  const std::size_t slash = program.rfind('/');
  return slash == std::string::npos ? "." : program.substr(0, slash + 1);
}

constexpr std::array denied_calls{
    SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(io_uring_setup),
    // Other processes, and the way out of the group that is killed as one.
    SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(tgkill), SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp), SCMP_SYS(setsid), SCMP_SYS(setpgid),
    SCMP_SYS(setpriority), SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_setscheduler),
    // Attributes of files, of which Landlock knows nothing.
    SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown),
    SCMP_SYS(lchown), SCMP_SYS(fchownat), SCMP_SYS(setxattr), SCMP_SYS(lsetxattr),
    SCMP_SYS(fsetxattr), SCMP_SYS(removexattr), SCMP_SYS(lremovexattr), SCMP_SYS(fremovexattr),
    SCMP_SYS(utime), SCMP_SYS(utimes), SCMP_SYS(futimesat), SCMP_SYS(utimensat),
    // The system.
    SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
    SCMP_SYS(chroot), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
    SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(shmget), SCMP_SYS(msgget),
    SCMP_SYS(semget), SCMP_SYS(mq_open), SCMP_SYS(memfd_create), SCMP_SYS(personality)};

}  // namespace

bool confine_to_reading(const char* program) {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) {
    return false;
  }
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = rights_of_version(version);
  const int ruleset = static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes.handled_access_fs), 0));
  if (ruleset < 0) {
    return false;
  }
  bool allowed = allow_beneath(ruleset, directory_of(program), reading);
  for (const char* const path : {"/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/opt"}) {
    allowed = allowed && allow_beneath(ruleset, path, reading);
  }
  for (const char* const path : {"/dev/null", "/dev/zero", "/dev/urandom"}) {
    allowed = allowed && allow_beneath(ruleset, path, file_rights);
  }
  const bool restricted = allowed && ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  ::close(ruleset);
  return restricted;
}

bool deny_the_outside() {
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  bool built = filter != nullptr;
  for (const int call : denied_calls) {
    built = built && ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0) == 0;
  }
  built = built && ::seccomp_load(filter) == 0;
  ::seccomp_release(filter);
  return built;
}

}  // namespace sluice::tools
