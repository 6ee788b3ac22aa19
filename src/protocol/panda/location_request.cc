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
constexpr const char* form_data = "multipart/form-data";

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

Result<LocationRequest> form_with(const upload::Piece& piece, const http::Request& request) {
  const std::string_view content_type = content_type_of(request);
  const Result<std::optional<std::string>> boundary = http::multipart_boundary(content_type);
  if (!boundary) {
    return fail(boundary.error());
  }
  if (!*boundary) {
    return wrong_media_type(content_type);
  }
  LocationRequest parsed;
  parsed.kind = Kind::form;
  parsed.piece = piece;
  parsed.boundary = **boundary;
  return parsed;
}

Result<LocationRequest> parse_ranged(const http::Request& request,
                                     const http::ContentRange& content_range) {
  const bool empty = declares_no_body(request);
  LocationRequest parsed;
  if (!content_range.range) {
    if (!empty && request.framing != http::Framing::chunked) {
      return fail(Errc::bad_request,
                  "Content-Range " + in_quotes(request.headers.find("Content-Range").value_or("")) +
                      " asks for the status: expected an empty body, got " +
                      std::to_string(request.content_length) + " bytes");
    }
    parsed.kind = Kind::status;
    parsed.total = content_range.total;
    return parsed;
  }
  const upload::Range range{content_range.range->begin, content_range.range->end,
                            content_range.total};
  const std::string type = media_type(content_type_of(request));
  if (!empty && type == form_data) {
    return form_with(range, request);
  }
  parsed.kind = Kind::piece;
  parsed.reads_range = type == octets;
  parsed.piece = range;
  return parsed;
}

Result<LocationRequest> parse_unranged(const http::Request& request) {
  const std::string_view content_type = content_type_of(request);
  const std::string type = media_type(content_type);
  if (type == form_data) {
    return form_with(upload::WholeFile(), request);
  }
  LocationRequest parsed;
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
  const Result<std::optional<http::ContentRange>> content_range =
      http::content_range_of(request.headers);
  if (!content_range) {
    return fail(content_range.error());
  }
  return *content_range ? parse_ranged(request, **content_range) : parse_unranged(request);
}

}  // namespace sluice::protocol::panda
