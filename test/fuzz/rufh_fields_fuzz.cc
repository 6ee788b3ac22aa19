// SPDX-License-Identifier: MIT
// What is read of the fields of RUFH and of the digests of RFC 9530 is in bounds and of the right
// size. Each line of the input is a field: its first byte says which, the rest is the value.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "http/message.h"
#include "protocol/content_digest.h"
#include "protocol/rufh/rufh_fields.h"

namespace {

using namespace sluice;
using namespace sluice::protocol;
using namespace sluice::protocol::rufh;

constexpr std::uint64_t number_max = 999'999'999'999'999;  // RFC 9651 3.3.1

constexpr std::array<std::pair<char, const char*>, 7> field_names{
    {{'v', "Upload-Draft-Interop-Version"},
     {'c', "Upload-Complete"},
     {'i', "Upload-Incomplete"},
     {'o', "Upload-Offset"},
     {'l', "Upload-Length"},
     {'d', "Content-Digest"},
     {'r', "Repr-Digest"}}};

http::Headers fields_of(std::string_view text) {
  http::Headers headers;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto* const field = std::ranges::find(field_names, line.empty() ? '\0' : line.front(),
                                                &decltype(field_names)::value_type::first);
    if (field != field_names.end()) {
      headers.add(field->second, std::string(line.substr(1)));
    }
  }
  return headers;
}

void check_broken(const Error& error) {
  SLUICE_CHECK(error.code() == Errc::bad_request);
  SLUICE_CHECK(error.message().find_first_of("\r\n") == std::string::npos);
}

void check_state(const http::Headers& headers, std::uint64_t newest) {
  RufhFields fields = parse_version(headers, newest);
  SLUICE_CHECK(fields.rules->number >= rufh_oldest && fields.rules->number <= newest);
  SLUICE_CHECK(!fields.is_spoken || fields.names_version);
  if (const Result<> sound = parse_state(headers, fields); !sound) {
    check_broken(sound.error());
    return;
  }
  SLUICE_CHECK(fields.offset.value_or(0) <= number_max && fields.length.value_or(0) <= number_max);
  SLUICE_CHECK(fields.offset.has_value() == headers.find("Upload-Offset").has_value());
}

std::size_t check_digests(const http::Headers& headers, bool is_whole_file) {
  const Result<std::vector<ExpectedDigest>> digests = expected_digests(headers, is_whole_file);
  if (!digests) {
    check_broken(digests.error());
    return 0;
  }
  for (const ExpectedDigest& digest : *digests) {
    SLUICE_CHECK(BodyDigest(digest.algorithm).finish().size() == digest.value.size());
  }
  return digests->size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const http::Headers headers = fields_of(as_text(std::as_bytes(std::span(data, size))));
  for (std::uint64_t newest = rufh_oldest; newest <= rufh_newest; ++newest) {
    check_state(headers, newest);
  }
  const std::size_t of_content = check_digests(headers, false);
  const std::size_t of_all = check_digests(headers, true);
  SLUICE_CHECK(of_all == 0 || of_all >= of_content);
  return 0;
}
