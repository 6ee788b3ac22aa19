// SPDX-License-Identifier: MIT
#include "protocol/panda/location_request.h"

#include "base/encoding.h"
#include "http/content_range.h"
#include "http/multipart.h"
#include "protocol/media_type.h"

namespace sluice::protocol::panda {
namespace {

using Kind = LocationRequest::Kind;

constexpr const char* octets = "application/octet-stream";

bool declares_no_body(const http::Request& request) {
  return request.framing == http::Framing::none ||
         (request.framing == http::Framing::length && request.content_length == 0);
}

std::string_view content_type_of(const http::Request& request) {
  return trimmed(request.headers.find("Content-Type").value_or(""));
}

std::unexpected<Error> wrong_media_type(std::string_view content_type) {
  return fail(Errc::unsupported_media_type,
              "Content-Type: expected application/octet-stream with the bytes of the file, or "
              "multipart/form-data with the file in the field \"file\", got " +
                  (content_type.empty() ? "none" : in_quotes(content_type)));
}

Result<LocationRequest> parse_ranged(const http::Request& request, std::string_view value) {
  const Result<http::ContentRange> content_range = http::parse_content_range(value);
  if (!content_range) {
    return fail(content_range.error());
  }
  const bool empty = declares_no_body(request);
  LocationRequest parsed;
  if (!content_range->range) {
    if (!empty && request.framing != http::Framing::chunked) {
      return fail(Errc::bad_request, "Content-Range " + in_quotes(value) +
                                         " asks for the status: expected an empty body, got " +
                                         std::to_string(request.content_length) + " bytes");
    }
    parsed.kind = Kind::status;
    parsed.total = content_range->total;
    return parsed;
  }
  const std::string type = media_type(content_type_of(request));
  if (!empty && type == "multipart/form-data") {
    return fail(Errc::bad_request,
                "a form carries the whole file: expected no Content-Range with "
                "multipart/form-data, got " +
                    in_quotes(value));
  }
  parsed.kind = Kind::piece;
  parsed.reads_range = type == octets;
  parsed.piece =
      upload::Range{content_range->range->begin, content_range->range->end, content_range->total};
  return parsed;
}

Result<LocationRequest> parse_unranged(const http::Request& request) {
  const std::string_view content_type = content_type_of(request);
  const std::string type = media_type(content_type);
  LocationRequest parsed;
  if (type == "multipart/form-data") {
    const Result<std::optional<std::string>> boundary = http::multipart_boundary(content_type);
    if (!boundary) {
      return fail(boundary.error());
    }
    if (!*boundary) {
      return wrong_media_type(content_type);
    }
    parsed.kind = Kind::form;
    parsed.boundary = **boundary;
    return parsed;
  }
  if (declares_no_body(request)) {
    parsed.kind = Kind::empty;
    return parsed;
  }
  if (type != octets && request.method != http::Method::put) {
    return wrong_media_type(content_type);
  }
  parsed.kind = Kind::whole_file;
  parsed.piece = upload::WholeFile();
  return parsed;
}

}  // namespace

Result<LocationRequest> parse_location_request(const http::Request& request) {
  const std::size_t count = request.headers.count("Content-Range");
  if (count > 1) {
    return fail(Errc::bad_request,
                "expected one Content-Range, got " + std::to_string(count) + " of them");
  }
  const std::optional<std::string_view> content_range = request.headers.find("Content-Range");
  return content_range ? parse_ranged(request, *content_range) : parse_unranged(request);
}

}  // namespace sluice::protocol::panda
