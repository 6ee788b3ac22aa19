// SPDX-License-Identifier: MIT
#include "load/connection.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <stdexcept>
#include <tuple>

#include "program.h"

namespace sluice::bench {
namespace {

// Up to here a body is copied behind its head, in one call: a sendfile() of its own costs more.
constexpr std::uint64_t small_body_bytes = 64 << 10;

std::string path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    return std::string(url);
  }
  const std::size_t path = url.find('/', scheme + 3);
  return path == std::string_view::npos ? "/" : std::string(url.substr(path));
}

// A text of a flat JSON object without escapes; empty when it is not there.
std::string_view text_in_json(std::string_view body, std::string_view name) {
  const std::string key = fmt::format(R"("{}":")", name);
  const std::size_t at = body.find(key);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = body.substr(at + key.size());
  return rest.substr(0, rest.find('"'));
}

template <class Number>
Number number(std::string_view text, int base = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end == text.data()) {
    throw std::runtime_error(fmt::format("expected a number in the answer, got '{}'", text));
  }
  return value;
}

bool is_header(std::string_view line, std::string_view name) {
  const auto lower = [](unsigned char c) { return std::tolower(c); };
  return line.size() > name.size() && line[name.size()] == ':' &&
         std::ranges::equal(line.substr(0, name.size()), name, {}, lower, lower);
}

std::string_view value_of(std::string_view line) {
  const std::string_view value = line.substr(line.find(':') + 1);
  const std::size_t begin = value.find_first_not_of(' ');
  return begin == std::string_view::npos ? std::string_view() : value.substr(begin);
}

[[noreturn]] void throw_tls_error(const char* what) {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  throw std::runtime_error(fmt::format("{}: {}", what, reason != nullptr ? reason : "TLS"));
}

// Never freed: connections of any thread may outlive its owner.
SSL_CTX* tls_context() {
  static SSL_CTX* const context = [] {
    SSL_CTX* const made = SSL_CTX_new(TLS_client_method());
    if (made == nullptr || SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION) != 1) {
      throw_tls_error("set TLS up");
    }
    SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS);
    std::ignore = std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's socket calls may raise it.
    return made;
  }();
  return context;
}

}  // namespace

void Connection::TlsDelete::operator()(SSL* session) const noexcept {
  SSL_free(session);
}

Connection::Connection(const Options& options)
    : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (descriptor_ < 0) {
    throw_error("socket");
  }
  constexpr std::string_view cubic = "cubic";
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_CONGESTION, cubic.data(), cubic.size());
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int why = errno;
    ::close(descriptor_);
    errno = why;
    throw_error("connect");
  }
  if (options.tls) {
    start_tls();
  }
}

void Connection::start_tls() {
  session_.reset(SSL_new(tls_context()));
  if (!session_ || SSL_set_fd(session_.get(), descriptor_) != 1 ||
      SSL_connect(session_.get()) != 1) {
    ::close(descriptor_);
    throw_tls_error("handshake");
  }
}

void Connection::send_encrypted(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t count = 0;
    if (SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count) != 1) {
      throw_tls_error("send");
    }
    bytes.remove_prefix(count);
  }
}

Connection::~Connection() {
  if (session_) {
    SSL_shutdown(session_.get());
  }
  ::close(descriptor_);
}

void Connection::send(std::string_view bytes, bool more_follows) {
  if (session_) {
    send_encrypted(bytes);
    return;
  }
  while (!bytes.empty()) {
    const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(),
                                 MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0));
    if (count < 0) {
      throw_error("send");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Connection::send(std::string_view head, const Source& source, std::uint64_t begin,
                      std::uint64_t end) {
  const std::string_view first = source.at(begin, end - begin);
  if (first.size() == end - begin && first.size() <= small_body_bytes) {
    std::string whole(head);
    whole += first;
    send(whole);
    return;
  }
  send(head, true);
  while (begin < end) {
    auto offset = static_cast<off_t>(begin % Source::period);
    const std::uint64_t left =
        std::min(end - begin, Source::period - static_cast<std::uint64_t>(offset));
    if (session_) {
      send_encrypted(source.at(begin, left));
      begin += left;
      continue;
    }
    const ssize_t count = ::sendfile(descriptor_, source.descriptor(), &offset, left);
    if (count <= 0) {
      throw_error("sendfile");
    }
    begin += static_cast<std::uint64_t>(count);
  }
}

bool Connection::try_send(std::string_view bytes, std::size_t& sent) {
  if (session_) {
    send_encrypted(bytes);  // The socket has room for a few bytes.
    sent = bytes.size();
    return true;
  }
  const ssize_t count =
      ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0 && errno != EAGAIN) {
    throw_error("send");
  }
  sent = count < 0 ? 0 : static_cast<std::size_t>(count);
  return count >= 0;
}

bool Connection::fill() {
  std::array<char, 16384> bytes;
  if (session_) {
    std::size_t filled = 0;
    if (SSL_read_ex(session_.get(), bytes.data(), bytes.size(), &filled) != 1 &&
        SSL_get_error(session_.get(), 0) != SSL_ERROR_ZERO_RETURN) {
      throw_tls_error("receive");
    }
    input_.append(bytes.data(), filled);
    return filled > 0;
  }
  const ssize_t count = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
  if (count < 0) {
    throw_error("recv");
  }
  input_.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::string Connection::take(std::size_t size) {
  while (input_.size() < size) {
    if (!fill()) {
      throw std::runtime_error("the connection ended within an answer");
    }
  }
  std::string taken = input_.substr(0, size);
  input_.erase(0, size);
  return taken;
}

std::string Connection::take_line() {
  std::size_t end = input_.find("\r\n");
  while (end == std::string::npos) {
    if (!fill()) {
      throw std::runtime_error("the connection ended before an answer");
    }
    end = input_.find("\r\n");
  }
  std::string line = input_.substr(0, end);
  input_.erase(0, end + 2);
  return line;
}

std::string Connection::take_chunks() {
  std::string body;
  for (;;) {
    const auto size = number<std::size_t>(take_line(), 16);
    body += take(size);
    take_line();
    if (size == 0) {
      return body;
    }
  }
}

Response Connection::receive(bool interim_too) {
  for (;;) {
    const std::string status_line = take_line();
    Response response;
    if (!status_line.starts_with("HTTP/1.1 ")) {
      throw std::runtime_error(fmt::format("expected a status line, got '{}'", status_line));
    }
    response.status = number<int>(std::string_view(status_line).substr(9));
    std::size_t length = 0;
    bool chunked = false;
    for (std::string line = take_line(); !line.empty(); line = take_line()) {
      if (is_header(line, "Content-Length")) {
        length = number<std::size_t>(value_of(line));
      } else if (is_header(line, "Transfer-Encoding")) {
        chunked = true;
      } else if (is_header(line, "Location")) {
        response.location = path_of(value_of(line));
      }
    }
    if (response.status / 100 == 1) {
      if (interim_too) {
        return response;
      }
      continue;
    }
    if (response.status != 204) {
      response.body = chunked ? take_chunks() : take(length);
    }
    if (response.location.empty()) {
      response.location = path_of(text_in_json(response.body, "location"));
    }
    if (const std::string_view size = text_in_json(response.body, "part_size"); !size.empty()) {
      response.part_size = number<std::uint64_t>(size);
    }
    return response;
  }
}

}  // namespace sluice::bench
