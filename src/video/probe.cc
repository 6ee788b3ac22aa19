// SPDX-License-Identifier: MIT
#include "video/probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <optional>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "video/probe_protocol.h"

namespace sluice::video {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// Descriptors that the child gets are first moved up here, so that putting one in its place never
// overwrites another.
constexpr int first_free_descriptor = 10;

Error our_error(const char* operation, int error_number) {
  return Error(Errc::internal, fmt::format("probe: {}: {}", operation,
                                           std::generic_category().message(error_number)));
}

class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  int number() const noexcept { return number_; }
  void close() noexcept {
    if (number_ >= 0) {
      ::close(std::exchange(number_, -1));
    }
  }

 private:
  int number_;
};

Result<Descriptor> moved_up(Descriptor descriptor) {
  Descriptor moved(::fcntl(descriptor.number(), F_DUPFD_CLOEXEC, first_free_descriptor));
  if (moved.number() < 0) {
    return fail(our_error("fcntl", errno));
  }
  return moved;
}

// A description of its own: read-only whatever the caller's is, and with its own position.
Result<Descriptor> reopened_read_only(int descriptor) {
  const std::string path = fmt::format("/proc/self/fd/{}", descriptor);
  Descriptor reopened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (reopened.number() < 0) {
    return fail(our_error("open the file again", errno));
  }
  return moved_up(std::move(reopened));
}

class SpawnActions {
 public:
  SpawnActions() { SLUICE_CHECK(::posix_spawn_file_actions_init(&actions_) == 0); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  int fill(int media, int output) {
    std::array errors{
        ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
        ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO),
        ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0),
        ::posix_spawn_file_actions_adddup2(&actions_, media, probe_media_descriptor),
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, probe_media_descriptor + 1)};
    return *std::ranges::max_element(errors);
  }
  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// Signals as a program expects them at its start, and a process group of its own: Ctrl-C in the
// server's terminal must not look like a file that kills its probe.
class SpawnAttributes {
 public:
  SpawnAttributes() { SLUICE_CHECK(::posix_spawnattr_init(&attributes_) == 0); }
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;

  int fill() {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    std::array errors{
        ::posix_spawnattr_setsigmask(&attributes_, &none),
        ::posix_spawnattr_setsigdefault(&attributes_, &all),
        ::posix_spawnattr_setpgroup(&attributes_, 0),
        ::posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP)};
    return *std::ranges::max_element(errors);
  }
  const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

// A started helper. Reaped at the latest by the destructor, which kills it first.
class Child {
 public:
  Child(pid_t pid, Descriptor output) : pid_(pid), output_(std::move(output)) {}
  ~Child() {
    if (pid_ > 0) {
      kill_and_reap();
    }
  }
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), output_(std::move(other.output_)) {}
  Child& operator=(Child&&) = delete;

  // The bytes that it wrote until it closed its output; unsupported_media_type when they took too
  // long or were too many.
  Result<std::string> read_output(SteadyTime deadline);
  // Its wait status.
  Result<int> wait(SteadyTime deadline);

 private:
  void kill_and_reap() noexcept {
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }

  pid_t pid_;
  Descriptor output_;
};

// True when `descriptor` can be read, or has ended; false when the deadline passed first.
Result<bool> wait_readable(int descriptor, SteadyTime deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return false;
    }
    pollfd polled{.fd = descriptor, .events = POLLIN, .revents = 0};
    const int count =
        ::poll(&polled, 1, static_cast<int>(std::min<std::int64_t>(left.count(), INT_MAX)));
    if (count > 0) {
      return true;
    }
    if (count < 0 && errno != EINTR) {
      return fail(our_error("poll", errno));
    }
  }
}

Result<std::string> Child::read_output(SteadyTime deadline) {
  std::string output;
  std::array<char, 4096> buffer{};
  for (;;) {
    const Result<bool> readable = wait_readable(output_.number(), deadline);
    if (!readable) {
      return fail(readable.error());
    }
    if (!*readable) {
      return fail(Errc::unsupported_media_type, "the probe did not answer in time");
    }
    const ssize_t count = ::read(output_.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return fail(our_error("read", errno));
    }
    if (count == 0) {
      return output;
    }
    output.append(buffer.data(), static_cast<std::size_t>(count));
    if (output.size() > limits::probe_output_bytes_max) {
      return fail(Errc::unsupported_media_type, "the probe answered too much");
    }
  }
}

