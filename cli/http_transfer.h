// SPDX-License-Identifier: MIT
// One HTTP request at a time to the upload server, by libcurl, with the file's bytes read while
// they are sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "cli/rate_limit.h"
#include "cli/server_answer.h"

namespace sluice::cli {

struct TransferTimeouts {
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds stall{30'000};    // No byte of the body moved.
  std::chrono::milliseconds answer{120'000};  // Everything is sent; the server may have work to do.
};

struct TransferOptions {
  TransferTimeouts timeouts;
  std::string ca_file;  // PEM, the authorities that are trusted; empty: the system's.
  // "Name: value" lines for every request to the server that `origin` names, and to no other: they
  // may be secrets.
  std::vector<std::string> headers;
  std::string origin;         // As shown_origin() has it.
  RateLimit* rate = nullptr;  // Of bodies; shared with other transfers, and outlives them.
};

// The person asked to stop in the middle of the request.
struct Stopped {};
// The file could not be read, or is shorter than it was.
struct SourceFailed {
  std::string message;
};

using TransferResult = std::variant<Answer, NoAnswer, Stopped, SourceFailed>;

// A range of bytes that can be read more than once, as the body of a request.
struct Body {
  // Reads bytes from `offset` on: how many, at least one. The error is a sentence.
  using ReadAt = std::function<std::expected<std::size_t, std::string>(std::span<char> into,
                                                                       std::uint64_t offset)>;
  ReadAt read_at;
  ByteRange range;
};

// Bytes of the file for the server.
struct PieceRequest {
  std::string field;  // Says which bytes they are: "Name: value".
  Body body;          // Empty: asks for the status, or completes an empty file.
  bool ask_first = false;
  bool with_digest = false;  // The body is read twice: first for its Content-Digest (RFC 9530 2).
};

class HttpTransfer {
 public:
  // Called with the bytes of the body that have left, several times a second.
  using Progress = std::function<void(std::uint64_t)>;
  using StopRequested = std::function<bool()>;

  // `stop_requested`: asked at least once a second, on the thread that makes the request.
  HttpTransfer(TransferOptions options, StopRequested stop_requested);
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // `fields` are "Name: value" lines of this request alone. `form` is already urlencoded.
  using Fields = std::vector<std::string>;
  TransferResult post(const std::string& url, const std::string& form, const Fields& fields);
  TransferResult put(const std::string& url, const PieceRequest& piece, const Progress& progress);
  TransferResult get(const std::string& url);

 private:
  struct Exchange;

  void prepare(const std::string& url, Exchange& exchange);
  // The field; empty: the person asked to stop. The error is a sentence.
  std::expected<std::string, std::string> content_digest(const Body& body) const;
  TransferResult perform(Exchange& exchange);

  const TransferOptions options_;
  const StopRequested stop_requested_;
  void* const handle_;  // CURL*; keeps the connection between the requests.
};

}  // namespace sluice::cli
