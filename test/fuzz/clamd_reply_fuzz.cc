// SPDX-License-Identifier: MIT
// A reply of clamd is the same in one piece and byte by byte, is bounded, and takes a file for
// clean only where it says so and nothing else.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "checks/clamd_protocol.h"

namespace {

using namespace sluice;
using checks::ClamdReply;

// nullopt where it is longer than a reply can be.
std::optional<Result<ClamdReply>> read_in_pieces(std::string_view text, std::size_t piece) {
  checks::ClamdReplyParser parser;
  while (!text.empty()) {
    const Result<bool> whole = parser.add(text.substr(0, piece));
    if (!whole) {
      SLUICE_CHECK(whole.error().code() == Errc::delivery_failed);
      return std::nullopt;
    }
    if (*whole) {
      break;
    }
    text.remove_prefix(std::min(piece, text.size()));
  }
  return parser.reply();
}

void expect_same(const std::optional<Result<ClamdReply>>& a,
                 const std::optional<Result<ClamdReply>>& b) {
  SLUICE_CHECK(a.has_value() == b.has_value());
  if (a) {
    SLUICE_CHECK(a->has_value() == b->has_value());
    SLUICE_CHECK(!*a || ((*a)->kind == (*b)->kind && (*a)->signature == (*b)->signature));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  const auto reply = read_in_pieces(text, std::max<std::size_t>(size, 1));
  expect_same(reply, read_in_pieces(text, 1));
  expect_same(reply, read_in_pieces(text, 7));
  const std::string_view words = text.substr(0, text.find('\0'));
  SLUICE_CHECK(reply.has_value() == (words.size() <= limits::clamd_reply_bytes_max));
  if (!reply || !*reply) {
    SLUICE_CHECK(!reply || reply->error().code() == Errc::delivery_failed);
    return 0;
  }
  switch ((*reply)->kind) {
    case ClamdReply::Kind::clean:
      SLUICE_CHECK(words == "stream: OK");
      break;
    case ClamdReply::Kind::too_large:
      SLUICE_CHECK(words == "INSTREAM size limit exceeded. ERROR");
      break;
    case ClamdReply::Kind::found:
      SLUICE_CHECK(!(*reply)->signature.empty());
      SLUICE_CHECK("stream: " + (*reply)->signature + " FOUND" == words);
      break;
  }
  return 0;
}
