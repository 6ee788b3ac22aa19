// SPDX-License-Identifier: MIT
// One request on its way through the router to the handler of its route.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "http/exchange.h"
#include "http/message.h"
#include "model/viewer.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"

namespace sluice::protocol {

// Made by the router, lives until the answer is made. The references are to what the session keeps
// for as long.
struct Call {
  explicit Call(http::Exchange& e)
      : exchange(e),
        request(e.request()),
        context(e.context()),
        body(e.body()),
        upload_id(e.upload_id),
        headers(e.headers) {}

  // That the client asked for; empty: not known.
  std::string_view host() const noexcept {
    return context.host.empty() ? request.headers.find("Host").value_or("") : context.host;
  }

  http::Exchange& exchange;
  const http::Request& request;
  const http::RequestContext& context;
  runtime::ByteSource& body;
  Timestamp began;                            // When the head was there.
  http::Method method = http::Method::other;  // That the request means (Dialect::method_of()).
  std::string capture;                        // The path's text for the pattern's `{}`.
  bool at_location = false;        // The capture is the token of an upload, or no token at all.
  bool lists_are_objects = false;  // The path has a version prefix of the 3.1 API.
  model::Viewer viewer;            // Whose videos and files the answer may be about.

  // For the handler to fill in: the exchange's.
  std::uint64_t& upload_id;
  http::Headers& headers;
};

// Errors become responses in Exchange::reply(), and nowhere else.
using Answer = Result<http::Response>;
using Action = std::function<runtime::Task<Answer>(Call&)>;

// For what chooses between tasks and is none itself: where thousands of slow senders wait, every
// coroutine above them counts.
inline runtime::Task<Answer> answered(Answer answer) {
  co_return answer;
}

}  // namespace sluice::protocol
