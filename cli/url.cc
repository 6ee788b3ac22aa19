// SPDX-License-Identifier: MIT
#include "cli/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <memory>

namespace sluice::cli {
namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

std::string part(const Url& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) {
    return {};
  }
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool set(const Url& url, CURLUPart which, const std::string& text) {
  return curl_url_set(url.get(), which, text.c_str(), 0) == CURLUE_OK;
}

bool is_http(const Url& url) {
  const std::string scheme = part(url, CURLUPART_SCHEME);
  return (scheme == "http" || scheme == "https") && !part(url, CURLUPART_HOST).empty();
}

Url parse_url(const std::string& text) {
  Url url(curl_url());
  if (!set(url, CURLUPART_URL, text) || !is_http(url)) {
    url.reset();
  }
  return url;
}

constexpr std::string_view session_path = "/videos/upload.json";

std::string without_slashes(std::string path) {
  while (path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

// Also without what is behind a '#'.
std::optional<std::string> with_path(const Url& url, const std::string& path) {
  if (!set(url, CURLUPART_PATH, path) ||
      curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0) != CURLUE_OK) {
    return std::nullopt;
  }
  return part(url, CURLUPART_URL);
}

}  // namespace

std::optional<std::string> session_url(std::string_view base) {
  const Url url = parse_url(std::string(base));
  if (!url) {
    return std::nullopt;
  }
  const std::string path = part(url, CURLUPART_PATH);
  return with_path(url,
                   path.ends_with(".json") ? path : without_slashes(path).append(session_path));
}

std::optional<std::string> resolve_url(const std::string& base, const std::string& reference) {
  const Url url = parse_url(base);
  if (!url || !set(url, CURLUPART_URL, reference) || !is_http(url)) {
    return std::nullopt;
  }
  return part(url, CURLUPART_URL);
}

std::string shown_origin(const std::string& text) {
  const Url url = parse_url(text);
  if (!url) {
    return "an unusable URL";
  }
  const std::string port = part(url, CURLUPART_PORT);
  return part(url, CURLUPART_SCHEME) + "://" + part(url, CURLUPART_HOST) +
         (port.empty() ? "" : ":" + port);
}

std::string shown_host(const std::string& text) {
  const std::string origin = shown_origin(text);
  const std::size_t begin = origin.find("://");
  return begin == std::string::npos ? std::string() : origin.substr(begin + 3);
}

std::string request_target(const std::string& text) {
  const Url url = parse_url(text);
  if (!url) {
    return {};
  }
  const std::string query = part(url, CURLUPART_QUERY);
  return part(url, CURLUPART_PATH) + (query.empty() ? "" : "?" + query);
}

bool loses_encryption(const std::string& from, const std::string& to) {
  const Url first = parse_url(from);
  const Url second = parse_url(to);
  return first && second && part(first, CURLUPART_SCHEME) == "https" &&
         part(second, CURLUPART_SCHEME) == "http";
}

bool is_loopback(const std::string& text) {
  const Url url = parse_url(text);
  const std::string host = url ? part(url, CURLUPART_HOST) : "";
  in_addr address{};
  if (::inet_pton(AF_INET, host.c_str(), &address) == 1) {
    return ntohl(address.s_addr) >> 24U == IN_LOOPBACKNET;
  }
  return host == "localhost" || host == "[::1]";
}

}  // namespace sluice::cli
