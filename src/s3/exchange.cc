// SPDX-License-Identifier: MIT
#include "s3/exchange.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/random.h"

namespace sluice::s3 {
namespace {

// The value of Host as libcurl sends it: without a port that is the scheme's own.
std::string host_of(std::string_view origin) {
  const bool is_tls = origin.starts_with("https://");
  std::string_view host = origin.substr(origin.find("://") + 3);
  const std::string_view own_port = is_tls ? ":443" : ":80";
  if (host.ends_with(own_port)) {
    host.remove_suffix(own_port.size());
  }
  return std::string(host);
}

Duration milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
}

// `pause` and up to half as much again, so that several requests do not come back together.
Duration with_jitter(Duration pause) {
  const double more = static_cast<double>(pause.count()) * random_fraction() / 2;
  return pause + Duration(static_cast<std::int64_t>(more));
}

// Of a request that is not sent again.
const char* result_of(const Failure& failure, bool is_answered) {
  switch (failure.error.code()) {
    case Errc::file_missing:
      return "missing";
    case Errc::disk_full:
      return "full";
    default:
      return failure.again ? "unavailable" : is_answered ? "refused" : "not_sent";
  }
}

}  // namespace

Exchange::Exchange(outgoing::Sender& sender, const Clock& clock, ClientSettings settings)
    : sender_(sender),
      clock_(clock),
      settings_(std::move(settings)),
      key_(settings_.key),
      host_(host_of(settings_.endpoint.origin)) {}

runtime::Task<Result<outgoing::HttpAnswer>> Exchange::send(Call call) {
  const SteadyTime begin = std::chrono::steady_clock::now();
  Duration pause = settings_.pause;
  for (unsigned tries = 1;; ++tries, pause *= 2) {
    const Duration left = limits::s3_call_time_max - milliseconds_since(begin);
    outgoing::HttpRequest request = signed_request(call, left);
    const SteadyTime sent = std::chrono::steady_clock::now();
    Result<outgoing::HttpAnswer> answer = co_await sender_.send(std::move(request));
    const bool time_moved = answer && learn_time(*answer, milliseconds_since(sent));
    std::optional<Failure> failure = failure_in(call, answer);
    if (!failure) {
      count(call, answer, "ok", sent);
      co_return answer;
    }
    Duration wait = with_jitter(pause);
    if (answer && answer->retry_after) {
      wait = std::max(wait, *answer->retry_after);
    }
    const bool may_help = failure->again || time_moved;
    const bool is_last = !may_help || tries >= call.tries_max ||
                         milliseconds_since(begin) + wait >= limits::s3_call_time_max;
    count(call, answer, is_last ? result_of(*failure, answer.has_value()) : "retried", sent);
    if (is_last) {
      co_return fail(std::move(failure->error));
    }
    co_await runtime::sleep_for(wait);
  }
}

void Exchange::count(const Call& call, const Result<outgoing::HttpAnswer>& answer,
                     const char* result, SteadyTime sent) const {
  if (settings_.figures == nullptr) {
    return;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - sent;
  settings_.figures->seconds.observe(call.operation, result, took.count());
  if (answer) {
    settings_.figures->bytes_sent.add(call.payload ? call.payload->body->size() : 0);
    settings_.figures->bytes_received.add(answer->body.size());
  }
}

std::string Exchange::presigned_url(const std::string& key, std::chrono::seconds valid) const {
  const SignedParts parts{"GET", host_, path_of(key), "", {}};
  return settings_.endpoint.origin + parts.path + "?" +
         presigned_query(parts, valid, *key_, store_time());
}

std::string Exchange::path_of(const std::string& key) const {
  return encode_path("/" + settings_.bucket + (key.empty() ? "" : "/" + key));
}

outgoing::HttpRequest Exchange::signed_request(const Call& call, Duration left) const {
  SignedParts parts{call.method, host_, path_of(call.key), encode_query(call.query), call.headers};
  const Sha256Digest hash = call.payload ? call.payload->sha256 : sha256("");
  sign(parts, to_hex(hash), *key_, store_time());
  outgoing::HttpRequest request;
  request.method = call.method;
  request.target = settings_.endpoint;
  request.target.path = parts.path + (parts.query.empty() ? "" : "?" + parts.query);
  request.headers = std::move(parts.headers);
  request.ca_file = settings_.ca_file;
  request.sent_once = call.tries_max == 1;
  if (call.payload) {
    request.body = call.payload->body;
  }
  request.answer_bytes_inline_max = call.answer_bytes_max;
  request.deadlines.connect = limits::s3_connect_time_max;
  request.deadlines.whole = call.time_max;
  if (call.time_max <= limits::s3_try_time_max) {
    request.deadlines.stall = limits::s3_stall_time_max;
    request.deadlines.whole = std::min(call.time_max, std::max(left, limits::s3_pause));
  }
  return request;
}

// An answer that took long may have got its Date at its begin as well as at its end.
bool Exchange::learn_time(const outgoing::HttpAnswer& answer, Duration took) {
  const auto date = outgoing::find_header(answer.headers, "Date");
  const std::time_t seconds = date ? curl_getdate(std::string(*date).c_str(), nullptr) : -1;
  if (seconds < 0 || took > limits::s3_clock_tolerance) {
    return false;
  }
  const Duration ahead = Timestamp(std::chrono::seconds(seconds)) - clock_.now();
  const bool is_right = std::chrono::abs(ahead) <= limits::s3_clock_tolerance;
  const std::int64_t now = is_right ? 0 : ahead.count();
  const std::int64_t before = ahead_ms_.exchange(now);
  return std::abs(now - before) > limits::s3_clock_tolerance.count();
}

std::optional<Failure> Exchange::failure_in(const Call& call,
                                            const Result<outgoing::HttpAnswer>& answer) const {
  if (!answer) {
    const bool is_way = answer.error().code() == Errc::delivery_failed;
    return Failure{is_way ? Error(Errc::unavailable, answer.error().message()) : answer.error(),
                   is_way};
  }
  const bool is_success = answer->status / 100 == 2;
  if (is_success && !call.answers_with_document) {
    return std::nullopt;
  }
  const std::optional<ErrorDocument> document = parse_error(answer->body);
  if (is_success && !document) {
    return std::nullopt;
  }
  const std::string query = encode_query(call.query);
  return failure_of(fmt::format("{} {}{}{}{}", call.method, settings_.endpoint.origin,
                                path_of(call.key), query.empty() ? "" : "?", query),
                    answer->status, document);
}

}  // namespace sluice::s3
