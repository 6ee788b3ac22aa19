// SPDX-License-Identifier: MIT
#include "http/content_coding.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "base/encoding.h"

namespace sluice::http {
namespace {

constexpr std::array<std::string_view, 1> identity{"identity"};
constexpr std::array<std::string_view, 4> identity_of_mail{"binary", "8bit", "7bit", "identity"};

Result<> expect(const Headers& headers, std::string_view field,
                std::span<const std::string_view> harmless) {
  for (const Header& header : headers.fields()) {
    if (!equals_ignoring_case(header.name, field)) {
      continue;
    }
    for (std::string_view rest = header.value; !rest.empty();) {
      const std::string_view item = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(item.size() + 1, rest.size()));
      const std::string coding = to_lower(trimmed(item));
      if (!coding.empty() && std::ranges::find(harmless, coding) == harmless.end()) {
        return fail(Errc::unsupported_media_type,
                    std::string(field) + ": expected the bytes as they are, " +
                        in_quotes(harmless.front()) + ", got " + in_quotes(coding));
      }
    }
  }
  return {};
}

}  // namespace

Result<> expect_no_coding(const Headers& headers) {
  Result<> plain = expect(headers, "Content-Encoding", identity);
  return plain ? expect(headers, "Content-Transfer-Encoding", identity_of_mail) : plain;
}

}  // namespace sluice::http
