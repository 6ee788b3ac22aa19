// SPDX-License-Identifier: MIT
// The options of one run of the load generator, which main.cc reads from the command line.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::bench {

struct Options {
  std::string dialect = "panda";
  std::uint16_t port = 0;  // Of 127.0.0.1.
  std::string path;        // Of the collection that uploads are created in; empty: the dialect's.
  std::uint64_t size = 64 << 20;
  std::uint64_t piece = 0;  // 0: the whole file in one request.
  unsigned uploads = 1;
  unsigned connections = 1;
  bool form = false;   // As multipart/form-data.
  bool parts = false;  // One upload, its parts over all connections.
  bool tls = false;    // 1.3; the server's certificate is not verified.

  // For `held` and `takeover`.
  double seconds = 10;
  unsigned interval_ms = 1000;
  unsigned bytes = 1;
};

}  // namespace sluice::bench
