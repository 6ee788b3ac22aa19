// SPDX-License-Identifier: MIT
#include "protocol/content_digest.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/encoding.h"
#include "http/structured_fields.h"

namespace sluice::protocol {
namespace {

struct DigestKey {
  std::string_view key;
  DigestAlgorithm algorithm;
  std::size_t bytes;
};
constexpr std::array<DigestKey, 2> digest_keys{
    {{"sha-256", DigestAlgorithm::sha256, 32}, {"sha-512", DigestAlgorithm::sha512, 64}}};

Result<> add_digests(const http::Headers& headers, const char* name,
                     std::vector<ExpectedDigest>& expected) {
  const std::optional<std::string> text = http::structured_text(headers, name);
  if (!text) {
    return {};
  }
  const auto members = http::parse_structured_dictionary(*text);
  bool is_sound = members.has_value();
  for (const http::StructuredMember& member :
       members.value_or(std::vector<http::StructuredMember>())) {
    const auto* const found = std::ranges::find(digest_keys, member.key, &DigestKey::key);
    const auto* const digest = std::get_if<http::StructuredBytes>(&member.value);
    if (found != digest_keys.end()) {
      is_sound = is_sound && digest != nullptr && digest->bytes.size() == found->bytes;
      expected.push_back({found->algorithm, digest != nullptr ? digest->bytes : ""});
    }
  }
  return is_sound ? Result<>()
                  : fail(Errc::bad_request, std::string(name) +
                                                ": expected sha-256=:BASE64: or sha-512=:BASE64:, "
                                                "got " +
                                                in_quotes(*text));
}

}  // namespace

Result<std::vector<ExpectedDigest>> expected_digests(const http::Headers& headers,
                                                     bool is_whole_file) {
  std::vector<ExpectedDigest> expected;
  Result<> sound = add_digests(headers, "Content-Digest", expected);
  if (sound && is_whole_file) {
    sound = add_digests(headers, "Repr-Digest", expected);
  }
  return sound ? Result<std::vector<ExpectedDigest>>(std::move(expected)) : fail(sound.error());
}

}  // namespace sluice::protocol
