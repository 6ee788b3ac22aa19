// SPDX-License-Identifier: MIT
// One request and its answers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/trace_context.h"
#include "http/interims.h"
#include "http/message.h"
#include "http/trailers.h"
#include "net/byte_stream.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"

namespace sluice::http {

struct RequestContext {
  std::string request_id;        // For the log; also sent as X-Request-Id.
  std::string peer_address;      // The client's, without port.
  bool secure = false;           // The client spoke TLS.
  std::string host = {};         // That the client asked for; empty: what the Host field says.
  bool is_from_inside = false;   // See http/forwarded.h.
  bool untrusted_proxy = false;  // The same: Sender::untrusted.
  std::optional<net::PeerProcess> peer_process = {};  // Of a connection over a Unix socket.
  TraceContext trace = {};                            // With this server's own parent id.
};

struct Reply {
  Response response;
  const char* route =
      "none";  // For metrics and the log: a word of the router's table, never a client's.
  const char* dialect = "";     // For the log: the language that was answered in; empty: none.
  std::uint64_t upload_id = 0;  // For the log; 0 when the request is about none.
  std::string trouble = {};  // For the log alone: what went wrong here, and is no client's matter.
};

// For an answer that is long in coming: a waiting coroutine keeps no room for it meanwhile.
using ReplyPtr = std::unique_ptr<Reply>;

// Where a request leads: the properties that its answers share, whichever handler makes them.
class Destination {
 public:
  explicit Destination(const char* route = "none", const char* dialect = "")
      : route_(route), dialect_(dialect) {}
  Destination(const Destination&) = default;
  Destination& operator=(const Destination&) = default;
  virtual ~Destination() = default;

  const char* route() const noexcept { return route_; }
  const char* dialect() const noexcept { return dialect_; }  // Empty: none.
  // The error in the form that clients of this destination read.
  virtual Response render(const Error& error) const { return error_response(error); }
  // Adds what every answer from here carries.
  virtual void complete(const Request& /*request*/, Response& /*response*/) const {}

 private:
  const char* route_;
  const char* dialect_;
};

// Lives while its request is answered, on the connection's thread.
class Exchange {
 public:
  // All of it outlives the exchange.
  Exchange(const Request& request, const RequestContext& context, runtime::ByteSource& body,
           Interims& interims, const Trailers* trailers = nullptr) noexcept
      : request_(request),
        context_(context),
        body_(body),
        interims_(interims),
        trailers_(trailers) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const Request& request() const noexcept { return request_; }
  const RequestContext& context() const noexcept { return context_; }
  runtime::ByteSource& body() const noexcept { return body_; }
  // As Trailers::trailer().
  std::optional<std::string> trailer(std::string_view name) const {
    return trailers_ != nullptr ? trailers_->trailer(name) : std::nullopt;
  }

  // Sends an answer in front of the final one, as Interims::write() does. An error: the connection
  // has ended, and what the body still brings says why.
  runtime::Task<Result<>> inform(Interim interim) { return interims_.write(std::move(interim)); }

  // Before the handler waits for anything. `destination` outlives the exchange.
  void lead_to(const Destination& destination) noexcept { destination_ = &destination; }
  // The final answer, as the destination gives it; an error in its form.
  ReplyPtr reply(Result<Response> answer) const;

  std::uint64_t upload_id = 0;  // For the log; 0 while the request is about none.
  Headers headers;              // Sent with the final answer, also when it is an error.

 private:
  const Request& request_;
  const RequestContext& context_;
  runtime::ByteSource& body_;
  Interims& interims_;
  const Trailers* const trailers_;            // Null: there are none.
  const Destination* destination_ = nullptr;  // Null: nowhere yet.
};

}  // namespace sluice::http
