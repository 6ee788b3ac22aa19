// SPDX-License-Identifier: MIT
#include "net/listening_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace sluice::net {
namespace {

std::unexpected<Error> listen_error(const char* operation, const Endpoint& endpoint,
                                    int error_number) {
  return fail(Errc::internal, std::string("cannot ") + operation + " " + to_text(endpoint) + ": " +
                                  std::generic_category().message(error_number));
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  SLUICE_CHECK(path.size() < sizeof address.sun_path);
  std::ranges::copy(path, address.sun_path);
  return address;
}

int bind_to(int descriptor, const sockaddr_un& address) {
  return ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

// Removes the name of a socket on which no process listens any more.
Result<> remove_stale_name(const Endpoint& endpoint, const sockaddr_un& address) {
  struct stat status{};
  if (::lstat(endpoint.path.c_str(), &status) != 0) {
    return errno == ENOENT ? Result<>() : listen_error("look at", endpoint, errno);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail(Errc::internal, "cannot bind " + to_text(endpoint) +
                                    ": there is a file of that name that is no socket");
  }
  // Non-blocking: a listener whose backlog is full says EAGAIN, and is alive.
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) {
    return listen_error("open a socket for", endpoint, errno);
  }
  const bool refused =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno == ECONNREFUSED;
  ::close(probe);
  if (!refused) {
    return listen_error("bind", endpoint, EADDRINUSE);
  }
  if (::unlink(endpoint.path.c_str()) != 0 && errno != ENOENT) {
    return listen_error("remove the old socket of", endpoint, errno);
  }
  return {};
}

// -1: it has none.
int socket_option(int descriptor, int option) {
  int value = 0;
  auto size = static_cast<socklen_t>(sizeof value);
  return ::getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

std::optional<Endpoint> endpoint_of(const sockaddr_storage& address, socklen_t size) {
  if (address.ss_family == AF_UNIX) {
    sockaddr_un name{};
    std::memcpy(&name, &address, sizeof name);
    const std::size_t path_size = ::strnlen(name.sun_path, sizeof name.sun_path);
    if (path_size == 0) {
      return std::nullopt;
    }
    return Endpoint{.address = {}, .port = 0, .path = std::string(name.sun_path, path_size)};
  }
  boost::asio::ip::tcp::endpoint endpoint;
  if ((address.ss_family != AF_INET && address.ss_family != AF_INET6) ||
      size > endpoint.capacity()) {
    return std::nullopt;
  }
  std::memcpy(endpoint.data(), &address, size);
  return Endpoint{endpoint.address().to_string(), endpoint.port()};
}

}  // namespace

Result<ListeningSocket> ListeningSocket::open(const Endpoint& endpoint, mode_t mode) {
  ListeningSocket socket(endpoint);
  const Result<> opened = endpoint.is_unix() ? socket.open_unix(mode) : socket.open_tcp();
  if (!opened) {
    return fail(opened.error());
  }
  return socket;
}

Result<ListeningSocket> ListeningSocket::adopt(int descriptor) {
  sockaddr_storage address{};
  auto size = static_cast<socklen_t>(sizeof address);
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return fail(Errc::bad_request, "descriptor " + std::to_string(descriptor) +
                                       " is no socket: " + std::generic_category().message(errno));
  }
  if (socket_option(descriptor, SO_TYPE) != SOCK_STREAM ||
      socket_option(descriptor, SO_ACCEPTCONN) != 1) {
    return fail(Errc::bad_request, "it is no stream socket that listens");
  }
  const std::optional<Endpoint> endpoint = endpoint_of(address, size);
  if (!endpoint) {
    return fail(Errc::bad_request, "expected TCP or a Unix socket with a path");
  }
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
    return listen_error("prepare", *endpoint, errno);
  }
  ListeningSocket socket(*endpoint);
  socket.descriptor_ = descriptor;
  socket.family_ = address.ss_family;
  return socket;
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      family_(other.family_),
      endpoint_(std::move(other.endpoint_)),
      has_name_(std::exchange(other.has_name_, false)),
      device_(other.device_),
      inode_(other.inode_) {}

Result<> ListeningSocket::open_descriptor(int family) {
  family_ = family;
  descriptor_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor_ < 0) {
    return listen_error("open a socket for", endpoint_, errno);
  }
  return {};
}

Result<> ListeningSocket::open_tcp() {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(endpoint_.address, error);
  if (error) {
    return listen_error("understand the address", endpoint_, error.value());
  }
  boost::asio::ip::tcp::endpoint wanted(address, endpoint_.port);
  if (Result<> opened = open_descriptor(wanted.protocol().family()); !opened) {
    return opened;
  }
  const int on = 1;
  if (::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(descriptor_, wanted.data(), static_cast<socklen_t>(wanted.size())) != 0) {
    return listen_error("bind", endpoint_, errno);
  }
  auto size = static_cast<socklen_t>(wanted.capacity());
  if (::getsockname(descriptor_, wanted.data(), &size) != 0) {
    return listen_error("find the port of", endpoint_, errno);
  }
  const Result<> listening = listen();
  endpoint_.port = wanted.port();
  return listening;
}

Result<> ListeningSocket::open_unix(mode_t mode) {
  if (Result<> opened = open_descriptor(AF_UNIX); !opened) {
    return opened;
  }
  const sockaddr_un address = unix_address(endpoint_.path);
  if (Result<> removed = remove_stale_name(endpoint_, address); !removed) {
    return removed;
  }
  // bind() gives the name the socket's own mode less the umask: at no moment may more people
  // connect than afterwards.
  if (::fchmod(descriptor_, mode) != 0 || bind_to(descriptor_, address) != 0) {
    return listen_error("bind", endpoint_, errno);
  }
  struct stat status{};
  if (::lstat(endpoint_.path.c_str(), &status) != 0) {
    return listen_error("look at", endpoint_, errno);
  }
  has_name_ = true;
  device_ = status.st_dev;
  inode_ = status.st_ino;
  if (::chmod(endpoint_.path.c_str(), mode) != 0) {
    return listen_error("set the mode of", endpoint_, errno);
  }
  return listen();
}

Result<> ListeningSocket::listen() {
  if (::listen(descriptor_, static_cast<int>(limits::accept_backlog)) != 0) {
    return listen_error("listen on", endpoint_, errno);
  }
  return {};
}

int ListeningSocket::release_descriptor() noexcept {
  return std::exchange(descriptor_, -1);
}

void ListeningSocket::close() noexcept {
  if (std::exchange(has_name_, false)) {
    struct stat status{};
    if (::lstat(endpoint_.path.c_str(), &status) == 0 && status.st_dev == device_ &&
        status.st_ino == inode_) {
      ::unlink(endpoint_.path.c_str());
    }
  }
  if (descriptor_ >= 0) {
    ::close(std::exchange(descriptor_, -1));
  }
}

}  // namespace sluice::net
