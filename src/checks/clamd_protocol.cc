// SPDX-License-Identifier: MIT
#include "checks/clamd_protocol.h"

#include "base/limits.h"
#include "base/printable.h"

namespace sluice::checks {

std::array<char, 4> chunk_head(std::uint32_t size) noexcept {
  const auto byte = [size](unsigned shift) {
    return static_cast<char>(static_cast<unsigned char>((size >> shift) & 0xFFU));
  };
  return {byte(24), byte(16), byte(8), byte(0)};
}

Result<bool> ClamdReplyParser::add(std::string_view bytes) {
  const std::size_t end = bytes.find('\0');
  text_ += bytes.substr(0, end);
  if (text_.size() > limits::clamd_reply_bytes_max) {
    return fail(Errc::delivery_failed, "clamd replied too much");
  }
  return end != std::string_view::npos;
}

Result<ClamdReply> ClamdReplyParser::reply() const {
  constexpr std::string_view subject = "stream: ";
  constexpr std::string_view found = " FOUND";
  std::string_view text = text_;
  if (text == "INSTREAM size limit exceeded. ERROR") {
    return ClamdReply{ClamdReply::Kind::too_large, {}};
  }
  if (text == "stream: OK") {
    return ClamdReply{};
  }
  if (text.starts_with(subject) && text.ends_with(found) &&
      text.size() > subject.size() + found.size()) {
    text.remove_prefix(subject.size());
    text.remove_suffix(found.size());
    return ClamdReply{ClamdReply::Kind::found, std::string(text)};
  }
  return fail(Errc::delivery_failed,
              text.empty() ? "clamd ended without a reply" : "clamd replied " + printable(text));
}

}  // namespace sluice::checks
