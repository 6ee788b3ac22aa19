// SPDX-License-Identifier: MIT
#include "pages/page_answer.h"

#include <algorithm>
#include <string>

#include "base/encoding.h"
#include "http/range_request.h"

namespace sluice::pages {
namespace {

constexpr std::string_view lasting = "/assets/";

// Uppy sets styles by CSSOM alone, which style-src does not concern. Its pictures are data: URLs of
// its style sheet and previews of chosen files.
constexpr const char* policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// A weight of zero (RFC 9110 12.4.2).
bool is_refused(std::string_view parameters) {
  const std::size_t weight = parameters.find("q=");
  return weight != std::string_view::npos &&
         parameters.find_first_of("123456789", weight) == std::string_view::npos;
}

// RFC 9110 12.5.3. `*` is left out: a client that names no coding gets none.
bool accepts_gzip(const http::Request& request) {
  const std::string text = to_lower(request.headers.find("Accept-Encoding").value_or(""));
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const std::size_t name_end = std::min(item.find(';'), item.size());
    if (trimmed(item.substr(0, name_end)) == "gzip") {
      return !is_refused(item.substr(name_end));
    }
  }
  return false;
}

http::Response answer_with(const PageFile& file, const http::Request& request) {
  const bool is_gzip = !file.gzip.empty() && accepts_gzip(request);
  const std::string etag = '"' + std::string(file.etag) + (is_gzip ? "-gzip\"" : "\"");
  const std::string_view content = is_gzip ? file.gzip : file.content;
  http::Response response;
  response.headers.set("ETag", etag);
  // The name of an asset changes with its content.
  response.headers.set("Cache-Control", file.path.starts_with(lasting)
                                            ? "public, max-age=31536000, immutable"
                                            : "no-cache");
  response.headers.set("Vary", "Accept-Encoding");
  response.headers.set("Content-Security-Policy", policy);
  response.headers.set("Referrer-Policy", "no-referrer");
  // All of its ranges are sent whole (RFC 9110 14.2).
  if (http::wanted_bytes(request, etag, content.size()).status == 304) {
    response.status = 304;
    return response;
  }
  response.headers.set("Content-Type", std::string(file.media_type));
  if (is_gzip) {
    response.headers.set("Content-Encoding", "gzip");
  }
  response.body = content;
  return response;
}

}  // namespace

Result<http::Response> answer_at(std::span<const PageFile> files, std::string_view path,
                                 const http::Request& request) {
  const auto file = std::ranges::find(files, path, &PageFile::path);
  if (file == files.end()) {
    return fail(Errc::not_found, "There is nothing at " + in_quotes(request.path));
  }
  return answer_with(*file, request);
}

}  // namespace sluice::pages
