// SPDX-License-Identifier: MIT
#include "admin/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/printable.h"

namespace sluice::admin {
namespace {

std::string taken_from_environment(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

std::optional<Duration> watchdog_time(std::string_view microseconds) {
  std::int64_t count = 0;
  const auto [end, error] =
      std::from_chars(microseconds.data(), microseconds.data() + microseconds.size(), count);
  const bool whole = error == std::errc() && end == microseconds.data() + microseconds.size();
  if (!whole || count <= 0) {
    return std::nullopt;
  }
  return std::chrono::duration_cast<Duration>(std::chrono::microseconds(count));
}

}  // namespace

Result<Supervisor> Supervisor::from_environment() {
  const std::string address = taken_from_environment("NOTIFY_SOCKET");
  std::string watchdog = taken_from_environment("WATCHDOG_USEC");
  const std::string process = taken_from_environment("WATCHDOG_PID");
  if (!process.empty() && process != std::to_string(::getpid())) {
    watchdog.clear();
  }
  return address.empty() ? Supervisor() : open(address, watchdog);
}

Result<Supervisor> Supervisor::open(const std::string& address, std::string_view watchdog_usec) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const bool is_known = address.starts_with('/') || address.starts_with('@');
  if (!is_known || address.size() < 2 || address.size() >= sizeof name.sun_path) {
    return fail(Errc::bad_request, "NOTIFY_SOCKET: expected an absolute path or @NAME, got \"" +
                                       printable(address) + "\"");
  }
  std::ranges::copy(address, name.sun_path);
  if (address.starts_with('@')) {
    name.sun_path[0] = '\0';  // unix(7): an abstract name, which ends where the address ends.
  }
  Supervisor supervisor;
  supervisor.socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  if (supervisor.socket_ < 0 ||
      ::connect(supervisor.socket_, reinterpret_cast<const sockaddr*>(&name), size) != 0) {
    return fail(Errc::internal, "NOTIFY_SOCKET: " + printable(address) + ": " +
                                    std::generic_category().message(errno));
  }
  supervisor.watchdog_ = watchdog_time(watchdog_usec);
  return supervisor;
}

Supervisor::Supervisor(Supervisor&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), watchdog_(other.watchdog_) {}

Supervisor& Supervisor::operator=(Supervisor&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(watchdog_, other.watchdog_);
  return *this;
}

Supervisor::~Supervisor() {
  if (socket_ >= 0) {
    ::close(socket_);
  }
}

void Supervisor::tell(std::string_view variables) const noexcept {
  if (socket_ >= 0) {
    std::ignore = ::send(socket_, variables.data(), variables.size(), MSG_NOSIGNAL);
  }
}

}  // namespace sluice::admin
