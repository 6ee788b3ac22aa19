// SPDX-License-Identifier: MIT
// What the server session calls for every request, and what a request carries besides its head.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "http/message.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"

namespace sluice::http {

struct RequestContext {
  std::string request_id;       // For the log; also sent as X-Request-Id.
  std::string peer_address;     // The client's, without port.
  bool secure = false;          // The client spoke TLS.
  std::string host = {};        // That the client asked for; empty: what the Host field says.
  bool is_from_inside = false;  // See http/forwarded.h.
};

struct Reply {
  Response response;
  const char* route =
      "none";  // For metrics and the log: a word of the router's table, never a client's.
  std::uint64_t upload_id = 0;  // For the log; 0 when the request is about none.
  std::string trouble = {};  // For the log alone: what went wrong here, and is no client's matter.
};

// For an answer that is long in coming: whoever waits for one keeps no room for it meanwhile.
using ReplyPtr = std::unique_ptr<Reply>;

class Handler {
 public:
  virtual ~Handler() = default;

  // Answers one request. Need not read `body`: the session reads or refuses the rest. All three
  // arguments live until this returns. HEAD is answered like GET; the session leaves the body away.
  virtual runtime::Task<ReplyPtr> handle(const Request& request, const RequestContext& context,
                                         runtime::ByteSource& body) = 0;

  // The upload of a request that the session answers without handle(); as Reply::upload_id.
  virtual runtime::Task<std::uint64_t> upload_of(const Request&) { co_return 0; }

  // Adds what every answer carries to one that the session makes itself, because the head could not
  // be read (no request then) or handle() failed.
  virtual void decorate(const Request* request, Response& response) = 0;
};

}  // namespace sluice::http
