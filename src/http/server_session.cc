// SPDX-License-Identifier: MIT
#include "http/server_session.h"

#include <algorithm>
#include <array>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/random.h"
#include "http/content_coding.h"
#include "http/forwarded.h"
#include "http/head_parser.h"
#include "http/request_body.h"

namespace sluice::http {
namespace {

using std::chrono::steady_clock;

Duration until(steady_clock::time_point end) {
  return std::chrono::ceil<Duration>(end - steady_clock::now());
}

// Errors after which the client expects no answer.
bool is_silent(Errc code) {
  return code == Errc::closed_by_peer || code == Errc::idle_timeout || code == Errc::draining;
}

// W3C Trace Context 3.2.1: of several headers none counts.
TraceContext trace_of(const Request& request) {
  const auto is_traceparent = [](const Header& header) {
    return equals_ignoring_case(header.name, "traceparent");
  };
  const auto& fields = request.headers.fields();
  const auto found = std::ranges::find_if(fields, is_traceparent);
  const bool is_one =
      found != fields.end() && std::none_of(found + 1, fields.end(), is_traceparent);
  return is_one ? continue_trace(trimmed(found->value)) : TraceContext();
}

// One line per request. Never its path: the URL of an upload is a secret.
class AccessLine {
 public:
  AccessLine(Log& log, Metrics& metrics, const RequestContext& context)
      : log_(log), metrics_(metrics), context_(context) {}

  void write(std::string_view method, const Reply& reply, std::uint64_t bytes, bool answered) {
    const std::chrono::duration<double> spent = steady_clock::now() - begin_;
    metrics_.requests.add(reply.route, reply.response.status);
    metrics_.request_seconds.observe(reply.route, reply.dialect, spent.count());
    const LogField request{"request", context_.request_id};
    const LogField upload{"upload", reply.upload_id};
    const LogField status{"status", reply.response.status};
    if (!reply.trouble.empty()) {
      const LogField reason{"reason", reply.trouble};
      if (reply.upload_id != 0) {
        log_.warn("request failed", {request, upload, status, reason});
      } else {
        log_.warn("request failed", {request, status, reason});
      }
    }
    const LogField peer{"peer", context_.peer_address};
    const LogField method_field{"method", method};
    const LogField route{"route", reply.route};
    const LogField dialect{"dialect", reply.dialect};
    const LogField size{"bytes", bytes};
    const LogField time{"milliseconds", spent.count() * 1000};
    const LogField answer{"answered", answered};
    const LogField trace{"trace", context_.trace.trace_id()};
    if (reply.upload_id != 0 && context_.trace) {
      log_.info("request", {request, trace, upload, peer, method_field, route, dialect, status,
                            size, time, answer});
    } else if (reply.upload_id != 0) {
      log_.info("request",
                {request, upload, peer, method_field, route, dialect, status, size, time, answer});
    } else if (context_.trace) {
      log_.info("request",
                {request, trace, peer, method_field, route, dialect, status, size, time, answer});
    } else {
      log_.info("request",
                {request, peer, method_field, route, dialect, status, size, time, answer});
    }
  }

