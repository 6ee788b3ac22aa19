// SPDX-License-Identifier: MIT
#include "protocol/tus/upload_checksum.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/encoding.h"

namespace sluice::protocol::tus {
namespace {

struct Algorithm {
  std::string_view name;
  DigestAlgorithm algorithm;
  std::size_t bytes;
};

constexpr std::array algorithms{
    Algorithm{"sha1", DigestAlgorithm::sha1, 20},
    Algorithm{"sha256", DigestAlgorithm::sha256, 32},
    Algorithm{"md5", DigestAlgorithm::md5, 16},
    Algorithm{"crc32", DigestAlgorithm::crc32, 4},
};

std::unexpected<Error> wrong_checksum(const std::string& expected, std::string_view text) {
  return fail(Errc::bad_request,
              "Upload-Checksum: expected " + expected + ", got " + in_quotes(text));
}

}  // namespace

const std::vector<DigestAlgorithm>& known_algorithms() {
  static const std::vector<DigestAlgorithm> known = [] {
    std::vector<DigestAlgorithm> list;
    list.reserve(std::size(algorithms));
    for (const Algorithm& row : algorithms) {
      list.push_back(row.algorithm);
    }
    return list;
  }();
  return known;
}

Result<ExpectedDigest> parse_upload_checksum(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(' '));
  const auto* const row = std::ranges::find(algorithms, name, &Algorithm::name);
  if (row == algorithms.end()) {
    return wrong_checksum("an algorithm of " + std::string(checksum_algorithms), text);
  }
  std::optional<std::string> value = from_base64(trimmed(text.substr(name.size())));
  if (!value || value->size() != row->bytes) {
    return wrong_checksum(
        "the base64 of " + std::to_string(row->bytes) + " bytes behind " + std::string(name), text);
  }
  return ExpectedDigest{row->algorithm, *std::move(value)};
}

}  // namespace sluice::protocol::tus
