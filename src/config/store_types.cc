// SPDX-License-Identifier: MIT
#include "config/store_types.h"

#include <algorithm>
#include <utility>

#include "journal/postgres/address.h"
#include "outgoing/target.h"
#include "s3/bucket_url.h"

namespace sluice::config {
namespace {

constexpr std::size_t region_bytes_max = 64;

}  // namespace

Parsed<std::string> JournalUrl::parse(std::string_view text) {
  if (text.empty()) {
    return std::string();
  }
  std::string url(text);
  const std::string fault = journal::postgres::fault_of_address(url);
  return fault.empty() ? Parsed<std::string>(std::move(url)) : std::unexpected(fault);
}

Parsed<std::string> StoreUrl::parse(std::string_view text) {
  if (text.empty()) {
    return std::string();
  }
  const auto url = s3::parse_bucket_url(text);
  if (!url) {
    const std::string& message = url.error().message();
    return std::unexpected(message.substr(0, message.find(", not ")));
  }
  return std::string(text);
}

Parsed<std::string> EndpointUrl::parse(std::string_view text) {
  if (text.empty()) {
    return std::string();
  }
  const auto target = outgoing::parse_target(text);
  if (!target || !target->unix_socket.empty() || target->path != "/") {
    return std::unexpected("expected http:// or https:// and a host, without a path");
  }
  return std::string(text);
}

Parsed<std::string> RegionWord::parse(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (text.empty() || text.size() > region_bytes_max || !std::ranges::all_of(text, fits)) {
    return std::unexpected("expected the name of a region, like \"eu-central-1\"");
  }
  return std::string(text);
}

}  // namespace sluice::config
