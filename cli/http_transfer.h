// SPDX-License-Identifier: MIT
// One HTTP request at a time to the upload server, by libcurl, with the file's bytes streamed from
// its descriptor.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "cli/upload_client.h"

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
  std::string origin;                  // As shown_origin() has it.
  std::uint64_t bytes_per_second = 0;  // Of a body; 0: as fast as it goes.
};

// The person asked to stop in the middle of the request.
struct Stopped {};
// The file could not be read, or is shorter than it was.
struct SourceFailed {
  std::string message;
};

using TransferResult = std::variant<Answer, NoAnswer, Stopped, SourceFailed>;

// A range of an open file as the body of a request.
struct FileBody {
  int descriptor = -1;
  ByteRange range;
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

  // `form` is already urlencoded; `credential` is a "Name: value" line of this request alone, or
  // empty.
  TransferResult post_form(const std::string& url, const std::string& form,
                           const std::string& credential);
  // An empty body range makes a status query or completes an empty file.
  TransferResult put(const std::string& url, const std::string& content_range, FileBody body,
                     bool ask_first, const Progress& progress);

 private:
  struct Exchange;

  void prepare(const std::string& url, Exchange& exchange);
  TransferResult perform(Exchange& exchange);

  const TransferOptions options_;
  const StopRequested stop_requested_;
  void* const handle_;  // CURL*; keeps the connection between the requests.
};

}  // namespace sluice::cli