 private:
  Log& log_;
  Metrics& metrics_;
  const RequestContext& context_;
  const steady_clock::time_point begin_ = steady_clock::now();
};

// Inlined, its values would stay in the frame of serve().
[[gnu::noinline]] void complete_headers(Reply& reply, const RequestContext& context) {
  reply.response.headers.set("X-Request-Id", context.request_id);
  // No browser guesses what the body is.
  reply.response.headers.set("X-Content-Type-Options", "nosniff");
}

}  // namespace

ServerSession::ServerSession(std::unique_ptr<net::ByteStream> stream, Handler& handler,
                             const SessionSettings& settings, Log& log, Metrics& metrics)
    : stream_(std::move(stream)),
      handler_(handler),
      settings_(settings),
      log_(log),
      metrics_(metrics) {}

ServerSession::~ServerSession() = default;

void ServerSession::drain() {
  draining_ = true;
  if (idle_) {
    stream_->interrupt_wait(Errc::draining);
  }
}

void ServerSession::cut(Errc reason) {
  draining_ = true;
  cut_ = reason;
  if (body_ != nullptr) {
    body_->cancel(reason);
  }
  stream_->interrupt_wait(Errc::draining);
}

runtime::Task<> ServerSession::run() {
  Next next = Next::request;
  while (next == Next::request) {
    Result<Request> request = co_await read_head();
    stream_->end_idle();
    if (request) {
      next = co_await serve(*request);
    } else if (is_silent(request.error().code())) {
      next = Next::close;
    } else {
      co_await refuse(request.error());
      next = Next::linger;
    }
  }
  if (next == Next::linger) {
    co_await linger();
  }
}

runtime::Task<Result<Request>> ServerSession::read_head() {
  if (input_.empty()) {
    if (Result<> arrived = co_await wait_for_request(); !arrived) {
      co_return fail(std::move(arrived).error());
    }
  } else {
    // A client that pipelines without end must not keep the thread from the other connections.
    co_await boost::asio::post(stream_->executor(), boost::asio::deferred);
  }
  const auto give_up_at = steady_clock::now() + settings_.head_timeout;
  for (;;) {
    const Bytes unread = input_.unread();
    Result<std::optional<ParsedHead>> parsed =
        parse_head(unread.first(std::min(unread.size(), limits::head_bytes_max)));
    if (!parsed) {
      co_return fail(std::move(parsed).error());
    }
    if (*parsed) {
      input_.consume((*parsed)->size);
      co_return std::move((*parsed)->request);
    }
    if (Result<> more = co_await wait_for_head(give_up_at); !more) {
      co_return fail(std::move(more).error());
    }
  }
}

runtime::Task<Result<>> ServerSession::wait_for_request() {
  stream_->begin_idle();
  for (;;) {
    input_.release();
    bool has_to_go = draining_;
    if (!draining_) {
      idle_ = true;
      Result<> waited = co_await stream_->wait_readable(settings_.idle_timeout);
      idle_ = false;
      has_to_go = draining_ || (!waited && waited.error().code() == Errc::draining);
      if (!waited && !has_to_go) {
        co_return waited;
      }
    }
    // A request that the client has sent before it could know is answered.
    const Result<bool> read = read_input();
    if (!read) {
      co_return fail(read.error());
    }
    if (*read) {
      stream_->begin_idle();  // Until the head is whole.
      co_return Result<>();
    }
    if (has_to_go) {
      co_return fail(Errc::draining);
    }
  }
}

runtime::Task<Result<>> ServerSession::wait_for_head(steady_clock::time_point give_up_at) {
  const Duration left = until(give_up_at);
  Result<> waited = fail(Errc::idle_timeout);
  if (left > Duration::zero()) {
    waited = co_await stream_->wait_readable(left);
  }
  if (!waited) {
    if (waited.error().code() == Errc::idle_timeout) {
      co_return fail(Errc::head_timeout, "expected a whole request head within " +
                                             std::to_string(settings_.head_timeout.count()) +
                                             " ms; got a part of it");
    }
    co_return waited;
  }
  const Result<bool> read = read_input();
  if (!read) {
    co_return fail(read.error());
  }
  co_return Result<>();
}

Result<bool> ServerSession::read_input() {
  const MutableBytes room = input_.room(limits::head_bytes_max);
  if (room.empty()) {
    return fail(Errc::head_too_large,
                "expected a head of at most " + std::to_string(limits::head_bytes_max) + " bytes");
  }
  auto received = stream_->read_now(room);
  if (!received) {
    return fail(std::move(received).error());
  }
  if (!*received) {
    return false;
  }
  if (**received == 0) {
    return fail(Errc::closed_by_peer);
  }
  input_.added(**received);
  return true;
}

runtime::Task<ServerSession::Next> ServerSession::serve(const Request& request) {
  const RequestContext context = context_of(request);
  AccessLine line(log_, metrics_, context);
  Interims interims(*stream_, request, settings_.write);
  RequestBody body(*stream_, input_, request, settings_.body, metrics_, interims);
  Exchange exchange(request, context, body, interims, &body);
  body_ = &body;
  if (cut_) {
    body.cancel(*cut_);
  }
  ReplyPtr reply;
  bool threw = false;
  try {
    reply = co_await answer(exchange);
  } catch (...) {
    threw = true;
    reply = reply_after_exception(exchange);
  }
  const bool can_go_on = !threw && body.can_be_drained(limits::drain_bytes_max);
  interims.end();
  if (interims.broken() || (body.failure() && body.failure()->code() == Errc::closed_by_peer)) {
    body_ = nullptr;
    line.write(request.method_text, *reply, body.received(), false);
    co_return Next::close;
  }
  const bool is_last = ++requests_ == settings_.requests_max;
  const bool keep_alive = can_go_on && request.keep_alive && !draining_ && !is_last &&
                          !reply->response.ends_with_connection();
  complete_headers(*reply, context);
  const Result<> written = co_await write(*reply, request.method != Method::head, keep_alive);
  line.write(request.method_text, *reply, body.received(), written.has_value());
  const bool drained = written && can_go_on && co_await body.drain(limits::drain_bytes_max);
  body_ = nullptr;
  if (!written) {
    co_return Next::close;
  }
  if (keep_alive && drained) {
    co_return Next::request;
  }
  co_return input_.empty() && drained ? Next::close : Next::linger;
}

RequestContext ServerSession::context_of(const Request& request) const {
  Sender sender = sender_of(
      request,
      Sender{.address = stream_->peer_address(), .secure = stream_->is_secure(), .host = {}},
      settings_.trusted_proxies);
  return {random_id(),
          std::move(sender.address),
          sender.secure,
          std::move(sender.host),
          is_from_inside(request, stream_->peer_address(), settings_.trusted_proxies),
          sender.untrusted,
          stream_->peer_process(),
          trace_of(request)};
}

// The one place for every body: neither handlers nor forms see a request whose body is coded.
runtime::Task<ReplyPtr> ServerSession::answer(Exchange& exchange) {
  const Request& request = exchange.request();
  const Result<> plain =
      request.framing == Framing::none ? Result<>() : expect_no_coding(request.headers);
  if (plain) {
    return handler_.handle(exchange);
  }
  // RFC 9110 15.5.16 and 12.5.3: what would be accepted.
  exchange.headers.set("Accept-Encoding", "identity");
  return handler_.refuse(exchange, plain.error());
}

ReplyPtr ServerSession::reply_after_exception(const Exchange& exchange) {
  std::string what;
  try {
    throw;
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {
    what = "an exception of unknown type";
  }
  log_.error("request failed", {{"request", exchange.context().request_id}, {"reason", what}});
  return exchange.reply(fail(Errc::internal));
}

runtime::Task<> ServerSession::refuse(const Error& error) {
  const RequestContext context{random_id(), stream_->peer_address(), stream_->is_secure()};
  AccessLine line(log_, metrics_, context);
  const Request unread;
  Interims none;
  RequestBody nothing(*stream_, input_, unread, settings_.body, metrics_, none);
  Exchange exchange(unread, context, nothing, none);
  const ReplyPtr reply = co_await handler_.refuse(exchange, error);
  complete_headers(*reply, context);
  const Result<> written = co_await write(*reply, true, false);
  line.write("-", *reply, 0, written.has_value());
}

runtime::Task<Result<>> ServerSession::write(const Reply& reply, bool with_body, bool keep_alive) {
  const Response& response = reply.response;
  const std::string head = serialize_head(response, keep_alive);
  const bool has_body = with_body && response.status != 204 && response.status != 304;
  const bool is_held = has_body && !response.source;
  const Bytes body = is_held ? as_bytes(response.body) : Bytes();
  const AnswerBudget::Share share(settings_.answers, *stream_, response.body.size());
  Result<> written = co_await stream_->write(as_bytes(head), body, settings_.write);
  if (written && has_body && response.source) {
    written = co_await write_from(reply);
  }
  co_return written;
}

runtime::Task<Result<>> ServerSession::write_from(const Reply& reply) {
  runtime::ByteSource& source = *reply.response.source;
  std::vector<std::byte> piece(limits::answer_piece_bytes);
  const bool is_endless = reply.response.ends_with_connection();
  if (is_endless) {
    stream_->expect_word_of_peer(settings_.write.idle);
  }
  while (is_endless || source.remaining().value_or(0) > 0) {
    if (cut_) {
      co_return fail(*cut_);
    }
    if (is_endless) {
      if (Result<> more = co_await wait_for_more(source); !more) {
        co_return more;
      }
    }
    const Result<std::size_t> count = co_await source.read(piece, limits::buffer_fill_patience);
    if (is_endless && count && *count == 0) {
      break;
    }
    if (!count || *count == 0) {
      const Error error = count ? Error(Errc::internal, "it ends early") : count.error();
      log_.error("the body of an answer could not be read",
                 {{"request", reply.response.headers.find("X-Request-Id").value_or("")},
                  {"upload", reply.upload_id},
                  {"reason", error.message()}});
      co_return fail(error);
    }
    const Bytes bytes = Bytes(piece).first(*count);
    // Anew for each piece: a long answer that is read is no old one.
    const AnswerBudget::Share share(settings_.answers, *stream_, piece.size());
    if (Result<> written = co_await stream_->write(bytes, {}, settings_.write); !written) {
      co_return written;
    }
  }
  co_return Result<>();
}

runtime::Task<Result<>> ServerSession::wait_for_more(runtime::ByteSource& source) {
  bool is_readable = false;
  runtime::TaskGroup beside(stream_->executor(), log_);
  beside.spawn("answer without an end", call_when_readable(source, is_readable));
  Result<> present;
  while (!is_readable && present) {
    (void)co_await stream_->wait_readable(settings_.idle_timeout);
    const auto discarded = discard();
    if (cut_) {
      present = fail(*cut_);
    } else if (!is_readable && (!discarded || *discarded == std::size_t{0})) {
      present = fail(Errc::closed_by_peer);
    }
  }
  if (!present) {
    source.cancel(present.error().code());
  }
  while (!co_await beside.wait(settings_.idle_timeout)) {
  }
  co_return present;
}

runtime::Task<> ServerSession::call_when_readable(runtime::ByteSource& source, bool& is_readable) {
  (void)co_await source.wait_readable();
  is_readable = true;
  stream_->interrupt_wait(Errc::draining);
}

runtime::Task<> ServerSession::linger() {
  stream_->shutdown_send();
  const auto begin = steady_clock::now();
  while (!cut_) {
    const Duration left =
        until(begin + (draining_ ? settings_.linger_silence : settings_.linger_time));
    if (left <= Duration::zero() ||
        !co_await stream_->wait_readable(std::min(left, settings_.linger_silence))) {
      break;
    }
    const auto discarded = discard();
    if (!discarded || *discarded == std::size_t{0}) {
      break;
    }
  }
}

Result<std::optional<std::size_t>> ServerSession::discard() {
  std::array<std::byte, limits::discard_bytes> scratch;
  return stream_->read_now(scratch);
}

}  // namespace sluice::http
