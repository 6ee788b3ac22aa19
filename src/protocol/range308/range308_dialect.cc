// SPDX-License-Identifier: MIT
#include "protocol/range308/range308_dialect.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/encoding.h"
#include "base/told.h"
#include "http/content_range.h"
#include "protocol/range308/session_request.h"
#include "protocol/upload_answer.h"
#include "protocol/upload_location.h"

namespace sluice::protocol::range308 {

using http::Method;
using runtime::Task;

namespace {

bool brings_no_body(const http::Request& request) {
  return request.framing != http::Framing::chunked && request.content_length == 0;
}

// {"error":{"code","message"}}: clients look for both there.
http::Response error_answer(int status, const std::string& message) {
  boost::json::object error;
  error["code"] = status;
  error["message"] = to_valid_utf8(message);
  boost::json::object document;
  document["error"] = std::move(error);
  return http::json_response(status, boost::json::serialize(document));
}

}  // namespace

bool Range308Dialect::recognises(const http::Request& request) const {
  return request.method == Method::post && asks_for_session(request);
}

bool Range308Dialect::has(Method method) const noexcept {
  return method == Method::get || method == Method::put || method == Method::delete_;
}

bool Range308Dialect::opens_with(Method method) const noexcept {
  return method == Method::post;
}

http::Response Range308Dialect::render(const Error& error) const {
  const http::Response usual = http::error_response(error);
  const std::string message = told(error);
  http::Response response = error_answer(
      usual.status, message.empty() ? std::string(http::reason_phrase(usual.status)) : message);
  if (const auto pause = usual.headers.find("Retry-After")) {
    response.headers.set("Retry-After", std::string(*pause));
  }
  if (error.code() == Errc::not_authorized) {
    response.headers.set("WWW-Authenticate", "Bearer");
  }
  return response;
}

Task<Answer> Range308Dialect::open(Call& call) {
  Result<Parameters> parameters = co_await Parameters::read(call.request, call.body);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  const Parameters described = *parameters;
  const Result<auth::Grant> grant = access_.judge(call, *parameters, auth::Window::usual);
  if (!grant) {
    co_return fail(grant.error());
  }
  Result<upload::NewUpload> session = parse_session(call.request, described, *parameters);
  if (!session) {
    co_return fail(session.error());
  }
  Opened opened = co_await opener_.open(call, *grant, *std::move(session));
  if (!opened) {
    co_return std::move(opened.error());
  }
  http::Response response;
  response.headers.set("Location", upload_location(call, settings_, (*opened)->token));
  co_return response;
}

Task<Answer> Range308Dialect::handle(Call& call) {
  switch (call.method) {
    case Method::put:
      return receive(call);
    case Method::delete_:
      return cancel(call);
    default:
      return describe(call);
  }
}

Task<Answer> Range308Dialect::receive(Call& call) {
  const http::Request& request = call.request;
  const Result<std::optional<http::ContentRange>> parsed = http::content_range_of(request.headers);
  if (!parsed) {
    return answered(fail(parsed.error()));
  }
  if (!*parsed) {
    // Nothing at all is the whole of an empty file, and asks for the status of another.
    return brings_no_body(request) ? status(call, std::nullopt) : append(call, upload::WholeFile());
  }
  const http::ContentRange& told = **parsed;
  if (told.range) {
    return append(call, upload::Range{told.range->begin, told.range->end, told.total});
  }
  if (request.framing == http::Framing::length && request.content_length > 0) {
    return answered(fail(Errc::bad_request,
                         "Content-Range without a range asks for the status: expected no body"));
  }
  return status(call, told.total);
}

Task<Answer> Range308Dialect::status(Call& call, std::optional<std::uint64_t> total) {
  const Result<upload::SnapshotPtr> asked = co_await engine_.status(call.capture);
  if (!asked) {
    co_return co_await refuse(call, asked.error());
  }
  const upload::Snapshot& snapshot = **asked;
  call.upload_id = snapshot.id;
  if (total && snapshot.file_size && *total != *snapshot.file_size) {
    co_return fail(Errc::bad_request, "Content-Range: expected a file of " +
                                          std::to_string(*snapshot.file_size) + " bytes, got " +
                                          std::to_string(*total));
  }
  // The end of a file of unknown size.
  if (total && !snapshot.file_size) {
    const Result<upload::SnapshotPtr> declared =
        co_await engine_.declare_size(call.capture, *total);
    if (!declared) {
      co_return co_await refuse(call, declared.error());
    }
    co_return co_await append(call, upload::Range{.begin = *total, .end = total, .total = total});
  }
  // Nothing is missing of an empty file: the question is its last piece as well.
  if (snapshot.file_size == 0U && !is_decided(snapshot)) {
    co_return co_await append(call, upload::Range{0, 0, 0});
  }
  co_return co_await progress(call, snapshot);
}

Task<Answer> Range308Dialect::append(Call& call, upload::Piece piece) {
  const Result<upload::SnapshotPtr> appended =
      co_await engine_.append(call.capture, piece, call.body);
  if (!appended) {
    co_return co_await refuse(call, appended.error());
  }
  co_return co_await progress(call, **appended);
}

Task<Answer> Range308Dialect::progress(Call& call, const upload::Snapshot& snapshot) {
  call.upload_id = snapshot.id;
  if (snapshot.layout) {
    co_return fail(Errc::bad_request, "this upload takes files in parts: expected X-Part");
  }
  if (snapshot.state == model::UploadState::failed) {
    co_return fail(failure_of(snapshot));
  }
  if (snapshot.answer) {
    co_return co_await with_whole_body(engine_, snapshot, final_answer(*snapshot.answer));
  }
  http::Response response;
  response.status = 308;
  if (snapshot.acknowledged > 0) {
    response.headers.set("Range", "bytes=0-" + std::to_string(snapshot.acknowledged - 1));
  }
  co_return response;
}

Task<Answer> Range308Dialect::describe(Call& call) {
  const Result<upload::SnapshotPtr> asked = co_await engine_.status(call.capture);
  if (!asked) {
    co_return co_await refuse(call, asked.error());
  }
  const upload::Snapshot& snapshot = **asked;
  call.upload_id = snapshot.id;
  co_return description_answer(snapshot);
}

Task<Answer> Range308Dialect::cancel(Call& call) {
  const Result<> aborted = co_await engine_.abort(call.capture);
  if (!aborted) {
    co_return co_await refuse(call, aborted.error());
  }
  http::Response response;
  response.status = 204;
  co_return response;
}

Task<Answer> Range308Dialect::refuse(Call& call, Error error) {
  if (error.code() != Errc::not_found) {
    co_return fail(std::move(error));
  }
  const Result<upload::Label> label = co_await engine_.label_of(call.capture);
  if (!label) {
    co_return fail(std::move(error));
  }
  call.upload_id = label->id;
  co_return error_answer(410, error.message());
}

}  // namespace sluice::protocol::range308
