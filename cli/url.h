// SPDX-License-Identifier: MIT
// The few things that a client has to know about URLs, by libcurl's parser, so that what is judged
// here is what is requested later.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::cli {

// `base` with `/videos/upload.json` appended unless its path ends in .json already; nullopt when it
// is no http or https URL with a host.
std::optional<std::string> session_url(std::string_view base);

// `reference` as a request to `base` understands it (RFC 3986 5); nullopt when it leads to anything
// but http and https.
std::optional<std::string> resolve_url(const std::string& base, const std::string& reference);

// Scheme, host and port: what may be shown. The path of an upload is the capability.
std::string shown_origin(const std::string& url);

// Host and port, as the field Host has them.
std::string shown_host(const std::string& url);

// Path and query; "/" where there is none. Empty: no URL.
std::string request_target(const std::string& url);

// True when `to` would carry in clear what `from` keeps encrypted.
bool loses_encryption(const std::string& from, const std::string& to);

bool is_loopback(const std::string& url);

}  // namespace sluice::cli
