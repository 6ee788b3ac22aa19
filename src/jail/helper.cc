// SPDX-License-Identifier: MIT
#include "jail/helper.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace sluice::jail {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// Descriptors that the child gets are first moved up here, so that putting one in its place never
// overwrites another.
constexpr int first_free_descriptor = 10;

Error our_error(const char* operation, int error_number) {
  return Error(Errc::internal, fmt::format("helper: {}: {}", operation,
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

  int fill(int file, int output) {
    std::array errors{
        ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
        ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO),
        ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0),
        ::posix_spawn_file_actions_adddup2(&actions_, file, file_descriptor),
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, file_descriptor + 1)};
    return *std::ranges::max_element(errors);
  }
  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// Signals as a program expects them at its start, and a process group of its own: Ctrl-C in the
// server's terminal must not look like a file that kills its helper.
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

// The bytes that a helper asks for.
class Questions {
 public:
  // Nothing is asked.
  Questions() = default;
  Questions(Descriptor socket, const AskedFile& file) : socket_(std::move(socket)), file_(&file) {}

  // -1 where no question can come.
  int socket() const noexcept { return socket_.number(); }
  // Takes one question and answers it. False: it is none that the helper may ask.
  Result<bool> answer();
  std::chrono::steady_clock::duration time_spent() const noexcept { return time_spent_; }

 private:
  Result<bool> send(const Question& question);

  Descriptor socket_;
  const AskedFile* file_ = nullptr;
  std::vector<std::byte> buffer_;
  std::chrono::steady_clock::duration time_spent_{};
};

Result<bool> Questions::answer() {
  Question question;
  const ssize_t size =
      ::recv(socket_.number(), &question, sizeof question, MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
    return true;
  }
  if (size <= 0) {
    // The helper has ended, or is about to.
    socket_.close();
    return true;
  }
  if (size != sizeof question || question.size == 0 || question.size > limits::asked_bytes_max ||
      question.offset >= file_->size) {
    return false;
  }
  const SteadyTime begin = std::chrono::steady_clock::now();
  const Result<bool> sent = send(question);
  time_spent_ += std::chrono::steady_clock::now() - begin;
  if (sent && time_spent_ > file_->read_time_max) {
    return fail(Errc::unavailable, "the bytes of the file come too slowly for a helper");
  }
  return sent;
}

