// SPDX-License-Identifier: MIT
// A request that Sluice makes, and what came back. Values.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "outgoing/body.h"
#include "outgoing/target.h"

namespace sluice::outgoing {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

struct Deadlines {
  Duration connect = std::chrono::seconds(10);  // Name, connection and TLS.
  // Nothing of the bodies moves while one of them does not wait for the other side to think.
  Duration stall = std::chrono::seconds(60);
  // The rest: the answer must be whole this long after the body was sent. The body has, beside
  // this, as long as it takes at limits::outgoing_bytes_per_second_min.
  Duration whole = std::chrono::minutes(10);
};

// Takes the body of an answer that is too long for memory, from its first byte on, one call after
// the other, on threads that it may block as a disk does. A request that ends waits for the last
// call; only the end of the client does not.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual Result<> write(Bytes bytes) = 0;
};

struct HttpRequest {
  std::string method = "POST";
  Target target;
  HeaderFields headers;  // Without Host and Content-Length.
  std::shared_ptr<const Body> body;
  Deadlines deadlines;
  // Goes over a connection of its own: over a kept one that ends without an answer libcurl sends a
  // request again by itself, whether the other side has acted or not.
  bool sent_once = false;
  std::string ca_file;  // PEM; the only ones to be trusted. Empty: the system's.
  std::size_t answer_bytes_inline_max = limits::answer_bytes_max;
  // Longer bodies of answers, up to `answer_bytes_max`, go here; without one they are an error.
  std::shared_ptr<AnswerSink> sink;
  std::uint64_t answer_bytes_max = limits::answer_bytes_max;
};

struct HttpAnswer {
  int status = 0;
  HeaderFields headers;  // In the order of the wire, names as they came.
  std::string body;      // Empty when it went into the sink.
  std::uint64_t body_size = 0;
  bool in_sink = false;
  std::optional<Duration> retry_after;  // As Retry-After says (RFC 9110 10.2.3), from now on.
};

// The first header of that name, whatever its case.
std::optional<std::string_view> find_header(const HeaderFields& headers, std::string_view name);

}  // namespace sluice::outgoing
