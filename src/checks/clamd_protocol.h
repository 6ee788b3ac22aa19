// SPDX-License-Identifier: MIT
// The words of clamd's INSTREAM session (clamd(8)): the command, chunks with their size in front, a
// chunk of no bytes, and one reply. Knows no socket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::checks {

// Its last byte, NUL, ends the command; the reply ends so, too.
inline constexpr std::string_view instream_command{"zINSTREAM\0", 10};

// In front of each chunk: four bytes in network order. A size of 0 ends the stream.
std::array<char, 4> chunk_head(std::uint32_t size) noexcept;

struct ClamdReply {
  enum class Kind : std::uint8_t { clean, found, too_large };
  Kind kind = Kind::clean;
  std::string signature;  // What was found.
};

// Gathers the reply, which comes in any pieces.
class ClamdReplyParser {
 public:
  // True when the reply is whole; bytes behind it do not count. delivery_failed when it is longer
  // than limits::clamd_reply_bytes_max.
  Result<bool> add(std::string_view bytes);
  // The reply so far as the whole one, when the connection has ended. delivery_failed where it is
  // none that tells of the file: clamd is in trouble.
  Result<ClamdReply> reply() const;

 private:
  std::string text_;
};

}  // namespace sluice::checks
