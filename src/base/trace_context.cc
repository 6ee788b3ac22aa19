// SPDX-License-Identifier: MIT
#include "base/trace_context.h"

#include <algorithm>

#include "base/random.h"

namespace sluice {
namespace {

constexpr std::size_t version_size = 2;
constexpr std::size_t trace_id_size = 32;
constexpr std::size_t parent_id_size = 16;
constexpr std::size_t whole_size = version_size + 1 + trace_id_size + 1 + parent_id_size + 1 + 2;

// Capitals are not allowed.
bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

TraceContext continue_trace(std::string_view traceparent) {
  const std::string_view version = traceparent.substr(0, version_size);
  // A later version may have more behind the flags.
  const bool is_whole =
      traceparent.size() == whole_size ||
      (traceparent.size() > whole_size && version != "00" && traceparent[whole_size] == '-');
  if (!is_whole || !is_hex(version) || version == "ff") {
    return {};
  }
  const std::string_view trace_id = traceparent.substr(version_size + 1, trace_id_size);
  const std::string_view parent_id =
      traceparent.substr(version_size + trace_id_size + 2, parent_id_size);
  const std::string_view flags = traceparent.substr(whole_size - 2, 2);
  const bool has_dashes = traceparent[version_size] == '-' &&
                          traceparent[version_size + 1 + trace_id_size] == '-' &&
                          traceparent[whole_size - 3] == '-';
  if (!has_dashes || !is_id(trace_id) || !is_id(parent_id) || !is_hex(flags)) {
    return {};
  }
  return {"00-" + std::string(trace_id) + "-" + random_hex_id() + "-" + std::string(flags)};
}

std::string_view TraceContext::trace_id() const noexcept {
  const std::string_view text = traceparent;
  return text.empty() ? text : text.substr(version_size + 1, trace_id_size);
}

}  // namespace sluice
