// SPDX-License-Identifier: MIT
// The trace that a request belongs to: the header traceparent (W3C Trace Context, level 1, 3.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

struct TraceContext {
  std::string trace_id;   // 32 hex digits; empty: the request belongs to none.
  std::string parent_id;  // 16 hex digits: the request as this server's part of the trace.
  std::string flags;      // 2 hex digits, as they came.

  explicit operator bool() const noexcept { return !trace_id.empty(); }
};

// Of the header as a client sent it, with a parent id of this server's own. Nothing, for a header
// that the specification calls invalid: it is ignored.
TraceContext continue_trace(std::string_view traceparent);
// The header for the requests that this one leads to. REQUIRES: there is a trace.
std::string traceparent_of(const TraceContext& trace);

}  // namespace sluice
