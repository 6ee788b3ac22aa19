// SPDX-License-Identifier: MIT
#include "cli/part_layout.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <string_view>

namespace sluice::cli {
namespace {

// Servers of this API write numbers as text.
std::optional<std::uint64_t> number_in(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  const std::string text =
      value->is_string() ? std::string(value->get_string()) : boost::json::serialize(*value);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number ? std::optional(number) : std::nullopt;
}

}  // namespace

std::expected<std::optional<PartLayout>, std::string> layout_in(const std::string& body,
                                                                std::uint64_t file_size) {
  boost::system::error_code error;
  const boost::json::value document = boost::json::parse(body, error);
  const boost::json::object* object = error ? nullptr : document.if_object();
  if (object == nullptr || !object->contains("part_size")) {
    return std::nullopt;
  }
  const std::optional<std::uint64_t> part_size = number_in(*object, "part_size");
  const std::optional<std::uint64_t> parts = number_in(*object, "parts");
  const bool has_size = part_size && *part_size > 0;
  const PartLayout layout{
      .file_size = file_size,
      .part_size = has_size ? *part_size : 1,
      .connections = std::max<std::uint64_t>(number_in(*object, "max_connections").value_or(1), 1)};
  const std::uint64_t expected = file_size == 0 ? 0 : layout.count();
  if (!has_size || parts != expected || expected > parts_max) {
    return std::unexpected(fmt::format("expected the parts of a file of {} bytes, got {} of {}",
                                       file_size, parts.value_or(0), part_size.value_or(0)));
  }
  return layout;
}

}  // namespace sluice::cli
