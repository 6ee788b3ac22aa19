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

// The URL of the same server where files of unknown size are opened (tus): `/files` below `base`,
// of which a `/videos/upload.json` is no part, nor a version of the API before it as `/v2` is;
// nullopt when `base` names another resource.
std::optional<std::string> files_url(std::string_view base);

// `url` with more parameters in its query, which are urlencoded already.
std::string with_query(const std::string& url, const std::string& parameters);

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
