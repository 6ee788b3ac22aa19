// SPDX-License-Identifier: MIT
// A blocking client connection: sends a request, reads its answer.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "load/options.h"
#include "load/source.h"

namespace sluice::bench {

struct Response {
  int status = 0;
  std::string location;         // The path of a Location header, or of "location" in a JSON body.
  std::uint64_t part_size = 0;  // Of a multi-chunk session.
  std::string body;
};

// Throws std::runtime_error when the peer fails, as a benchmark of a failing server means nothing.
// One thread.
class Connection {
 public:
  // To options.port of 127.0.0.1, the TLS handshake included. With the congestion control "cubic"
  // where it exists: "bbr" paces the loopback down to half.
  explicit Connection(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(std::string_view bytes, bool more_follows = false);
  // Sends a head and the bytes [begin, end) of the source.
  void send(std::string_view head, const Source& source, std::uint64_t begin, std::uint64_t end);
  // Skips interim answers; with `interim_too` it returns a `100`.
  Response receive(bool interim_too = false);

  // Sends without waiting. False when the socket is full; throws when the peer has gone.
  bool try_send(std::string_view bytes, std::size_t& sent);

 private:
  struct TlsDelete {
    void operator()(SSL* session) const noexcept;
  };

  void start_tls();
  void send_encrypted(std::string_view bytes);
  bool fill();  // False at the end of the stream.
  std::string take(std::size_t size);
  std::string take_line();
  std::string take_chunks();

  int descriptor_;
  std::unique_ptr<SSL, TlsDelete> session_;  // Null without TLS.
  std::string input_;
};

}  // namespace sluice::bench
