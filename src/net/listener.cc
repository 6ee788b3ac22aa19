// SPDX-License-Identifier: MIT
#include "net/listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "net/connection_slot.h"
#include "net/tcp_stream.h"

namespace sluice::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Between two looks at the event loop, so that a flood of connections does not starve it.
constexpr int burst_max = 64;
constexpr std::chrono::seconds complaint_interval{1};

Error listen_error(const char* operation, const Endpoint& endpoint,
                   const boost::system::error_code& error) {
  return Error(Errc::internal, std::string("cannot ") + operation + " " + to_text(endpoint) + ": " +
                                   std::generic_category().message(error.value()));
}

std::string address_text(const tcp::endpoint& peer) {
  const asio::ip::address address = peer.address();
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

Listener::Listener(tcp::acceptor acceptor, Endpoint endpoint, std::uint64_t connections_max,
                   Log& log, Metrics& metrics)
    : acceptor_(std::move(acceptor)),
      pause_(acceptor_.get_executor()),
      endpoint_(std::move(endpoint)),
      connections_max_(connections_max),
      log_(log),
      metrics_(metrics) {}

Result<std::unique_ptr<Listener>> Listener::open(const runtime::Executor& executor,
                                                 const Endpoint& endpoint,
                                                 std::uint64_t connections_max, Log& log,
                                                 Metrics& metrics) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(endpoint.address, error);
  if (error) {
    return fail(listen_error("understand the address", endpoint, error));
  }
  const tcp::endpoint wanted(address, endpoint.port);
  tcp::acceptor acceptor(executor);
  acceptor.open(wanted.protocol(), error);
  if (!error) {
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  }
  if (!error) {
    acceptor.native_non_blocking(true, error);
  }
  if (error) {
    return fail(listen_error("open a socket for", endpoint, error));
  }
  acceptor.bind(wanted, error);
  if (error) {
    return fail(listen_error("bind", endpoint, error));
  }
  acceptor.listen(static_cast<int>(limits::accept_backlog), error);
  if (error) {
    return fail(listen_error("listen on", endpoint, error));
  }
  Endpoint bound{endpoint.address, acceptor.local_endpoint(error).port()};
  if (error) {
    return fail(listen_error("find the port of", endpoint, error));
  }
  return std::unique_ptr<Listener>(
      new Listener(std::move(acceptor), std::move(bound), connections_max, log, metrics));
}

runtime::Task<> Listener::run(std::vector<Target> targets) {
  SLUICE_CHECK(!targets.empty());
  constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable_t<runtime::Executor>());
  while (!stopped_) {
    const auto [error] = co_await acceptor_.async_wait(tcp::acceptor::wait_read, use_tuple);
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
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    const int descriptor =
        ::accept4(acceptor_.native_handle(), peer.data(), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0) {
      peer.resize(size);
      hand_over(descriptor, peer, targets[next_target_]);
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

void Listener::hand_over(int descriptor, const tcp::endpoint& peer, const Target& target) {
  boost::system::error_code error;
  Socket socket(target.executor);
  socket.assign(peer.protocol(), descriptor, error);
  if (error) {
    ::close(descriptor);
    complain("a connection was dropped", error.message().c_str());
    return;
  }
  metrics_.connections_accepted.add();
  ConnectionSlot slot(metrics_.connections_open);
  if (std::cmp_greater(metrics_.connections_open.value(), connections_max_)) {
    complain("a connection was refused", "there are too many open connections");
    return;
  }
  asio::post(target.executor,
             [accept = target.accept, &deadlines = target.deadlines, socket = std::move(socket),
              address = address_text(peer), slot = std::move(slot)]() mutable {
               accept(std::make_unique<TcpStream>(std::move(socket), std::move(address), deadlines,
                                                  std::move(slot)));
             });
}

void Listener::complain(const char* event, const char* reason) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (now >= quiet_until_) {
    quiet_until_ = now + complaint_interval;
    log_.warn(event, {{"listener", to_text(endpoint_)}, {"reason", reason}});
  }
}

void Listener::stop() noexcept {
  stopped_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace sluice::net
