// SPDX-License-Identifier: MIT
// The trace that a request belongs to: the header traceparent (W3C Trace Context, level 1, 3.2).
#pragma once

#include <string>
#include <string_view>

namespace sluice {

struct TraceContext {
  // The header for the requests that this one leads to. Empty: the request belongs to no trace.
  std::string traceparent;

  explicit operator bool() const noexcept { return !traceparent.empty(); }
  // 32 hex digits; empty without a trace.
  std::string_view trace_id() const noexcept;
};

// Of the header as a client sent it, with a parent id of this server's own. Nothing, for a header
// that the specification calls invalid: it is ignored.
TraceContext continue_trace(std::string_view traceparent);

}  // namespace sluice
