// SPDX-License-Identifier: MIT
#include "micro/cases.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "http/body_decoder.h"
#include "http/content_range.h"
#include "http/head_parser.h"
#include "http/multipart.h"

namespace sluice::bench {
namespace {

constexpr std::string_view piece_head =
    "PUT /uploads/q1jZ8YtOeq1nYxk5Yw0h3l0b1u2y3s4r5t6v7w8x9yA HTTP/1.1\r\n"
    "Host: uploads.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\n"
    "Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
    "Content-Type: application/octet-stream\r\nContent-Range: bytes 5242880-10485759/524288000\r\n"
    "Content-Length: 5242880\r\nOrigin: https://example.com\r\nConnection: keep-alive\r\n"
    "Referer: https://example.com/upload\r\n\r\n";

constexpr std::string_view boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
constexpr std::size_t body_bytes = 256 << 10;

// Noise of all byte values, line ends and dashes included.
std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24U);
  }
  return bytes;
}

void parse_a_head() {
  const auto parsed = http::parse_head(as_bytes(piece_head));
  SLUICE_CHECK(parsed && *parsed && (*parsed)->size == piece_head.size());
}

void parse_a_range() {
  SLUICE_CHECK(http::parse_content_range("bytes 5242880-10485759/524288000").has_value());
}

// Chunks of 4 KiB, as browsers send them.
const std::string& chunked_body() {
  static const std::string text = [] {
    std::string body;
    const std::string chunk = noise(4096);
    for (std::size_t size = 0; size < body_bytes; size += chunk.size()) {
      body += "1000\r\n" + chunk + "\r\n";
    }
    return body + "0\r\n\r\n";
  }();
  return text;
}

void decode_a_chunked_body() {
  static std::vector<std::byte> buffer(body_bytes);
  http::ChunkedDecoder decoder;
  Bytes input = as_bytes(chunked_body());
  MutableBytes output = buffer;
  while (!decoder.done()) {
    const auto step = decoder.decode(input, output);
    SLUICE_CHECK(step && step->consumed > 0);
    input = input.subspan(step->consumed);
    output = output.subspan(step->produced);
  }
  SLUICE_CHECK(input.empty() && output.empty());
}

const std::string& form() {
  static const std::string text =
      "--" + std::string(boundary) +
      "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"film.mp4\"\r\n"
      "Content-Type: video/mp4\r\n\r\n" +
      noise(body_bytes) + "\r\n--" + std::string(boundary) + "--\r\n";
  return text;
}

void search_a_form() {
  using Event = http::MultipartParser::Event;
  http::MultipartParser parser{std::string(boundary)};
  Bytes input = as_bytes(form());
  std::size_t data_bytes = 0;
  for (Event event = Event::need_more; event != Event::end;) {
    const auto step = parser.next(input, true);
    SLUICE_CHECK(step.has_value());
    data_bytes += step->data.size();
    input = input.subspan(step->consumed);
    event = step->event;
  }
  SLUICE_CHECK(data_bytes == body_bytes);
}

constexpr std::array<Case, 4> all{{
    {"head_of_a_piece", parse_a_head},
    {"content_range", parse_a_range},
    {"chunked_body_256k", decode_a_chunked_body},
    {"form_256k", search_a_form},
}};

}  // namespace

std::span<const Case> cases() {
  return all;
}

}  // namespace sluice::bench
