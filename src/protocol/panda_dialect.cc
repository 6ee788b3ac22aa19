// SPDX-License-Identifier: MIT
#include "protocol/panda_dialect.h"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "base/limits.h"
#include "protocol/form_upload.h"
#include "protocol/location_request.h"
#include "protocol/page_request.h"
#include "protocol/parameters.h"
#include "protocol/session_request.h"
#include "protocol/upload_answer.h"

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
  const Result<Parameters> parameters = co_await Parameters::read(call.request, call.body);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  const Result<upload::Snapshot> snapshot = co_await create(call, *parameters);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  boost::json::object document;
  document["id"] = snapshot->id;
  document["location"] = location(call, snapshot->token);
  co_return http::json_response(201, boost::json::serialize(document));
}

Task<Answer> PandaDialect::open_page_session(Call& call) {
  // Browsers let no page of another origin send this without permission; a form they would.
  if (!call.request.headers.find("X-Requested-With")) {
    co_return fail(Errc::bad_request, "expected X-Requested-With: scripts of this origin send it");
  }
  const Result<Parameters> form = co_await Parameters::read(call.request, call.body);
  if (!form) {
    co_return fail(form.error());
  }
  const Result<Parameters> parameters = parse_page_request(*form);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  const Result<upload::Snapshot> snapshot = co_await create(call, *parameters);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  boost::json::object document;
  document["upload_url"] = location(call, snapshot->token);
  co_return http::json_response(200, boost::json::serialize(document));
}

Task<Result<upload::Snapshot>> PandaDialect::create(Call& call, const Parameters& parameters) {
  Result<upload::NewUpload> request = parse_session_request(parameters, settings_.file_size_max);
  if (!request) {
    co_return fail(request.error());
  }
  if (settings_.base->url().empty() && call.request.headers.find("Host").value_or("").empty()) {
    co_return fail(Errc::bad_request,
                   "expected a Host header: the location of the upload is made of it");
  }
  request->origin = session_origin(call.request, call.client_address, settings_.kept_headers);
  Result<upload::Snapshot> snapshot = co_await engine_.create(*std::move(request));
  if (snapshot) {
    call.upload_id = snapshot->id;
  }
  co_return snapshot;
}

Task<Answer> PandaDialect::receive(Call& call) {
  using Kind = LocationRequest::Kind;
  if (!is_upload_token(call.capture)) {
    co_return no_such_upload();
  }
  Result<LocationRequest> request = parse_location_request(call.request);
  if (!request) {
    co_return fail(request.error());
  }
  switch (request->kind) {
    case Kind::piece:
    case Kind::whole_file:
      co_return co_await append(call, request->piece, call.body);
    case Kind::empty:
      co_return co_await complete_empty(call);
    case Kind::form:
      co_return co_await append_form(call, std::move(request->boundary));
    case Kind::status:
      break;
  }
  if (call.request.framing == http::Framing::chunked) {
    const Result<> empty = co_await expect_empty(call.body);
    if (!empty) {
      co_return fail(empty.error());
    }
  }
  co_return co_await status(call, request->total);
}

Task<Answer> PandaDialect::status(Call& call, std::optional<std::uint64_t> total) {
  const Result<upload::Snapshot> snapshot = co_await engine_.status(call.capture);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  call.upload_id = snapshot->id;
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
  if (is_decided(*snapshot)) {
    co_return co_await progress(call, *snapshot);
  }
  if (snapshot->file_size > 0) {
    const std::string size = std::to_string(snapshot->file_size);
    co_return fail(Errc::bad_request, "without a Content-Range the whole file is expected, " +
                                          size + " bytes, got none; \"Content-Range: bytes */" +
                                          size + "\" asks for the status");
  }
  upload::Piece nothing;
  nothing.end = 0;
  nothing.total = 0;
  co_return co_await append(call, nothing, call.body);
}

Task<Answer> PandaDialect::append(Call& call, upload::Piece piece, runtime::ByteSource& body) {
  const Result<upload::Snapshot> snapshot = co_await engine_.append(call.capture, piece, body);
  if (snapshot) {
    co_return co_await progress(call, *snapshot);
  }
  if (snapshot.error().code() == Errc::delivery_pending) {
    co_return co_await pending(call, snapshot.error());
  }
  co_return fail(snapshot.error());
}

Task<Answer> PandaDialect::append_form(Call& call, std::string boundary) {
  const Result<upload::Snapshot> before = co_await engine_.status(call.capture);
  if (!before) {
    co_return fail(before.error());
  }
  if (is_decided(*before)) {
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
  co_return description_answer(*snapshot);
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

Task<Answer> PandaDialect::progress(Call& call, upload::Snapshot snapshot) {
  call.upload_id = snapshot.id;
  const std::string where = location(call, call.capture);
  if (snapshot.state == journal::UploadState::failed) {
    add_progress(call.headers, snapshot, where);
    co_return fail(Errc::delivery_failed,
                   "all bytes are stored, but the backend did not take the "
                   "file, and is not asked again unless the operator "
                   "wants it: " +
                       snapshot.failure);
  }
  http::Response response = progress_answer(snapshot, where);
  if (snapshot.answer && snapshot.answer->spilled_bytes > 0) {
    auto body = co_await engine_.open_answer(snapshot.id, snapshot.answer->spilled_bytes);
    if (!body) {
      co_return fail(body.error());
    }
    response.source = std::move(*body);
  }
  co_return response;
}

std::string PandaDialect::location(const Call& call, const std::string& token) const {
  std::string base = settings_.base->url();
  if (base.empty()) {
    const std::string_view host = call.request.headers.find("Host").value_or("");
    if (!host.empty()) {
      base = "http://" + std::string(host);
    }
  }
  return base + "/uploads/" + token;
}

}  // namespace sluice::protocol
