// SPDX-License-Identifier: MIT
#include "net/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "net/connection_limits.h"
#include "net/tcp_stream.h"

namespace sluice::net {
namespace {

namespace asio = boost::asio;

// Between two looks at the event loop, so that a flood of connections does not starve it.
constexpr int burst_max = 64;
constexpr std::chrono::seconds complaint_interval{1};

// A Unix socket's peer has no address: every process that may open the name may connect.
std::string address_text(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_UNIX) {
    return "unix";
  }
  asio::ip::tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), &peer, endpoint.capacity());
  const asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

// accept(2): errors that belong to the one connection that was lost before it was accepted.
bool concerns_one_connection(int error_number) {
  switch (error_number) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EPERM:
      return true;
    default:
      return false;
  }
}

}  // namespace

Listener::Listener(const runtime::Executor& executor, ListeningSocket socket,
                   ConnectionLimits& limits, Log& log, Metrics& metrics)
    : socket_(std::move(socket)),
      acceptor_(executor),
      pause_(executor),
      limits_(limits),
      log_(log),
      metrics_(metrics) {}

Result<std::unique_ptr<Listener>> Listener::open(const runtime::Executor& executor,
                                                 const Endpoint& endpoint, const Settings& settings,
                                                 ConnectionLimits& limits, Log& log,
                                                 Metrics& metrics) {
  Result<ListeningSocket> socket = ListeningSocket::open(endpoint, settings.socket_mode);
  if (!socket) {
    return fail(std::move(socket).error());
  }
  return on(executor, std::move(*socket), limits, log, metrics);
}

Result<std::unique_ptr<Listener>> Listener::on(const runtime::Executor& executor,
                                               ListeningSocket socket, ConnectionLimits& limits,
                                               Log& log, Metrics& metrics) {
  std::unique_ptr<Listener> listener(
      new Listener(executor, std::move(socket), limits, log, metrics));
  ListeningSocket& listening = listener->socket_;
  boost::system::error_code error;
  listener->acceptor_.assign(Protocol(listening.family(), IPPROTO_IP), listening.descriptor(),
                             error);
  if (error) {
    return fail(Errc::internal,
                "cannot wait on " + to_text(listener->endpoint()) + ": " + error.message());
  }
  listening.release_descriptor();
  return listener;
}

runtime::Task<> Listener::run(std::vector<Target> targets) {
  SLUICE_CHECK(!targets.empty());
  constexpr auto use_tuple = asio::as_tuple(asio::deferred);
  while (!stopped_) {
    const auto [error] = co_await acceptor_.async_wait(Acceptor::wait_read, use_tuple);
    if (stopped_) {
      break;
    }
    if (error || !accept_burst(targets)) {
      pause_.expires_after(limits::accept_pause);
      co_await pause_.async_wait(use_tuple);
    }
  }
}

bool Listener::accept_burst(const std::vector<Target>& targets) {
  for (int i = 0; i < burst_max; ++i) {
    sockaddr_storage peer{};
    auto size = static_cast<socklen_t>(sizeof peer);
    const int descriptor = ::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&peer),
                                     &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0) {
      hand_over(descriptor, address_text(peer), targets[next_target_]);
      next_target_ = (next_target_ + 1) % targets.size();
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return true;
    }
    if (!concerns_one_connection(errno)) {
      // EMFILE and its like: the connection stays in the backlog and the socket stays readable, so
      // going on at once would spin.
      complain("connections cannot be accepted", std::generic_category().message(errno).c_str());
      return false;
    }
  }
  return true;
}

void Listener::hand_over(int descriptor, const std::string& peer_address, const Target& target) {
  boost::system::error_code error;
  Socket socket(target.executor);
  socket.assign(Protocol(socket_.family(), IPPROTO_IP), descriptor, error);
  if (error) {
    ::close(descriptor);
    complain("a connection was dropped", error.message().c_str());
    return;
  }
  metrics_.connections_accepted.add();
  std::expected<ConnectionSlot, const char*> slot = limits_.admit(parse_address(peer_address));
  if (!slot) {
    complain("a connection was refused", slot.error());
    return;
  }
  asio::post(target.executor,
             [accept = target.accept, &deadlines = target.deadlines, socket = std::move(socket),
              address = peer_address, slot = *std::move(slot)]() mutable {
               accept(std::make_unique<TcpStream>(std::move(socket), std::move(address), deadlines,
                                                  std::move(slot)));
             });
}

void Listener::complain(const char* event, const char* reason) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (now >= quiet_until_) {
    quiet_until_ = now + complaint_interval;
    log_.warn(event, {{"listener", to_text(endpoint())}, {"reason", reason}});
  }
}

void Listener::stop() noexcept {
  stopped_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  socket_.close();
  pause_.cancel();
}

}  // namespace sluice::net
