// SPDX-License-Identifier: MIT
// One HTTP/1.1 connection: reads requests, has them answered, and decides what becomes of the
// connection after each.
#pragma once

#include <boost/intrusive/list_hook.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/answer_budget.h"
#include "http/handler.h"
#include "http/input_buffer.h"
#include "http/message.h"
#include "net/byte_stream.h"
#include "net/progress.h"
#include "net/trusted_proxies.h"
#include "runtime/task.h"

namespace sluice::http {

class RequestBody;

struct SessionSettings {
  Duration head_timeout = limits::head_timeout_default;  // From the head's first byte to its last.
  Duration idle_timeout = limits::idle_timeout_default;  // Between requests.
  net::Patience body{.idle = limits::body_timeout_default, .window = {}, .bytes = 0};
  net::Patience write{.idle = limits::write_timeout_default, .window = {}, .bytes = 0};
  // How long the bytes of a client that has its last answer are read before the connection closes.
  Duration linger_time = limits::linger_max;
  // The end comes earlier when no byte came for so long, and after so long while the server drains.
  Duration linger_silence = limits::linger_silence_max;
  net::TrustedProxies trusted_proxies = {};
  std::uint64_t requests_max = 0;   // On one connection; 0: any number.
  AnswerBudget* answers = nullptr;  // Outlives the sessions. Null: no bound for them together.
};

// Lives on the connection's thread. The hook is for Connections, which lists what runs.
class ServerSession : public boost::intrusive::list_base_hook<
                          boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  // The references must outlive the session.
  ServerSession(std::unique_ptr<net::ByteStream> stream, Handler& handler,
                const SessionSettings& settings, Log& log, Metrics& metrics);
  ~ServerSession();
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  // Returns when the connection has ended.
  runtime::Task<> run();

  // No further request: ends an idle connection at once, a busy one after its answer.
  void drain();
  // As drain(), and ends what waits for the client: a body that is being read fails with `reason`,
  // and that is answered.
  void cut(Errc reason);

 private:
  enum class Next { request, close, linger };

  runtime::Task<Result<Request>> read_head();
  // Waits for the first byte of a request, or for the next one of its head.
  runtime::Task<Result<>> wait_for_request();
  runtime::Task<Result<>> wait_for_head(std::chrono::steady_clock::time_point give_up_at);
  // False when nothing is there.
  Result<bool> read_input();

  runtime::Task<Next> serve(const Request& request);
  RequestContext context_of(const Request& request) const;
  runtime::Task<ReplyPtr> answer(Exchange& exchange);
  // REQUIRES: an exception is being handled. It is logged.
  ReplyPtr reply_after_exception(const Exchange& exchange);
  runtime::Task<> refuse(const Error& error);
  runtime::Task<Result<>> write(const Reply& reply, bool with_body, bool keep_alive);
  // After an error the connection cannot go on: the head has promised more.
  runtime::Task<Result<>> write_from(const Reply& reply);
  // Of an answer without an end: returns when it has more. closed_by_peer when its client has ended
  // what it sends: it is taken for gone.
  runtime::Task<Result<>> wait_for_more(runtime::ByteSource& source);
  runtime::Task<> call_when_readable(runtime::ByteSource& source, bool& is_readable);
  // Lets the client read the answer: closing with unread bytes would reset the connection.
  runtime::Task<> linger();
  Result<std::optional<std::size_t>> discard();

  const std::unique_ptr<net::ByteStream> stream_;
  Handler& handler_;
  const SessionSettings& settings_;
  Log& log_;
  Metrics& metrics_;

  InputBuffer input_;
  RequestBody* body_ = nullptr;  // Of the request that is being answered.
  std::uint64_t requests_ = 0;   // That were read.
  bool idle_ = false;
  bool draining_ = false;
  std::optional<Errc> cut_;
};

}  // namespace sluice::http
