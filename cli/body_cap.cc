// SPDX-License-Identifier: MIT
#include "cli/body_cap.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/limits.h"
#include "cli/progress.h"
#include "cli/upload_client.h"

namespace sluice::cli {
namespace {

// What says nothing about the head for so long waits for the body.
constexpr std::chrono::seconds refusal_time{3};
// Below it not even usual pieces pass.
constexpr std::uint64_t piece_bytes_usual = 5 * limits::MiB;

// A refusal, if the head alone gets one.
std::optional<Conversation> refusal_of(const Requester& requester, const std::string& target,
                                       std::uint64_t body, std::uint64_t file_size) {
  const auto wire = requester.connect();
  if (!wire) {
    return std::nullopt;
  }
  const auto deadline = std::chrono::steady_clock::now() + refusal_time;
  const Fields fields{"Content-Type: application/octet-stream", "Expect: 100-continue",
                      fmt::format("Content-Length: {}", body),
                      "Content-Range: " + content_range({0, body}, file_size)};
  if (!(*wire)->send(requester.head("PUT", target, fields), deadline)) {
    return std::nullopt;
  }
  std::expected<WireAnswer, std::string> answer = (*wire)->read(true, deadline);
  if (!answer || answer->status != 413) {
    return std::nullopt;
  }
  return Conversation{.interims = {}, .answer = *std::move(answer), .trouble = {}};
}

}  // namespace

std::optional<BodyCap> find_body_cap(const Requester& requester, const std::string& target,
                                     std::uint64_t size) {
  std::optional<Conversation> refusal = refusal_of(requester, target, size, size + 1);
  if (!refusal) {
    return std::nullopt;
  }
  BodyCap cap{.passes = 0, .refused = size, .refusal = *std::move(refusal)};
  // To a sixteenth: people set round numbers.
  while (cap.refused - cap.passes > std::max<std::uint64_t>(cap.passes / 16, limits::KiB)) {
    const std::uint64_t middle = cap.passes + (cap.refused - cap.passes) / 2;
    if (refusal_of(requester, target, middle, size + 1)) {
      cap.refused = middle;
    } else {
      cap.passes = middle;
    }
  }
  return cap;
}

void add_body_cap(const std::optional<BodyCap>& cap, std::uint64_t size, Findings& findings) {
  if (!cap) {
    findings.add(Mark::ok, "body size",
                 fmt::format("a request of {} is let through", format_bytes(size)));
    return;
  }
  findings.add(
      cap->passes < piece_bytes_usual ? Mark::problem : Mark::warning, "body size",
      fmt::format("a request of {} is refused, of {} it is not: {}. Take the bound away "
                  "(nginx: client_max_body_size 0; Apache: LimitRequestBody 0), or send "
                  "smaller pieces: sluice upload --piece-size",
                  format_bytes(cap->refused), format_bytes(cap->passes), described(cap->refusal)));
}

}  // namespace sluice::cli
