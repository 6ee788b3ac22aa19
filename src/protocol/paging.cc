// SPDX-License-Identifier: MIT
#include "protocol/paging.h"

#include <fmt/format.h>

#include <optional>

#include "base/limits.h"

namespace sluice::protocol {
namespace {

Result<std::uint64_t> counting(const Parameters& parameters, const char* name,
                               std::uint64_t otherwise, std::uint64_t at_most) {
  const Result<std::optional<std::uint64_t>> number = parameters.integer(name, 1);
  if (!number) {
    return fail(number.error());
  }
  if (number->value_or(otherwise) > at_most) {
    return fail(Errc::bad_request, fmt::format("{}: expected at most {}, got {}", name, at_most,
                                               parameters.text(name).value_or("")));
  }
  return number->value_or(otherwise);
}

}  // namespace

Result<Paging> parse_paging(const Parameters& parameters) {
  const Result<std::uint64_t> page = counting(parameters, "page", 1, limits::list_page_max);
  if (!page) {
    return fail(page.error());
  }
  const Result<std::uint64_t> per_page =
      counting(parameters, "per_page", limits::list_per_page_max, limits::list_per_page_max);
  if (!per_page) {
    return fail(per_page.error());
  }
  return Paging{.page = *page, .per_page = *per_page};
}

std::string array_text(const std::vector<std::string>& documents) {
  std::string text = "[";
  for (const std::string& document : documents) {
    if (text.size() > 1) {
      text += ',';
    }
    text += document;
  }
  return text + "]";
}

std::string page_text(std::string_view name, const std::vector<std::string>& documents,
                      const Paging& paging, std::uint64_t total) {
  return fmt::format(R"({{"{}":{},"page":{},"per_page":{},"total":{}}})", name,
                     array_text(documents), paging.page, paging.per_page, total);
}

}  // namespace sluice::protocol