Result<bool> Questions::send(const Question& question) {
  buffer_.resize(static_cast<std::size_t>(
      std::min<std::uint64_t>(question.size, file_->size - question.offset)));
  const Result<std::size_t> count = file_->read_at(question.offset, buffer_);
  if (!count) {
    return fail(count.error());
  }
  if (*count == 0) {
    return fail(Errc::storage_failed, "the file ends too early");
  }
  if (::send(socket_.number(), buffer_.data(), *count, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
    return true;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    return false;
  }
  socket_.close();
  return true;
}

// A started helper. Reaped at the latest by the destructor, which kills it first, with all that it
// has started in its process group.
class Child {
 public:
  Child(pid_t pid, Descriptor output, const Helper& helper, Questions questions)
      : pid_(pid), output_(std::move(output)), helper_(helper), questions_(std::move(questions)) {}
  ~Child() {
    if (pid_ > 0) {
      kill_and_reap();
    }
  }
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        output_(std::move(other.output_)),
        helper_(other.helper_),
        questions_(std::move(other.questions_)) {}
  Child& operator=(Child&&) = delete;

  // Until it has closed its output and ended, or the time is over.
  Result<Ending> watch(SteadyTime deadline);

 private:
  // False when `ending` is decided.
  Result<bool> read_output(SteadyTime deadline, Ending& ending);
  Result<bool> wait_readable(int descriptor, SteadyTime deadline, Ending& ending);
  Result<int> reap();
  void kill_and_reap() noexcept {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }

  pid_t pid_;
  Descriptor output_;
  const Helper& helper_;
  Questions questions_;
};

// True when `descriptor` can be read, or has ended. Answers what is asked meanwhile.
Result<bool> Child::wait_readable(int descriptor, SteadyTime deadline, Ending& ending) {
  constexpr std::chrono::milliseconds look_pause{200};
  for (;;) {
    if (helper_.stopping != nullptr && *helper_.stopping) {
      return fail(Errc::draining, "the server is shutting down");
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline + questions_.time_spent() - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      ending.how = Ending::How::late;
      return false;
    }
    std::array<pollfd, 2> polled{{{.fd = descriptor, .events = POLLIN, .revents = 0},
                                  {.fd = questions_.socket(), .events = POLLIN, .revents = 0}}};
    const int count =
        ::poll(polled.data(), polled.size(), static_cast<int>(std::min(left, look_pause).count()));
    if (count < 0 && errno != EINTR) {
      return fail(our_error("poll", errno));
    }
    if (count > 0 && polled[0].revents != 0) {
      return true;
    }
    if (count > 0) {
      const Result<bool> answered = questions_.answer();
      if (!answered || !*answered) {
        ending.how = Ending::How::asked_wrongly;
        return answered;
      }
    }
  }
}

Result<bool> Child::read_output(SteadyTime deadline, Ending& ending) {
  std::array<char, 4096> buffer{};
  for (;;) {
    const Result<bool> readable = wait_readable(output_.number(), deadline, ending);
    if (!readable || !*readable) {
      return readable;
    }
    const ssize_t count = ::read(output_.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return fail(our_error("read", errno));
    }
    if (count == 0) {
      return true;
    }
    ending.output.append(buffer.data(), static_cast<std::size_t>(count));
    if (ending.output.size() > helper_.output_bytes_max) {
      ending.output.resize(helper_.output_bytes_max);
      ending.how = Ending::How::wrote_too_much;
      return false;
    }
  }
}

// It has ended. Until it is reaped its number is its own, and that of its group: what it has
// started does not outlive it.
Result<int> Child::reap() {
  ::kill(-pid_, SIGKILL);
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

Result<Ending> Child::watch(SteadyTime deadline) {
  Ending ending;
  const Result<bool> read = read_output(deadline, ending);
  if (!read) {
    return fail(read.error());
  }
  if (!*read) {
    return ending;
  }
  // Not glibc 2.36's pidfd_open(): its header forgets C++.
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (process.number() < 0) {
    return fail(our_error("pidfd_open", errno));
  }
  const Result<bool> ended = wait_readable(process.number(), deadline, ending);
  if (!ended) {
    return fail(ended.error());
  }
  if (!*ended) {
    return ending;
  }
  const Result<int> status = reap();
  if (!status) {
    return fail(status.error());
  }
  const bool is_killed = WIFSIGNALED(*status);
  SLUICE_CHECK(is_killed || WIFEXITED(*status));
  ending.how = is_killed ? Ending::How::killed : Ending::How::exited;
  ending.number = is_killed ? WTERMSIG(*status) : WEXITSTATUS(*status);
  return ending;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

Result<Child> start(const Helper& helper, const Descriptor& file, Questions questions) {
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
  if (actions.fill(file.number(), input->number()) != 0 || attributes.fill() != 0) {
    return fail(our_error("prepare", ENOMEM));
  }
  std::vector<std::string> words{helper.program};
  words.insert(words.end(), helper.arguments.begin(), helper.arguments.end());
  std::vector<std::string> environment = helper.environment;
  pid_t pid = -1;
  const int error_number =
      ::posix_spawn(&pid, helper.program.c_str(), actions.get(), attributes.get(),
                    pointers_to(words).data(), pointers_to(environment).data());
  if (error_number != 0) {
    return fail(our_error(("start " + helper.program).c_str(), error_number));
  }
  return Child(pid, std::move(output), helper, std::move(questions));
}

}  // namespace

Result<Ending> run_helper(const Helper& helper, int file) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + helper.time_max;
  const Result<Descriptor> reopened = reopened_read_only(file);
  if (!reopened) {
    return fail(reopened.error());
  }
  if (::lseek(reopened->number(), static_cast<off_t>(helper.position), SEEK_SET) < 0) {
    return fail(our_error("seek", errno));
  }
  Result<Child> child = start(helper, *reopened, Questions());
  if (!child) {
    return fail(child.error());
  }
  return child->watch(deadline);
}

Result<Ending> run_helper(const Helper& helper, const AskedFile& file) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + helper.time_max;
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(our_error("socketpair", errno));
  }
  Questions questions(Descriptor(ends[0]), file);
  Result<Descriptor> theirs = moved_up(Descriptor(ends[1]));
  if (!theirs) {
    return fail(theirs.error());
  }
  Result<Child> child = start(helper, *theirs, std::move(questions));
  if (!child) {
    return fail(child.error());
  }
  theirs->close();
  return child->watch(deadline);
}

std::string beside_this_program(const std::string& name) {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  const std::string_view self(path.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t slash = self.rfind('/');
  const std::string_view directory = slash == std::string_view::npos ? "." : self.substr(0, slash);
  return std::string(directory) + "/" + name;
}

}  // namespace sluice::jail
