// SPDX-License-Identifier: MIT
#include "checks/clamd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace sluice::checks {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

std::unexpected<Error> trouble(const char* operation, int error_number) {
  return fail(Errc::delivery_failed, std::string("clamd: ") + operation + ": " +
                                         std::generic_category().message(error_number));
}

template <class Address>
SocketAddress address_from(const Address& address) {
  SocketAddress result;
  std::memcpy(&result.bytes, &address, sizeof(address));
  result.size = sizeof(address);
  return result;
}

Result<SocketAddress> address_of(const net::Endpoint& endpoint) {
  if (endpoint.is_unix()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (endpoint.path.size() >= sizeof(address.sun_path)) {
      return trouble("connect", ENAMETOOLONG);
    }
    endpoint.path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    return address_from(address);
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(endpoint.port);
  if (::inet_pton(AF_INET, endpoint.address.c_str(), &v4.sin_addr) == 1) {
    return address_from(v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  if (::inet_pton(AF_INET6, endpoint.address.c_str(), &v6.sin6_addr) == 1) {
    return address_from(v6);
  }
  return trouble("connect", EADDRNOTAVAIL);
}

// One connection, which asks one question.
class Session {
 public:
  Session(const ClamdSettings& settings, const std::atomic<bool>& stopping, std::uint64_t size)
      : time_max_(settings.time_max),
        last_(std::chrono::steady_clock::now() + settings.time_max +
              std::chrono::seconds(size / limits::clamd_bytes_per_second_min)),
        stopping_(stopping) {}
  ~Session() {
    if (socket_ >= 0) {
      ::close(socket_);
    }
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Result<> connect(const net::Endpoint& endpoint);
  // False when clamd has said its reply before it took all bytes, or hung up.
  Result<bool> send(std::string_view bytes);
  Result<ClamdReply> reply();

 private:
  // The events that came; an error when none did in time.
  Result<short> wait(short events);

  const Duration time_max_;
  const SteadyTime last_;
  const std::atomic<bool>& stopping_;
  int socket_ = -1;
};

Result<short> Session::wait(short events) {
  constexpr std::chrono::milliseconds look_pause{200};
  const SteadyTime deadline = std::min(last_, std::chrono::steady_clock::now() + time_max_);
  for (;;) {
    if (stopping_) {
      return fail(Errc::draining, "the server is shutting down");
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return trouble("wait", ETIMEDOUT);
    }
    pollfd polled{.fd = socket_, .events = events, .revents = 0};
    const int count = ::poll(&polled, 1, static_cast<int>(std::min(left, look_pause).count()));
    if (count > 0) {
      return polled.revents;
    }
    if (count < 0 && errno != EINTR) {
      return trouble("poll", errno);
    }
  }
}

Result<> Session::connect(const net::Endpoint& endpoint) {
  const Result<SocketAddress> address = address_of(endpoint);
  if (!address) {
    return fail(address.error());
  }
  socket_ = ::socket(address->bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) {
    return trouble("socket", errno);
  }
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address->bytes), address->size) == 0) {
    return {};
  }
  if (errno != EINPROGRESS) {
    return trouble("connect", errno);
  }
  if (const Result<short> ready = wait(POLLOUT); !ready) {
    return fail(ready.error());
  }
  int error_number = 0;
  socklen_t size = sizeof(error_number);
  if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error_number, &size) != 0 || error_number != 0) {
    return trouble("connect", error_number);
  }
  return {};
}

Result<bool> Session::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const Result<short> ready = wait(POLLOUT | POLLIN);
    if (!ready) {
      return fail(ready.error());
    }
    if ((*ready & (POLLIN | POLLHUP | POLLERR)) != 0) {
      return false;
    }
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) {
      return false;
    }
    if (count < 0 && errno != EINTR && errno != EAGAIN) {
      return trouble("send", errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
  return true;
}

Result<ClamdReply> Session::reply() {
  ClamdReplyParser parser;
  std::array<char, 1024> buffer{};
  for (;;) {
    if (const Result<short> ready = wait(POLLIN); !ready) {
      return fail(ready.error());
    }
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
      continue;
    }
    // After a reset the reply may be lost: what came before it counts.
    if (count <= 0) {
      return parser.reply();
    }
    const Result<bool> whole = parser.add({buffer.data(), static_cast<std::size_t>(count)});
    if (!whole) {
      return fail(whole.error());
    }
    if (*whole) {
      return parser.reply();
    }
  }
}

}  // namespace

Result<ClamdReply> ask_clamd(const ClamdSettings& settings, runtime::ReadableFile& file,
                             ByteRange range, const std::atomic<bool>& stopping) {
  Session session(settings, stopping, range.size());
  if (const Result<> connected = session.connect(settings.address); !connected) {
    return fail(connected.error());
  }
  Result<bool> goes_on = session.send(instream_command);
  std::vector<std::byte> buffer(limits::buffer_bytes);
  for (std::uint64_t offset = range.begin; goes_on && *goes_on && offset < range.end;) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), range.end - offset));
    const Result<std::size_t> count = file.read_at(offset, MutableBytes(buffer).first(wanted));
    if (!count) {
      return fail(count.error());
    }
    if (*count == 0) {
      return fail(Errc::storage_failed, "the file ends too early");
    }
    const std::array<char, 4> head = chunk_head(static_cast<std::uint32_t>(*count));
    goes_on = session.send({head.data(), head.size()});
    if (goes_on && *goes_on) {
      goes_on = session.send(as_text(Bytes(buffer).first(*count)));
    }
    offset += *count;
  }
  if (goes_on && *goes_on) {
    const std::array<char, 4> end = chunk_head(0);
    goes_on = session.send({end.data(), end.size()});
  }
  return goes_on ? session.reply() : fail(goes_on.error());
}

}  // namespace sluice::checks
