// SPDX-License-Identifier: MIT
#include "admin/admin_pages.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/encoding.h"

namespace sluice::admin {
namespace {

using protocol::ServicePages;

struct Page {
  std::string_view path;
  const char* name;
  runtime::Task<http::Response> (ServicePages::*show)();
};

constexpr std::array pages{
    Page{"/healthz", "healthz", &ServicePages::healthz},
    Page{"/readyz", "readyz", &ServicePages::readyz},
    Page{"/metrics", "metrics", &ServicePages::metrics},
};

}  // namespace

runtime::Task<http::ReplyPtr> AdminPages::handle(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  auto reply = std::make_unique<http::Reply>();
  const auto* const page = std::ranges::find(pages, request.path, &Page::path);
  const bool is_read = request.method == http::Method::get || request.method == http::Method::head;
  if (page == pages.end()) {
    reply->response = http::error_response(
        Error(Errc::not_found, "There is nothing at " + in_quotes(request.path)));
    co_return reply;
  }
  reply->route = page->name;
  if (!is_read) {
    reply->response = http::error_response(Error(
        Errc::method_not_allowed, "expected GET or HEAD, got " + in_quotes(request.method_text)));
    reply->response.headers.set("Allow", "GET, HEAD");
    co_return reply;
  }
  reply->response = co_await (pages_.*page->show)();
  co_return reply;
}

}  // namespace sluice::admin
