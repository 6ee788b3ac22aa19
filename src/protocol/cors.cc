// SPDX-License-Identifier: MIT
#include "protocol/cors.h"

namespace sluice::protocol {

void allow_origin(http::Headers& headers, const Origins& origins, const http::Request* request) {
  if (origins.allows_none()) {
    return;
  }
  if (origins.allows_all()) {
    headers.set("Access-Control-Allow-Origin", "*");
  } else {
    headers.set("Vary", "Origin");
    const auto origin = request != nullptr ? request->headers.find("Origin") : std::nullopt;
    if (!origin || !origins.allows(*origin)) {
      return;
    }
    headers.set("Access-Control-Allow-Origin", std::string(*origin));
  }
  headers.set("Access-Control-Expose-Headers",
              "Location, Range, Retry-After, Sluice-Answer, X-Request-Id");
}

bool is_preflight(const http::Request& request) {
  return request.method == http::Method::options && request.headers.find("Origin") &&
         request.headers.find("Access-Control-Request-Method");
}

void answer_preflight(http::Headers& headers, const std::string& methods) {
  headers.set("Access-Control-Allow-Methods", methods);
  headers.set("Access-Control-Allow-Headers",
              "cache-control, content-range, content-type, x-requested-with, x-file-name, "
              "x-query-params, x-part, x-extra-file-tag");
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
