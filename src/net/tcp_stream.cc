// SPDX-License-Identifier: MIT
#include "net/tcp_stream.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "runtime/timer.h"

namespace sluice::net {
namespace {

using std::chrono::steady_clock;

constexpr Duration alarm_below{1000};

Error lost(const char* operation, int error_number) {
  return Error(Errc::closed_by_peer, std::string("the connection was lost: ") + operation + ": " +
                                         std::generic_category().message(error_number));
}

bool would_block(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK;
}

Error ended(Errc reason, Duration timeout) {
  if (reason == Errc::idle_timeout) {
    return Error(reason, "the peer was silent for " + std::to_string(timeout.count()) + " ms");
  }
  return Error(reason, "the connection is being ended");
}

iovec vector_of(Bytes bytes) {
  // sendmsg() does not write through it; iovec has no const form.
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

}  // namespace

struct TcpStream::Alarm {
  Alarm(const runtime::Executor& executor, TcpStream* owner) : timer(executor), stream(owner) {}

  runtime::Timer timer;
  TcpStream* stream;  // Null when the stream is gone.
};

TcpStream::TcpStream(Socket socket, std::string peer_address, runtime::DeadlineSweeper& deadlines,
                     std::optional<ConnectionSlot> slot)
    : slot_(std::move(slot)),
      socket_(std::move(socket)),
      peer_address_(std::move(peer_address)),
      deadline_(deadlines, [this] { end_wait(Errc::idle_timeout); }) {
  // Answers are written whole, so Nagle's algorithm only adds delay. No error matters: a socketpair
  // does not know the option.
  const int on = 1;
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (slot_) {
    door_ = std::make_shared<Door>(Door{this});
    slot_->on_leave([door = door_, executor = socket_.get_executor()] {
      boost::asio::post(executor, [door] {
        // A request may have come since.
        if (door->stream != nullptr && door->stream->slot_->is_leaving()) {
          door->stream->interrupt_wait(Errc::draining);
        }
      });
    });
  }
}

std::optional<PeerProcess> TcpStream::peer_process() noexcept {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (peer_address_ != "unix" ||
      ::getsockopt(descriptor(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return std::nullopt;
  }
  return PeerProcess{peer.uid, static_cast<std::uint64_t>(peer.pid)};
}

TcpStream::~TcpStream() {
  if (door_) {
    door_->stream = nullptr;
  }
  if (lent_ >= 0) {
    ::close(lent_);
  }
  if (alarm_) {
    alarm_->stream = nullptr;
    alarm_->timer.cancel();
  }
}

runtime::Task<Result<>> TcpStream::wait_readable(Duration timeout) {
  return wait(Socket::wait_read, timeout);
}

runtime::Task<Result<>> TcpStream::wait_writable(Duration timeout) {
  return wait(Socket::wait_write, timeout);
}

runtime::Task<Result<>> TcpStream::wait(Socket::wait_type direction, Duration timeout) {
  if (cancelled_) {
    co_return waited({}, timeout);
  }
  wait_ended_by_.reset();
  waiting_for_ = direction;
  arm(timeout);
  const auto [error] =
      co_await socket_.async_wait(direction, boost::asio::as_tuple(boost::asio::deferred));
  deadline_.disarm();
  waiting_for_.reset();
  co_return waited(error, timeout);
}

Result<> TcpStream::waited(const boost::system::error_code& error, Duration timeout) const {
  if (cancelled_) {
    return fail(ended(*cancelled_, timeout));
  }
  if (error == boost::asio::error::operation_aborted && wait_ended_by_) {
    return fail(ended(*wait_ended_by_, timeout));
  }
  if (error) {
    return fail(lost("wait", error.value()));
  }
  return {};
}

void TcpStream::end_wait(Errc reason) noexcept {
  if (waiting_for_ && !wait_ended_by_) {
    wait_ended_by_ = reason;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
}

void TcpStream::arm(Duration timeout) {
  if (timeout >= alarm_below) {
    alarm_at_ = steady_clock::time_point::max();
    deadline_.arm(timeout);
    return;
  }
  alarm_at_ = steady_clock::now() + std::max(timeout, Duration::zero());
  if (alarm_ && alarm_->timer.expiry() <= alarm_at_) {
    return;
  }
  if (!alarm_) {
    alarm_ = std::make_shared<Alarm>(socket_.get_executor(), this);
  }
  set_alarm(alarm_, alarm_at_);
}

void TcpStream::set_alarm(const std::shared_ptr<Alarm>& alarm, steady_clock::time_point at) {
  alarm->timer.expires_at(at);
  alarm->timer.async_wait([alarm](const boost::system::error_code& error) {
    if (error) {
      return;  // Gone, or set anew.
    }
    if (alarm->stream != nullptr) {
      alarm->stream->alarm_rang();
    }
  });
}

void TcpStream::alarm_rang() {
  const bool is_waited_for = waiting_for_ && alarm_at_ != steady_clock::time_point::max();
  if (is_waited_for && steady_clock::now() < alarm_at_) {
    set_alarm(alarm_, alarm_at_);
    return;
  }
  alarm_.reset();
  if (is_waited_for) {
    end_wait(Errc::idle_timeout);
  }
}

Result<std::optional<std::size_t>> TcpStream::read_now(MutableBytes buffer) {
  if (cancelled_) {
    return fail(ended(*cancelled_, {}));
  }
  for (;;) {
    const ssize_t count = ::recv(descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count >= 0) {
      return static_cast<std::size_t>(count);
    }
    if (would_block(errno)) {
      return std::nullopt;
    }
    if (errno != EINTR) {
      return fail(lost("recv", errno));
    }
  }
}

bool TcpStream::block_until_readable(Duration timeout) {
  pollfd waiting{descriptor(), POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(timeout.count())) > 0;
}

ByteStream::Lent TcpStream::lend() noexcept {
  boost::system::error_code failed;
  const int descriptor = cancelled_ ? -1 : socket_.release(failed);
  if (cancelled_ || failed) {
    return {};
  }
  lent_ = descriptor;
  return {descriptor, true};
}

void TcpStream::take_back() noexcept {
  if (lent_ < 0) {
    return;
  }
  // No function of a socket that is connected asks for its family.
  boost::system::error_code failed;
  socket_.assign(boost::asio::generic::stream_protocol(AF_UNSPEC, 0), lent_, failed);
  if (failed) {
    cancel(Errc::closed_by_peer);
    return;
  }
  lent_ = -1;
}

runtime::Task<Result<>> TcpStream::write(Bytes head, Bytes body, Patience patience) {
  Progress progress(patience);
  const std::size_t size = head.size() + body.size();
  for (;;) {
    if (cancelled_) {
      co_return fail(ended(*cancelled_, patience.idle));
    }
    const Result<bool> written = write_now(head, body);
    if (!written) {
      co_return fail(written.error());
    }
    if (*written) {
      co_return Result<>();
    }
    if (Result<> fast_enough = progress.before_wait(size - head.size() - body.size());
        !fast_enough) {
      co_return fast_enough;
    }
    const auto begin = steady_clock::now();
    Result<> writable = co_await wait(Socket::wait_write, progress.wait_max());
    progress.waited(steady_clock::now() - begin);
    if (!writable && writable.error().code() != Errc::idle_timeout) {
      co_return writable;
    }
  }
}

Result<bool> TcpStream::write_now(Bytes& head, Bytes& body) {
  while (!head.empty() || !body.empty()) {
    std::array<iovec, 2> pieces{vector_of(head), vector_of(body)};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const ssize_t count = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) {
      if (would_block(errno)) {
        return false;
      }
      if (errno == EINTR) {
        continue;
      }
      return fail(lost("send", errno));
    }
    const auto sent = static_cast<std::size_t>(count);
    const std::size_t of_head = std::min(sent, head.size());
    head = head.subspan(of_head);
    body = body.subspan(sent - of_head);
  }
  return true;
}

// No error matters: other sockets than those of TCP do not know the option, and lose nothing.
void TcpStream::expect_word_of_peer(Duration within) noexcept {
  const auto milliseconds = static_cast<unsigned>(within.count());
  ::setsockopt(descriptor(), IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
}

void TcpStream::shutdown_send() noexcept {
  ::shutdown(descriptor(), SHUT_WR);
}

void TcpStream::cancel(Errc reason) noexcept {
  if (!cancelled_) {
    cancelled_ = reason;
  }
  end_wait(reason);
}

void TcpStream::begin_idle() {
  if (slot_) {
    slot_->begin_idle();
  }
}

void TcpStream::end_idle() noexcept {
  if (slot_) {
    slot_->end_idle();
  }
}

void TcpStream::interrupt_wait(Errc reason) noexcept {
  if (waiting_for_ == Socket::wait_read) {
    end_wait(reason);
  }
}

}  // namespace sluice::net
