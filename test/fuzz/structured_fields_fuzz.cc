// SPDX-License-Identifier: MIT
// Numbers are in bounds, keys are unique, and the canonical form of what was read means the same.
#include "http/structured_fields.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "base/check.h"

namespace {

using namespace sluice;

// nullopt for a value that has no form here.
std::optional<std::string> written(const http::StructuredValue& value) {
  constexpr std::int64_t most = 999'999'999'999'999;
  if (const auto* const number = std::get_if<std::int64_t>(&value)) {
    SLUICE_CHECK(*number >= -most && *number <= most);
    return std::to_string(*number);
  }
  if (const auto* const boolean = std::get_if<bool>(&value)) {
    return http::structured_boolean(*boolean);
  }
  const auto* const bytes = std::get_if<http::StructuredBytes>(&value);
  return bytes != nullptr ? std::optional(http::structured_bytes(bytes->bytes)) : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  if (const auto item = http::parse_structured_item(text)) {
    const std::optional<std::string> canonical = written(*item);
    SLUICE_CHECK(!canonical || http::parse_structured_item(*canonical) == item);
  }
  const auto members = http::parse_structured_dictionary(text);
  if (!members) {
    return 0;
  }
  std::set<std::string> keys;
  std::string canonical;
  for (const http::StructuredMember& member : *members) {
    SLUICE_CHECK(keys.insert(member.key).second);
    canonical += (canonical.empty() ? "" : ", ") + member.key + '=' +
                 written(member.value).value_or("(a \"b\" 1.5)");
  }
  const auto again = http::parse_structured_dictionary(canonical);
  SLUICE_CHECK(again && again->size() == members->size());
  for (std::size_t i = 0; i < members->size(); ++i) {
    SLUICE_CHECK((*again)[i].key == (*members)[i].key && (*again)[i].value == (*members)[i].value);
  }
  return 0;
}
