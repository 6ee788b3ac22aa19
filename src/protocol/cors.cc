// SPDX-License-Identifier: MIT
#include "protocol/cors.h"

#include <algorithm>
#include <string_view>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::protocol {
namespace {

// Always named, so that one preflight does for all requests of an uploader.
constexpr std::string_view usual_headers =
    "cache-control, content-range, content-type, x-requested-with, x-file-name, x-query-params, "
    "x-part, x-extra-file-tag, authorization, x-api-key, x-request-id, content-disposition, "
    "content-digest, repr-digest, idempotency-key, tus-resumable, upload-length, upload-offset, "
    "upload-metadata, upload-defer-length, upload-concat, upload-checksum, upload-incomplete, "
    "upload-complete, upload-draft-interop-version, x-http-method-override";

// The usual ones and those that are asked for. No request could have more of them, or what is no
// token.
std::string allowed_headers(const http::Request& request) {
  std::string allowed(usual_headers);
  std::string_view asked = request.headers.find("Access-Control-Request-Headers").value_or("");
  for (std::size_t count = 0; !asked.empty() && count < limits::header_count_max; ++count) {
    const std::string_view item = asked.substr(0, asked.find(','));
    asked.remove_prefix(std::min(item.size() + 1, asked.size()));
    if (http::is_token(trimmed(item))) {
      allowed += ", " + to_lower(trimmed(item));
    }
  }
  return allowed;
}

}  // namespace

void allow_origin(http::Headers& headers, const Origins& origins, const http::Request& request) {
  if (origins.allows_none()) {
    return;
  }
  if (origins.allows_all()) {
    headers.set("Access-Control-Allow-Origin", "*");
  } else {
    headers.set("Vary", "Origin");
    const auto origin = request.headers.find("Origin");
    if (!origin || !origins.allows(*origin)) {
      return;
    }
    headers.set("Access-Control-Allow-Origin", std::string(*origin));
  }
  headers.set("Access-Control-Expose-Headers",
              "Location, Range, Retry-After, Sluice-Answer, X-Request-Id, ETag, Accept-Ranges, "
              "Content-Range, Content-Disposition, Tus-Version, "
              "Tus-Resumable, Tus-Max-Size, Tus-Extension, Tus-Checksum-Algorithm, Upload-Length, "
              "Upload-Offset, Upload-Metadata, Upload-Defer-Length, Upload-Concat, "
              "Upload-Expires, Upload-Incomplete, Upload-Complete, Upload-Draft-Interop-Version, "
              "Upload-Limit, Repr-Digest");
}

bool is_preflight(const http::Request& request) {
  return request.method == http::Method::options && request.headers.find("Origin") &&
         request.headers.find("Access-Control-Request-Method");
}

void answer_preflight(http::Headers& headers, const http::Request& request,
                      const std::string& methods) {
  headers.set("Access-Control-Allow-Methods", methods);
  headers.set("Access-Control-Allow-Headers", allowed_headers(request));
  // Without it browsers ask again before each piece. A day is the longest that any of them keeps.
  headers.set("Access-Control-Max-Age", "86400");
}

http::Response crossdomain_answer(const Origins& origins) {
  http::Response response;
  response.headers.set("Content-Type", "text/x-cross-domain-policy");
  response.body = R"(<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd">
<cross-domain-policy>
)";
  for (const std::string& domain : origins.domains()) {
    const std::string quoted = '"' + domain + '"';
    response.body += "<allow-access-from domain=" + quoted + " secure=\"false\"/>\n";
    response.body +=
        "<allow-http-request-headers-from domain=" + quoted + " headers=\"*\" secure=\"false\"/>\n";
  }
  response.body += "</cross-domain-policy>\n";
  return response;
}

}  // namespace sluice::protocol
