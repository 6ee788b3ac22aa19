// SPDX-License-Identifier: MIT
// For tests of HTTP sessions: a handler whose action depends on the path.
#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/handler.h"
#include "runtime/event.h"
#include "support/scripted_source.h"

namespace sluice::testing {

// The first word of the path chooses the action, of those that a handler may take on a connection.
class ScriptedHandler final : public http::Handler {
 public:
  runtime::Task<http::ReplyPtr> handle(http::Exchange& exchange) override {
    ++calls;
    const http::Request& request = exchange.request();
    exchange.lead_to(known_);
    auto reply = std::make_unique<http::Reply>();
    reply->route = "scripted";
    reply->response = text(200, "path=" + request.path);
    if (request.path == "/echo") {
      reply->response = co_await echo(exchange.body());
    } else if (request.path == "/interims") {
      reply->response = co_await tell_before(exchange);
    } else if (request.path == "/throw") {
      throw std::runtime_error("on purpose");
    } else if (request.path == "/none") {
      reply->response = text(204, "");
    } else if (request.path == "/large") {
      reply->response = text(200, std::string(4'000'000, 'x'));
    } else if (request.path == "/file" || request.path == "/torn") {
      reply->response.source =
          std::make_shared<ScriptedSource>(std::string(60'000, 'f'), ScriptedSource::Ending::lost,
                                           true, request.path == "/torn" ? 5 : 0);
    } else if (request.path == "/stream") {
      reply->response.body.clear();
      reply->response.source =
          std::make_shared<ScriptedSource>("fff", ScriptedSource::Ending::end, false);
    } else if (request.path == "/events") {
      reply->response.source = events =
          std::make_shared<ScriptedSource>("fff", ScriptedSource::Ending::silent, false);
    } else if (request.path == "/wait") {
      co_await go_on->wait(std::chrono::minutes(1));
    } else if (request.path == "/upload") {
      reply->response = co_await echo(exchange.body());
      reply->upload_id = 7;
    }
    reply->trouble = trouble;
    last_context = exchange.context();
    co_return reply;
  }

  runtime::Task<http::ReplyPtr> refuse(http::Exchange& exchange, Error error) override {
    const std::string& path = exchange.request().path;
    exchange.lead_to(path.empty() ? unread_ : known_);
    exchange.upload_id = path == "/upload" ? 7 : 0;
    co_return exchange.reply(fail(std::move(error)));
  }

  int calls = 0;
  std::string trouble;                 // http::Reply::trouble of every reply.
  std::vector<std::string> completed;  // Paths of the answers that the session made by itself.
  http::RequestContext last_context;
  std::shared_ptr<ScriptedSource> events;  // Of the last request for them.
  std::shared_ptr<runtime::Event> go_on = std::make_shared<runtime::Event>();

 private:
  class Place final : public http::Destination {
   public:
    Place(const char* route, std::vector<std::string>& completed)
        : http::Destination(route), completed_(completed) {}
    void complete(const http::Request& request, http::Response& response) const override {
      completed_.push_back(request.path);
      response.headers.add("Completed", "yes");
    }

   private:
    std::vector<std::string>& completed_;
  };

  static http::Response text(int status, std::string body) {
    return http::Response{.status = status, .headers = {}, .body = std::move(body)};
  }
  static runtime::Task<http::Response> echo(runtime::ByteSource& body) {
    std::string all;
    std::vector<std::byte> buffer(1000);
    for (;;) {
      Result<> waited = co_await body.wait_readable();
      if (!waited) {
        co_return http::error_response(waited.error());
      }
      const Result<std::size_t> count = co_await body.read(buffer, Duration(0));
      if (!count) {
        co_return http::error_response(count.error());
      }
      if (*count == 0) {
        co_return text(200, std::to_string(all.size()) + ":" + all);
      }
      all += as_text(Bytes(buffer).first(*count));
    }
  }
  // An interim response before the body is read, and one after it.
  static runtime::Task<http::Response> tell_before(http::Exchange& exchange) {
    http::Interim created{.status = 104};
    created.headers.add("Location", "/u");
    (void)co_await exchange.inform(std::move(created));
    http::Response response = co_await echo(exchange.body());
    const Result<> informed = co_await exchange.inform({.status = 103});
    co_return informed ? std::move(response) : http::error_response(informed.error());
  }

  const Place known_{"scripted", completed};
  const Place unread_{"none", completed};
};

}  // namespace sluice::testing
