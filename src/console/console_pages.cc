// SPDX-License-Identifier: MIT
#include "console/console_pages.h"

#include <boost/json/serialize.hpp>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "console/owner_document.h"
#include "pages/page_answer.h"
#include "protocol/foreign_pages.h"

namespace sluice::console {
namespace {

using runtime::Task;

constexpr std::string_view api = "/api";
constexpr std::string_view events_path = "/api/events";
constexpr std::string_view owners_path = "/api/owners";
constexpr std::string_view assets = "/assets/";
constexpr std::string_view page_path = "/console.html";
constexpr std::string_view bearer = "bearer ";

bool is_read(const http::Request& request) {
  return request.method == http::Method::get || request.method == http::Method::head;
}

// The commands on uploads and the status; where locations lead is not the console's matter.
bool is_control(std::string_view path) {
  return path == "/api/status" || path == "/api/uploads" || path.starts_with("/api/uploads/");
}

protocol::ProtocolSettings own_names(protocol::ProtocolSettings names) {
  names.serves_every_host = false;
  names.api_origins = {};
  return names;
}

http::Response stream_of(std::shared_ptr<runtime::ByteSource> events) {
  http::Response response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  response.source = std::move(events);
  return response;
}

http::ReplyPtr reply_of(Result<http::Response> answer, const char* route) {
  auto reply = std::make_unique<http::Reply>();
  reply->route = route;
  if (answer) {
    reply->response = *std::move(answer);
    return reply;
  }
  reply->response = http::operator_error_response(answer.error());
  if (answer.error().code() == Errc::not_authorized) {
    reply->response.headers.set("WWW-Authenticate", "Bearer realm=\"sluice console\"");
  }
  return reply;
}

}  // namespace

ConsolePages::ConsolePages(const Parts& parts, ConsoleSettings settings)
    : parts_(parts),
      names_(own_names(std::move(settings.names))),
      token_digest_(settings.token.empty() ? std::nullopt : std::optional(sha256(settings.token))) {
}

Task<http::ReplyPtr> ConsolePages::handle(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  if (request.path.starts_with("/api/")) {
    co_return co_await answer_api(exchange);
  }
  const bool is_page =
      !parts_.files.empty() && (request.path == "/" || request.path.starts_with(assets));
  if (!is_page || !is_read(request)) {
    co_return co_await parts_.admin.handle(exchange);
  }
  co_return reply_of(
      pages::answer_at(parts_.files, request.path == "/" ? page_path : request.path, request),
      "console");
}

Task<http::ReplyPtr> ConsolePages::answer_api(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  if (const Result<> allowed = expect_operator(exchange); !allowed) {
    co_return reply_of(fail(allowed.error()), "console");
  }
  if (!is_control(request.path)) {
    const char* const route = request.path == events_path ? "events" : "console";
    Result<http::Response> answer = co_await answer_own(request);
    co_return reply_of(std::move(answer), route);
  }
  http::Request command = request;
  command.path.erase(0, api.size());
  http::Interims none;
  http::Exchange inner(command, exchange.context(), exchange.body(), none);
  http::ReplyPtr reply = co_await parts_.control.handle(inner);
  reply->response.headers.set("Cache-Control", "no-store");
  co_return reply;
}

Task<Result<http::Response>> ConsolePages::answer_own(const http::Request& request) {
  if (request.path != events_path && request.path != owners_path) {
    co_return fail(Errc::not_found, "There is nothing at " + in_quotes(request.path));
  }
  if (request.method != http::Method::get) {
    co_return fail(Errc::method_not_allowed, "expected GET, got " + in_quotes(request.method_text));
  }
  if (request.path == owners_path) {
    co_return co_await owners();
  }
  Result<View> view = view_of(request.query);
  if (!view) {
    co_return fail(view.error());
  }
  auto events = parts_.feed.listen(*std::move(view));
  if (!events) {
    co_return fail(events.error());
  }
  co_return stream_of(*std::move(events));
}

Task<Result<http::Response>> ConsolePages::owners() {
  const auto usages = co_await parts_.journal.owners(limits::console_owners_max);
  if (!usages) {
    co_return fail(usages.error());
  }
  http::Response response = http::json_response(
      200, boost::json::serialize(owners_document(*usages, parts_.keyring.quotas())));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Result<> ConsolePages::expect_operator(http::Exchange& exchange) const {
  const protocol::Call call(exchange);
  if (Result<> allowed = protocol::expect_allowed_page(call, names_); !allowed) {
    return allowed;
  }
  if (token_digest_) {
    return shows_token(exchange.request())
               ? Result<>()
               : fail(Errc::not_authorized, "expected the token of admin.token_file");
  }
  if (!exchange.context().is_from_inside) {
    return fail(Errc::forbidden,
                "without admin.token_file the console is for requests that come straight from the "
                "server's machine or from server.trusted_proxies");
  }
  return protocol::expect_own_name(call, names_);
}

// RFC 6750 2.1. Digests are compared: the time that it takes says nothing about the token.
bool ConsolePages::shows_token(const http::Request& request) const {
  const std::string_view field = request.headers.find("Authorization").value_or("");
  return field.size() > bearer.size() &&
         equals_ignoring_case(field.substr(0, bearer.size()), bearer) &&
         sha256(trimmed(field.substr(bearer.size()))) == token_digest_;
}

}  // namespace sluice::console
