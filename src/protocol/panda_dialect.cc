// SPDX-License-Identifier: MIT
#include "protocol/panda_dialect.h"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "base/limits.h"
#include "protocol/form_upload.h"
#include "protocol/location_request.h"
#include "protocol/multichunk_session.h"
#include "protocol/page_request.h"
#include "protocol/parameters.h"
#include "protocol/session_request.h"
#include "protocol/upload_answer.h"
#include "protocol/upload_location.h"

namespace sluice::protocol {
namespace {

using runtime::Task;

std::unexpected<Error> no_such_upload() {
  return fail(Errc::not_found,
              "Couldn't find an upload at this location: it never existed, was aborted or has "
              "expired");
}

bool is_decided(const upload::Snapshot& snapshot) {
  return snapshot.answer || snapshot.state == journal::UploadState::failed;
}

// A chunked body says only by its bytes whether it is empty.
Task<Result<>> expect_empty(runtime::ByteSource& body) {
  std::array<std::byte, 1> byte{};
  const Result<> readable = co_await body.wait_readable();
  if (!readable) {
    co_return fail(readable.error());
  }
  const Result<std::size_t> count = co_await body.read(byte, limits::buffer_fill_patience);
  if (!count) {
    co_return fail(count.error());
  }
  if (*count > 0) {
    co_return fail(Errc::bad_request,
                   "Content-Range asks for the status: expected an empty body, got one with bytes");
  }
  co_return Result<>();
}

}  // namespace

Task<Answer> PandaDialect::open_session(Call& call) {
  Result<Parameters> parameters = co_await Parameters::read(call.request, call.body);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  const Result<auth::Grant> grant = access_.judge(call, *parameters, auth::Window::usual);
  if (!grant) {
    co_return fail(grant.error());
  }
  co_return co_await open(call, *grant, *parameters, &PandaDialect::session_answer);
}

Task<Answer> PandaDialect::open_page_session(Call& call) {
  // Browsers let no page of another origin send this without permission; a form they would.
  if (!call.request.headers.find("X-Requested-With")) {
    co_return fail(Errc::bad_request, "expected X-Requested-With: scripts of this origin send it");
  }
  Result<Parameters> form = co_await Parameters::read(call.request, call.body);
  if (!form) {
    co_return fail(form.error());
  }
  const Result<auth::Grant> grant = access_.judge(call, *form, auth::Window::usual);
  if (!grant) {
    co_return fail(grant.error());
  }
  const Result<Parameters> parameters = parse_page_request(*form);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  if (const Result<> allowed = Access::check_clouds(*grant, *parameters); !allowed) {
    co_return fail(allowed.error());
  }
  co_return co_await open(call, *grant, *parameters, &PandaDialect::page_session_answer);
}

Task<Answer> PandaDialect::open(Call& call, const auth::Grant& grant, const Parameters& parameters,
                                SessionAnswer answer) {
  Result<upload::NewUpload> request = parse_session_request(parameters);
  if (!request) {
    co_return fail(request.error());
  }
  access_.apply(grant, call, *request);
  request->file_size_max = access_.file_size_max(grant);
  if (settings_.base->url().empty() && call.host().empty()) {
    co_return fail(Errc::bad_request,
                   "expected a Host header: the location of the upload is made of it");
  }
  request->origin = session_origin(call.request, call.context.peer_address, settings_.kept_headers);
  Result<std::optional<journal::Layout>> layout =
      parse_layout(call.request, parameters, request->file_size, settings_.file_size_max);
  if (!layout) {
    co_return fail(layout.error());
  }
  if (*layout && !(*layout)->extra_files.empty() && !settings_.takes_extra_files) {
    co_return fail(Errc::bad_request,
                   "extra_files: expected none, as the application behind this server takes single "
                   "files");
  }
  if (*layout) {
    request->file_size = (*layout)->total_size();
    request->layout = *std::move(layout);
  }
  Verdict verdict = co_await gate_.ask(*std::move(request), call.request, call.context);
  if (auto* refusal = std::get_if<http::Response>(&verdict)) {
    co_return std::move(*refusal);
  }
  auto& admitted = std::get<upload::NewUpload>(verdict);
  const Result<upload::Snapshot> snapshot = co_await engine_.create(std::move(admitted));
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  call.upload_id = snapshot->id;
  co_return (this->*answer)(call, *snapshot);
}

http::Response PandaDialect::session_answer(const Call& call,
                                            const upload::Snapshot& snapshot) const {
  if (snapshot.layout) {
    return protocol::session_answer(snapshot.id, location(call, snapshot.token), *snapshot.layout,
                                    settings_.part_connections);
  }
  boost::json::object document;
  document["id"] = snapshot.id;
  document["location"] = location(call, snapshot.token);
  return http::json_response(201, boost::json::serialize(document));
}

http::Response PandaDialect::page_session_answer(const Call& call,
                                                 const upload::Snapshot& snapshot) const {
  boost::json::object document;
  document["upload_url"] = location(call, snapshot.token);
  return http::json_response(200, boost::json::serialize(document));
}

Task<Answer> PandaDialect::receive(Call& call) {
  using Kind = LocationRequest::Kind;
  if (!is_upload_token(call.capture)) {
    return answered(no_such_upload());
  }
  if (MultichunkDialect::names_part(call.request)) {
    return multichunk_.receive_part(call);
  }
  Result<LocationRequest> request = parse_location_request(call.request);
  if (!request) {
    return answered(fail(request.error()));
  }
  switch (request->kind) {
    case Kind::empty:
      return complete_empty(call);
    case Kind::status:
      return status(call, request->total);
    case Kind::form:
      return append_form(call, std::move(request->boundary));
    case Kind::piece:
    case Kind::whole_file:
      break;
  }
  return append(call, request->piece, call.body);
}

Task<Answer> PandaDialect::status(Call& call, std::optional<std::uint64_t> total) {
  if (call.request.framing == http::Framing::chunked) {
    const Result<> empty = co_await expect_empty(call.body);
    if (!empty) {
      co_return fail(empty.error());
    }
  }
  const Result<upload::Snapshot> snapshot = co_await engine_.status(call.capture);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  call.upload_id = snapshot->id;
  if (snapshot->layout) {
    co_return co_await progress(call, *snapshot);
  }
  if (total && *total != snapshot->file_size) {
    co_return fail(Errc::bad_request, "Content-Range: expected the file_size of the session, " +
                                          std::to_string(snapshot->file_size) + ", got " +
                                          std::to_string(*total));
  }
  // "bytes */0": nothing is missing of an empty file, so the question is its last piece as well.
  if (total && snapshot->file_size == 0 && snapshot->state == journal::UploadState::receiving) {
    upload::Piece nothing;
    nothing.end = 0;
    nothing.total = 0;
    co_return co_await append(call, nothing, call.body);
  }
  co_return co_await progress(call, *snapshot);
}

Task<Answer> PandaDialect::complete_empty(Call& call) {
  const Result<upload::Snapshot> snapshot = co_await engine_.status(call.capture);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  call.upload_id = snapshot->id;
  if (is_decided(*snapshot) || snapshot->layout) {
    co_return co_await progress(call, *snapshot);
  }
  if (snapshot->file_size > 0) {
    const std::string digits = std::to_string(snapshot->file_size);
    co_return fail(Errc::bad_request, "without a Content-Range the whole file is expected, " +
                                          digits + " bytes, got none; \"Content-Range: bytes */" +
                                          digits + "\" asks for the status");
  }
  upload::Piece nothing;
  nothing.end = 0;
  nothing.total = 0;
  co_return co_await append(call, nothing, call.body);
}

Task<Answer> PandaDialect::append(Call& call, upload::Piece piece, runtime::ByteSource& body) {
  const Result<upload::SnapshotPtr> appended = co_await engine_.append(call.capture, piece, body);
  co_return co_await conclude(call, appended);
}

Task<Answer> PandaDialect::conclude(Call& call, const Result<upload::SnapshotPtr>& appended) {
  if (appended) {
    return progress(call, **appended);
  }
  if (appended.error().code() == Errc::delivery_pending) {
    return pending(call, appended.error());
  }
  return answered(fail(appended.error()));
}

Task<Answer> PandaDialect::append_form(Call& call, std::string boundary) {
  const Result<upload::Snapshot> before = co_await engine_.status(call.capture);
  if (!before) {
    co_return fail(before.error());
  }
  if (is_decided(*before) || before->layout) {
    co_return co_await progress(call, *before);
  }
  call.upload_id = before->id;
  MultipartFileSource file(call.body, std::move(boundary));
  // A form without a file must not cut off a request that brings one.
  const Result<> found = co_await file.wait_readable();
  if (!found) {
    co_return fail(found.error());
  }
  upload::Piece piece;
  piece.whole_file = true;
  Answer answer = co_await append(call, piece, file);
  if (answer || answer.error().code() != Errc::bad_request) {
    co_return answer;
  }
  // The engine stops at the first byte too many; the client is told both sizes.
  const Result<std::optional<std::uint64_t>> size = co_await file.measure();
  if (size && *size && **size != before->file_size) {
    co_return fail(Errc::bad_request, "file_size is " + std::to_string(before->file_size) +
                                          " bytes, the file in the form has " +
                                          std::to_string(**size));
  }
  co_return answer;
}

Task<Answer> PandaDialect::pending(Call& call, Error error) {
  const Result<upload::Snapshot> snapshot = co_await engine_.status(call.capture);
  if (!snapshot) {
    co_return fail(std::move(error));
  }
  if (is_decided(*snapshot)) {
    co_return co_await progress(call, *snapshot);
  }
  call.upload_id = snapshot->id;
  add_progress(call.headers, *snapshot, location(call, call.capture));
  co_return fail(std::move(error));
}

Task<Answer> PandaDialect::describe(Call& call) {
  if (!is_upload_token(call.capture)) {
    co_return no_such_upload();
  }
  const Result<upload::Snapshot> snapshot = co_await engine_.status(call.capture);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  call.upload_id = snapshot->id;
  if (snapshot->layout) {
    co_return co_await multichunk_.describe(call, *snapshot);
  }
  co_return description_answer(*snapshot);
}

Task<std::uint64_t> PandaDialect::upload_of(std::string token) {
  if (!is_upload_token(token)) {
    co_return 0;
  }
  co_return co_await engine_.number_of(std::move(token));
}

Task<Answer> PandaDialect::abort(Call& call) {
  if (!is_upload_token(call.capture)) {
    co_return no_such_upload();
  }
  const Result<> aborted = co_await engine_.abort(call.capture);
  if (!aborted) {
    co_return fail(aborted.error());
  }
  co_return http::Response();
}

Task<Answer> PandaDialect::progress(Call& call, const upload::Snapshot& snapshot) {
  call.upload_id = snapshot.id;
  if (snapshot.layout) {
    co_return co_await multichunk_.answer_stray(call, snapshot);
  }
  const std::string where = location(call, call.capture);
  if (snapshot.state == journal::UploadState::failed) {
    add_progress(call.headers, snapshot, where);
    co_return fail(failure_of(snapshot));
  }
  co_return co_await with_whole_body(engine_, snapshot, progress_answer(snapshot, where));
}

std::string PandaDialect::location(const Call& call, const std::string& token) const {
  return upload_location(call, settings_, token);
}

}  // namespace sluice::protocol
