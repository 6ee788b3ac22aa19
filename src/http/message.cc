// SPDX-License-Identifier: MIT
#include "http/message.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>

#include "base/check.h"
#include "base/encoding.h"
#include "base/told.h"

namespace sluice::http {
namespace {

// Long enough for a restart, short enough for a person who waits.
constexpr std::string_view retry_after_seconds = "5";

bool is_token_char(char c) noexcept {
  const bool alphanumeric =
      (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

bool has_body(int status) noexcept {
  return status != 204 && status != 304;
}

bool is_framing(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 3> names{"Content-Length", "Transfer-Encoding",
                                                  "Connection"};
  return std::ranges::any_of(names, [&](auto known) { return equals_ignoring_case(known, name); });
}

// IMF-fixdate (RFC 9110 5.6.7). Made once a second and thread.
const std::string& date_now() {
  using std::chrono::system_clock;
  thread_local std::chrono::sys_seconds cached_at{};
  thread_local std::string cached;
  const auto now = std::chrono::floor<std::chrono::seconds>(system_clock::now());
  if (now != cached_at || cached.empty()) {
    cached = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(system_clock::to_time_t(now)));
    cached_at = now;
  }
  return cached;
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  const std::size_t begin = head.size();
  head += value;
  std::ranges::replace_if(
      head.begin() + static_cast<std::ptrdiff_t>(begin), head.end(),
      [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  head += "\r\n";
}

std::string status_line(int status) {
  return fmt::format("HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
}

void append_fields(std::string& head, const Headers& headers) {
  for (const Header& field : headers.fields()) {
    if (is_token(field.name) && !is_framing(field.name)) {
      append_field(head, field.name, field.value);
    }
  }
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

std::optional<std::string_view> Headers::find(std::string_view name) const noexcept {
  for (const Header& field : fields_) {
    if (equals_ignoring_case(field.name, name)) {
      return field.value;
    }
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields_, [&](const Header& field) { return equals_ignoring_case(field.name, name); }));
}

void Headers::add(std::string name, std::string value) {
  fields_.push_back({std::move(name), std::move(value)});
}

void Headers::set(std::string name, std::string value) {
  std::erase_if(fields_,
                [&](const Header& field) { return equals_ignoring_case(field.name, name); });
  add(std::move(name), std::move(value));
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
      // clang-format off
    case 100: return "Continue";
    case 103: return "Early Hints";
    case 104: return "Upload Resumption Supported";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 423: return "Locked";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 460: return "Checksum Mismatch";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return {};
      // clang-format on
  }
}

namespace {

Response error_with(const Error& error, std::string_view text) {
  const ErrcInfo& row = info(error.code());
  const std::string message = to_valid_utf8(text.empty() ? reason_phrase(row.http_status) : text);
  const boost::json::object body{{"error", row.name}, {"message", message}};
  Response response = json_response(row.http_status, boost::json::serialize(body));
  if (row.retryable) {
    response.headers.add("Retry-After", std::string(retry_after_seconds));
  }
  return response;
}

}  // namespace

Response error_response(const Error& error) {
  return error_with(error, told(error));
}

Response operator_error_response(const Error& error) {
  return error_with(error, error.message());
}

Response json_response(int status, std::string body) {
  Response response{.status = status, .headers = {}, .body = std::move(body)};
  response.headers.add("Content-Type", "application/json");
  return response;
}

std::string serialize_head(const Response& response, bool keep_alive) {
  SLUICE_CHECK(response.status >= 200 && response.status <= 999);
  std::string head;
  head.reserve(512);
  head += status_line(response.status);
  if (!response.headers.find("Date")) {
    append_field(head, "Date", date_now());
  }
  append_fields(head, response.headers);
  if (has_body(response.status) && !response.ends_with_connection()) {
    const std::uint64_t size =
        response.source ? response.source->remaining().value_or(0) : response.body.size();
    append_field(head, "Content-Length", std::to_string(size));
  }
  // A HTTP/1.0 client keeps the connection only when it is told to (RFC 9112 C.2.2).
  append_field(head, "Connection", keep_alive ? "keep-alive" : "close");
  head += "\r\n";
  return head;
}

std::string serialize_interim(int status, const Headers& headers) {
  std::string head = status_line(status);
  append_fields(head, headers);
  return head + "\r\n";
}

}  // namespace sluice::http