Result<int> Child::wait(SteadyTime deadline) {
  // Not glibc 2.36's pidfd_open(): its header forgets C++.
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (process.number() < 0) {
    return fail(our_error("pidfd_open", errno));
  }
  const Result<bool> ended = wait_readable(process.number(), deadline);
  if (!ended) {
    return fail(ended.error());
  }
  if (!*ended) {
    return fail(Errc::unsupported_media_type, "the probe did not end in time");
  }
  int status = 0;
  pid_t reaped = -1;
  do {
    reaped = ::waitpid(pid_, &status, 0);
  } while (reaped < 0 && errno == EINTR);
  const int error_number = errno;
  pid_ = -1;
  if (reaped < 0) {
    return fail(our_error("waitpid", error_number));
  }
  return status;
}

Result<Child> start(const std::string& program, const std::vector<std::string>& arguments,
                    const Descriptor& media) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(our_error("pipe", errno));
  }
  Descriptor output(ends[0]);
  const Result<Descriptor> input = moved_up(Descriptor(ends[1]));
  if (!input) {
    return fail(input.error());
  }
  SpawnActions actions;
  SpawnAttributes attributes;
  if (actions.fill(media.number(), input->number()) != 0 || attributes.fill() != 0) {
    return fail(our_error("prepare", ENOMEM));
  }
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  std::array<char*, 1> environment{nullptr};
  pid_t pid = -1;
  const int error_number = ::posix_spawn(&pid, program.c_str(), actions.get(), attributes.get(),
                                         argv.data(), environment.data());
  if (error_number != 0) {
    return fail(our_error(("start " + program).c_str(), error_number));
  }
  return Child(pid, std::move(output));
}

Result<MediaInfo> understood(int status, std::string_view output) {
  if (WIFSIGNALED(status)) {
    return fail(Errc::unsupported_media_type,
                fmt::format("the probe was ended by signal {}", WTERMSIG(status)));
  }
  SLUICE_CHECK(WIFEXITED(status));
  // The dynamic linker exits with 127 when it does not find a library.
  constexpr int not_loaded = 127;
  switch (WEXITSTATUS(status)) {
    case probe_recognised:
      return parse_media_info(output);
    case probe_not_recognised:
      return fail(Errc::unsupported_media_type, "the file was not recognised");
    case probe_not_jailed:
      return fail(Errc::internal, "probe: this system does not let it be confined");
    case not_loaded:
      return fail(Errc::internal, "probe: its libraries cannot be loaded");
    default:
      return fail(Errc::unsupported_media_type,
                  fmt::format("the probe exited with status {}", WEXITSTATUS(status)));
  }
}

}  // namespace

HelperProber::HelperProber(std::string program, std::vector<std::string> arguments,
                           Duration time_max)
    : program_(std::move(program)), arguments_(std::move(arguments)), time_max_(time_max) {}

Result<MediaInfo> HelperProber::probe(int descriptor) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + time_max_;
  const Result<Descriptor> media = reopened_read_only(descriptor);
  if (!media) {
    return fail(media.error());
  }
  Result<Child> child = start(program_, arguments_, *media);
  if (!child) {
    return fail(child.error());
  }
  const Result<std::string> output = child->read_output(deadline);
  if (!output) {
    return fail(output.error());
  }
  const Result<int> status = child->wait(deadline);
  if (!status) {
    return fail(status.error());
  }
  return understood(*status, *output);
}

Result<> HelperProber::check() const {
  if (::access(program_.c_str(), X_OK) != 0) {
    return fail(storage_error(errno, "run the probe", program_));
  }
  return {};
}

std::string HelperProber::program_beside_this_one() {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  const std::string_view self(path.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t slash = self.rfind('/');
  const std::string_view directory = slash == std::string_view::npos ? "." : self.substr(0, slash);
  return std::string(directory) + "/sluice-probe";
}

Result<std::unique_ptr<Prober>> open_prober(const std::string& program) {
  if (program == "off") {
    return std::make_unique<NoProber>();
  }
  if (program.empty() && !HelperProber().check()) {
    return std::make_unique<NoProber>();
  }
  auto prober =
      program.empty() ? std::make_unique<HelperProber>() : std::make_unique<HelperProber>(program);
  if (const Result<> usable = prober->check(); !usable) {
    return fail(usable.error());
  }
  return prober;
}

}  // namespace sluice::video
