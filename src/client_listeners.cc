// SPDX-License-Identifier: MIT
#include "client_listeners.h"

#include <optional>
#include <string>
#include <utility>

#include "net/tls_stream.h"

namespace sluice {
namespace {

// As config::Config has it for the addresses of the settings.
bool may_listen_on(const net::Endpoint& endpoint, const config::Config& config) {
  return net::is_loopback(endpoint) || config.server.open || config.requires_credentials();
}

}  // namespace

Result<std::unique_ptr<ClientListeners>> ClientListeners::open(const config::Config& config,
                                                               const runtime::Executor& executor,
                                                               net::PassedSockets& passed,
                                                               net::ConnectionLimits& limits,
                                                               Log& log, Metrics& metrics) {
  std::unique_ptr<ClientListeners> opened(new ClientListeners(config));
  const net::Listener::Settings settings{.socket_mode = config.server.socket_mode};
  const auto listen = [&](const net::Endpoint& endpoint, const char* scheme,
                          std::unique_ptr<net::Listener>& place) -> Result<> {
    std::optional<net::ListeningSocket> socket = passed.take(scheme);
    if (socket && !may_listen_on(socket->endpoint(), config)) {
      return fail(Errc::bad_request,
                  "the socket \"" + std::string(scheme) + "\" that was passed listens on " +
                      net::to_text(socket->endpoint()) +
                      ", which other machines reach, and there are no credentials: set some, or "
                      "server.open = true");
    }
    auto listener = socket
                        ? net::Listener::on(executor, *std::move(socket), limits, log, metrics)
                        : net::Listener::open(executor, endpoint, settings, limits, log, metrics);
    if (!listener) {
      return fail(listener.error());
    }
    place = *std::move(listener);
    opened->addresses_.push_back(net::to_url(scheme, place->endpoint()));
    return {};
  };
  Result<> listening;
  if (config.server.listen.is_set()) {
    listening = listen(config.server.listen, "http", opened->plain_);
  }
  if (listening && config.tls.listen.is_set()) {
    auto identity = net::TlsIdentity::open({config.tls.certificate, config.tls.key});
    if (!identity) {
      return fail(identity.error());
    }
    opened->identity_ = *std::move(identity);
    listening = listen(config.tls.listen, "https", opened->tls_);
  }
  if (!listening) {
    return fail(listening.error());
  }
  if (const std::string_view left = passed.left(); !left.empty()) {
    return fail(Errc::bad_request, "a socket named \"" + std::string(left) +
                                       "\" was passed, but server.listen or tls.listen, whose "
                                       "place it takes, is none");
  }
  return opened;
}

void ClientListeners::give_to(http::Server& server) {
  if (plain_) {
    server.add(std::move(plain_));
  }
  if (tls_) {
    server.add(std::move(tls_), [this](std::unique_ptr<net::TcpStream> stream) {
      return std::make_unique<net::TlsStream>(std::move(stream), *identity_, config_.tls.handshake);
    });
  }
}

Result<std::unique_ptr<net::TlsIdentity>> ClientListeners::read_identity(
    const config::Config::Tls& tls) const {
  if (!identity_) {
    return nullptr;
  }
  return net::TlsIdentity::open({tls.certificate, tls.key});
}

void ClientListeners::close() noexcept {
  plain_.reset();
  tls_.reset();
}

}  // namespace sluice
