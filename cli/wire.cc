// SPDX-License-Identifier: MIT
#include "cli/wire.h"

#include <curl/curl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "base/check.h"
#include "base/encoding.h"

namespace sluice::cli {
namespace {

constexpr std::size_t head_bytes_max = std::size_t{64} * 1024;
constexpr std::size_t body_bytes_max = std::size_t{64} * 1024;
constexpr std::string_view end_of_head = "\r\n\r\n";

using Reason = std::unexpected<std::string>;

std::optional<WireAnswer> parse_head(std::string_view head) {
  constexpr std::string_view version = "HTTP/1.";
  constexpr std::size_t status_at = version.size() + 2;
  WireAnswer answer;
  if (!head.starts_with(version) || head.size() < status_at + 3 ||
      std::from_chars(head.data() + status_at, head.data() + status_at + 3, answer.status).ec !=
          std::errc()) {
    return std::nullopt;
  }
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, std::min(at, head.size()) - begin);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      answer.fields.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    }
  }
  return answer;
}

// Nothing: the end of the connection bounds it.
std::optional<std::size_t> body_size(const WireAnswer& answer, bool has_body) {
  if (!has_body || answer.is_interim() || answer.status == 204 || answer.status == 304) {
    return 0;
  }
  std::size_t size = 0;
  const std::string text = answer.field("Content-Length").value_or("");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  return error == std::errc() && !text.empty() ? std::optional(size) : std::nullopt;
}

}  // namespace

std::optional<std::string> WireAnswer::field(std::string_view name) const {
  const auto found = std::ranges::find_if(
      fields, [name](const auto& field) { return equals_ignoring_case(field.first, name); });
  return found == fields.end() ? std::nullopt : std::optional(found->second);
}

std::size_t WireAnswer::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields, [name](const auto& field) { return equals_ignoring_case(field.first, name); }));
}

std::expected<std::unique_ptr<Wire>, std::string> Wire::open(const std::string& url,
                                                             const WireOptions& options) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  SLUICE_CHECK(global == CURLE_OK);
  CURL* handle = curl_easy_init();
  SLUICE_CHECK(handle != nullptr);
  std::unique_ptr<Wire> wire(new Wire(handle));
  std::array<char, CURL_ERROR_SIZE> error_text{};
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTPPROXYTUNNEL, 1L);
  curl_easy_setopt(handle, CURLOPT_CERTINFO, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect.count()));
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_text.data());
  if (!options.ca_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
  }
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
  if (code != CURLE_OK) {
    return Reason(error_text[0] != '\0' ? error_text.data() : curl_easy_strerror(code));
  }
  return wire;
}

Wire::~Wire() {
  curl_easy_cleanup(handle_);
}

std::expected<void, std::string> Wire::wait(short events, Time deadline) const {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(handle_, CURLINFO_ACTIVESOCKET, &socket);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  pollfd ready{socket, events, 0};
  const int count = left.count() <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left.count()));
  if (count == 0) {
    return Reason("no answer in time");
  }
  if (count < 0 && errno != EINTR) {
    return Reason(std::generic_category().message(errno));
  }
  return {};
}

std::expected<void, std::string> Wire::send(std::string_view bytes, Time deadline) {
  while (!bytes.empty()) {
    std::size_t sent = 0;
    const CURLcode code = curl_easy_send(handle_, bytes.data(), bytes.size(), &sent);
    if (code == CURLE_OK) {
      bytes.remove_prefix(sent);
    } else if (code != CURLE_AGAIN) {
      return Reason("the connection was lost");
    } else if (const auto ready = wait(POLLOUT, deadline); !ready) {
      return Reason("the other side takes no more bytes");
    }
  }
  return {};
}

std::expected<bool, std::string> Wire::fill(Time deadline) {
  std::array<char, 16384> piece{};
  while (true) {
    std::size_t got = 0;
    const CURLcode code = curl_easy_recv(handle_, piece.data(), piece.size(), &got);
    if (code == CURLE_OK) {
      input_.append(piece.data(), got);
      return got > 0;
    }
    if (code != CURLE_AGAIN) {
      return false;
    }
    if (const auto ready = wait(POLLIN, deadline); !ready) {
      return Reason(ready.error());
    }
  }
}

std::expected<WireAnswer, std::string> Wire::read(bool has_body, Time deadline) {
  std::size_t end = 0;
  while ((end = input_.find(end_of_head)) == std::string::npos) {
    const std::expected<bool, std::string> more = fill(deadline);
    if (!more) {
      return Reason(more.error());
    }
    if (!*more || input_.size() > head_bytes_max) {
      return Reason("the connection was closed without an answer");
    }
  }
  std::optional<WireAnswer> answer = parse_head(std::string_view(input_).substr(0, end));
  if (!answer) {
    return Reason("what came is no HTTP/1.1");
  }
  input_.erase(0, end + end_of_head.size());
  const std::optional<std::size_t> size = body_size(*answer, has_body);
  const std::size_t wanted = std::min(size.value_or(body_bytes_max), body_bytes_max);
  while (input_.size() < wanted) {
    const std::expected<bool, std::string> more = fill(deadline);
    if (!more || !*more) {
      break;
    }
  }
  answer->body = input_.substr(0, wanted);
  input_.erase(0, wanted);
  return *std::move(answer);
}

std::optional<std::chrono::system_clock::time_point> Wire::certificate_end() const {
  constexpr std::string_view label = "Expire date:";
  curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(handle_, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr ||
      chain->num_of_certs < 1) {
    return std::nullopt;
  }
  for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next) {
    const std::string_view text = line->data;
    if (text.starts_with(label)) {
      const time_t end = curl_getdate(line->data + label.size(), nullptr);
      return end < 0 ? std::nullopt : std::optional(std::chrono::system_clock::from_time_t(end));
    }
  }
  return std::nullopt;
}

}  // namespace sluice::cli
