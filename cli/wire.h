// SPDX-License-Identifier: MIT
// One connection on which HTTP/1.1 is spoken by hand: a part of a request can be sent and no more,
// and every interim answer is seen, which clients' libraries do not allow.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::cli {

struct WireAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;  // As it stands on the wire, at most 64 KiB of it.

  bool is_interim() const noexcept { return status < 200; }
  // The first of that name, in any case of letters.
  std::optional<std::string> field(std::string_view name) const;
  std::size_t count(std::string_view name) const;
};

struct WireOptions {
  std::string ca_file;  // PEM; empty: the system's.
  std::chrono::milliseconds connect{10'000};
};

// Blocks. An error is a reason in words.
class Wire {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // To the host of the URL, with TLS where that is https.
  static std::expected<std::unique_ptr<Wire>, std::string> open(const std::string& url,
                                                                const WireOptions& options);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  std::expected<void, std::string> send(std::string_view bytes, Time deadline);
  // The next answer; an interim one is one. A body that no length bounds goes to the end of the
  // connection.
  std::expected<WireAnswer, std::string> read(bool has_body, Time deadline);

  // When the certificate of the other side ends; nothing without TLS.
  std::optional<std::chrono::system_clock::time_point> certificate_end() const;

 private:
  explicit Wire(void* handle) : handle_(handle) {}
  // True: more has come. False: the other side has ended the connection.
  std::expected<bool, std::string> fill(Time deadline);
  std::expected<void, std::string> wait(short events, Time deadline) const;

  void* const handle_;  // CURL*
  std::string input_;
};

}  // namespace sluice::cli
