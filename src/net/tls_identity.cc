// SPDX-License-Identifier: MIT
#include "net/tls_identity.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string_view>
#include <utility>

#include "base/check.h"

namespace sluice::net {
namespace {

// Of TLS 1.2: forward secrecy and authenticated encryption alone. Those of 1.3 are all like that.
constexpr const char* ciphers_of_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";

// A key with a pass phrase is an error: OpenSSL would ask for it on the terminal.
int no_pass_phrase(char*, int, int, void*) {
  return -1;
}

// Clients of HTTP/1.1 that ask what is spoken here hear that; the others need not hear of it.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char spoken[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* match = nullptr;
  if (SSL_select_next_proto(&match, chosen_size, spoken, sizeof spoken, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

std::unexpected<Error> tls_error(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return fail(Errc::internal, what + ": " + (reason != nullptr ? reason : "unknown error"));
}

}  // namespace

void TlsDelete::operator()(SSL_CTX* context) const noexcept {
  SSL_CTX_free(context);
}

void TlsDelete::operator()(SSL* session) const noexcept {
  SSL_free(session);
}

Result<std::unique_ptr<TlsIdentity>> TlsIdentity::open(const TlsFiles& files) {
  Result<Context> loaded = load(files);
  if (!loaded) {
    return fail(loaded.error());
  }
  return std::unique_ptr<TlsIdentity>(new TlsIdentity(*std::move(loaded)));
}

Result<TlsIdentity::Context> TlsIdentity::load(const TlsFiles& files) {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) {
    return tls_error("cannot set TLS up");
  }
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // An idle connection gives its record buffers back.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  // The key of tickets would live as long as this process, and open all that was said under them.
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_default_passwd_cb(raw, no_pass_phrase);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  if (SSL_CTX_set_cipher_list(raw, ciphers_of_1_2) != 1) {
    return tls_error("cannot set the ciphers of TLS up");
  }
  if (SSL_CTX_use_certificate_chain_file(raw, files.certificate.c_str()) != 1) {
    return tls_error("cannot read a certificate in PEM form from " + files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(raw, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(raw) != 1) {
    return tls_error("cannot use the key in " + files.key + " with the certificate in " +
                     files.certificate);
  }
  return context;
}

void TlsIdentity::become(TlsIdentity& other) {
  Context context;
  {
    const MutexLock lock(other.mutex_);
    context = std::move(other.context_);
  }
  const MutexLock lock(mutex_);
  context_ = std::move(context);
}

std::unique_ptr<SSL, TlsDelete> TlsIdentity::new_session() const {
  const MutexLock lock(mutex_);
  std::unique_ptr<SSL, TlsDelete> session(SSL_new(context_.get()));
  SLUICE_CHECK(session != nullptr);
  SSL_set_accept_state(session.get());
  return session;
}

}  // namespace sluice::net
