// SPDX-License-Identifier: MIT
// Heads of HTTP messages as values (RFC 9110).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "runtime/byte_source.h"

namespace sluice::http {

struct Header {
  std::string name;
  std::string value;
};

// Fields in the order of the wire; names compare without case.
class Headers {
 public:
  // The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
  void add(std::string name, std::string value);
  // Replaces every field of that name.
  void set(std::string name, std::string value);
  // Room for so many: the fields of a request stay as long as its body comes.
  void reserve(std::size_t count) { fields_.reserve(count); }
  const std::vector<Header>& fields() const noexcept { return fields_; }

 private:
  std::vector<Header> fields_;
};

enum class Method { get, head, post, put, patch, delete_, options, other };

enum class Framing { none, length, chunked };

struct Request {
  Method method = Method::other;
  std::string method_text;
  std::string path;   // As sent, percent-escapes and all; begins with '/', or is "*" with OPTIONS.
  std::string query;  // Behind the first '?', without it.
  Headers headers;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;  // With Framing::length.
  bool keep_alive = true;
  bool expects_continue = false;     // Only when a body is to come.
  bool understands_interims = true;  // A client of HTTP/1.0 does not (RFC 9110 15.2).
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // Where there is one, it gives the body, from its first byte on; `body` is empty then. The body
  // of one that does not know its size ends with the connection (RFC 9112 6.3).
  std::shared_ptr<runtime::ByteSource> source = nullptr;

  bool ends_with_connection() const { return source && !source->remaining(); }
};

// A token of RFC 9110 5.6.2: method, field name, media type.
bool is_token(std::string_view text) noexcept;

// The reason phrase; empty for a status without one.
std::string_view reason_phrase(int status) noexcept;

// {"error","message"} on one line with the Errc's status, and Retry-After where a retry can heal
// it, and what clients are told of the error: any bytes; an empty text becomes the reason phrase.
Response error_response(const Error& error);
// The same with the whole message, for the operator's own commands alone.
Response operator_error_response(const Error& error);
Response json_response(int status, std::string body);

// The head of a final answer as bytes for the wire, with Date. Framing belongs to this function:
// Content-Length is that of the body (none with 204 and 304: RFC 9110 8.6, nor where the body ends
// with the connection), Connection follows `keep_alive`, and the response's own Content-Length,
// Transfer-Encoding and Connection are left away. So is a field whose name is no token. Field
// values never hold CR, LF or NUL: they are replaced by spaces.
std::string serialize_head(const Response& response, bool keep_alive);
// An interim answer, all of it: the fields as above, and no others.
std::string serialize_interim(int status, const Headers& headers);

}  // namespace sluice::http
