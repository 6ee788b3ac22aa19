// SPDX-License-Identifier: MIT
#include "protocol/panda/panda_dialect.h"

#include <array>
#include <utility>

#include "base/limits.h"
#include "protocol/content_digest.h"
#include "protocol/upload_answer.h"
#include "protocol/upload_location.h"

namespace sluice::protocol::panda {
namespace {

using runtime::Task;

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

// The first pattern that fits wins.
std::vector<Route> PandaDialect::routes() {
  using Kind = Route::Kind;
  using http::Method;
  const auto path = [](std::string_view pattern) { return PathPattern(pattern); };
  const auto api = [this](Task<Answer> (PandaApi::*handler)(Call&)) {
    return action_of(api_, handler);
  };
  const std::vector<Endpoint> session{{Method::post, action_of(sessions_, &PandaSessions::open)}};
  std::vector<Route> routes{
      {Kind::api, "session", path("/videos/upload.json"), session},
      {Kind::api, "session", path("/qc/v1.0/projects/{}/upload.json"), session},
      {Kind::api, "session", path("/tts/v1.0/projects/{}/upload.json"), session},
      {Kind::api,
       "videos",
       path("/videos.json"),
       {{Method::get, api(&PandaApi::list)},
        {Method::post, action_of(video_upload_, &VideoUpload::receive)}}},
      {Kind::api,
       "video",
       path("/videos/{}.json"),
       {{Method::get, api(&PandaApi::find)}, {Method::delete_, api(&PandaApi::remove)}}},
      {Kind::api,
       "video_metadata",
       path("/videos/{}/metadata.json"),
       {{Method::get, api(&PandaApi::metadata)}}},
      {Kind::api,
       "video_source",
       path("/videos/{}/source.json"),
       {{Method::delete_, api(&PandaApi::remove_source)}}},
      {Kind::api,
       "video_encodings",
       path("/videos/{}/encodings.json"),
       {{Method::get, api(&PandaApi::encodings)}}},
      {Kind::api,
       "encodings",
       path("/encodings.json"),
       {{Method::get, api(&PandaApi::all_encodings)}}},
      {Kind::api, "profiles", path("/profiles.json"), {{Method::get, api(&PandaApi::profiles)}}},
  };
  if (settings_.page_sessions) {
    routes.push_back({Kind::service,
                      "page_session",
                      path("/panda/authorize_upload"),
                      {{Method::post, action_of(sessions_, &PandaSessions::open_for_page)}}});
  }
  return routes;
}

bool PandaDialect::has(http::Method method) const noexcept {
  using http::Method;
  return method == Method::get || method == Method::put || method == Method::post ||
         method == Method::delete_;
}

http::Response PandaDialect::render(const Error& error) const {
  http::Response response = http::error_response(error);
  if (error.code() == Errc::not_authorized) {
    // RFC 9110 15.5.2: a 401 names a scheme. No browser knows this one, so none asks for a
    // password.
    response.headers.set("WWW-Authenticate", "Panda");
  }
  return response;
}

Task<Answer> PandaDialect::handle(Call& call) {
  switch (call.method) {
    case http::Method::put:
    case http::Method::post:
      return receive(call);
    case http::Method::delete_:
      return abort(call);
    default:
      return describe(call);
  }
}

Task<Answer> PandaDialect::receive(Call& call) {
  using Kind = LocationRequest::Kind;
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
      return append_form(call, *std::move(request));
    case Kind::piece:
    case Kind::whole_file:
      break;
  }
  Result<std::vector<ExpectedDigest>> digests =
      expected_digests(call.request.headers, request->kind == Kind::whole_file);
  if (!digests) {
    return answered(fail(digests.error()));
  }
  return digests->empty() ? append_bytes(call, *request, call.body)
                          : append_checked(call, *std::move(request), *std::move(digests));
}

Task<Answer> PandaDialect::append_bytes(Call& call, const LocationRequest& request,
                                        runtime::ByteSource& body) {
  const auto* const range = std::get_if<upload::Range>(&request.piece);
  return range != nullptr && !request.reads_range ? append_all(call, *range, body)
                                                  : append(call, request.piece, body);
}

Task<Answer> PandaDialect::append_checked(Call& call, LocationRequest request,
                                          std::vector<ExpectedDigest> digests) {
  std::visit([](auto& piece) { piece.is_checked = true; }, request.piece);
  DigestSource body(call.body, digests);
  co_return co_await append_bytes(call, request, body);
}

Task<Answer> PandaDialect::status(Call& call, std::optional<std::uint64_t> total) {
  if (call.request.framing == http::Framing::chunked) {
    const Result<> empty = co_await expect_empty(call.body);
    if (!empty) {
      co_return fail(empty.error());
    }
  }
  const Result<upload::SnapshotPtr> snapshot = co_await engine_.status(call.capture);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  call.upload_id = (*snapshot)->id;
  if ((*snapshot)->layout) {
    co_return co_await progress(call, **snapshot);
  }
  call.headers.set("Want-Content-Digest", wanted_digests);
  const std::optional<std::uint64_t> size = (*snapshot)->file_size;
  if (total && size && *total != *size) {
    co_return fail(Errc::bad_request, "Content-Range: expected the file_size of the session, " +
                                          std::to_string(*size) + ", got " +
                                          std::to_string(*total));
  }
  // "bytes */0": nothing is missing of an empty file, so the question is its last piece as well.
  if (total && size == 0U && (*snapshot)->state == model::UploadState::receiving) {
    co_return co_await append(call, upload::Range{0, 0, 0}, call.body);
  }
  co_return co_await progress(call, **snapshot);
}

Task<Answer> PandaDialect::complete_empty(Call& call) {
  const Result<upload::SnapshotPtr> snapshot = co_await engine_.status(call.capture);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  call.upload_id = (*snapshot)->id;
  const std::optional<std::uint64_t> size = (*snapshot)->file_size;
  // Of a file of unknown size it can only be a question.
  if (is_decided(**snapshot) || (*snapshot)->layout || !size) {
    co_return co_await progress(call, **snapshot);
  }
  if (*size > 0) {
    const std::string digits = std::to_string(*size);
    co_return fail(Errc::bad_request, "without a Content-Range the whole file is expected, " +
                                          digits + " bytes, got none; \"Content-Range: bytes */" +
                                          digits + "\" asks for the status");
  }
  co_return co_await append(call, upload::Range{0, 0, 0}, call.body);
}

Task<Answer> PandaDialect::append(Call& call, upload::Piece piece, runtime::ByteSource& body) {
  const Result<upload::SnapshotPtr> appended = co_await engine_.append(call.capture, piece, body);
  co_return co_await conclude(call, appended);
}

Task<Answer> PandaDialect::append_all(Call& call, upload::Range piece, runtime::ByteSource& body) {
  const Result<upload::SnapshotPtr> appended = co_await engine_.append(call.capture, piece, body);
  if (!appended || is_decided(**appended) || (*appended)->layout) {
    co_return co_await conclude(call, appended);
  }
  const upload::Snapshot& snapshot = **appended;
  if (snapshot.acknowledged >=
      upload::wanted_range(piece, snapshot.file_size.value_or(limits::file_size_max)).end) {
    co_return co_await progress(call, snapshot);
  }
  call.upload_id = snapshot.id;
  add_progress(call.headers, snapshot, upload_location(call, settings_, call.capture));
  co_return fail(Errc::offset_mismatch,
                 "this piece is not stored whole: expected the bytes from offset " +
                     std::to_string(snapshot.acknowledged) + " on");
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

Task<Answer> PandaDialect::append_form(Call& call, LocationRequest request) {
  const Result<upload::SnapshotPtr> before = co_await engine_.status(call.capture);
  if (!before) {
    co_return fail(before.error());
  }
  if (is_decided(**before) || (*before)->layout) {
    co_return co_await progress(call, **before);
  }
  call.upload_id = (*before)->id;
  MultipartFileSource file(call.body, std::move(request.boundary));
  // A form without a file must not cut off a request that brings one.
  const Result<> found = co_await file.wait_readable();
  if (!found) {
    co_return fail(found.error());
  }
  if (const auto* const range = std::get_if<upload::Range>(&request.piece)) {
    co_return co_await append_all(call, *range, file);
  }
  co_return co_await append_whole_form(call, file, (*before)->file_size);
}

Task<Answer> PandaDialect::append_whole_form(Call& call, MultipartFileSource& file,
                                             std::optional<std::uint64_t> file_size) {
  Answer answer = co_await append(call, upload::WholeFile(), file);
  if (answer || answer.error().code() != Errc::bad_request) {
    co_return answer;
  }
  // The engine stops at the first byte too many; the client is told both sizes.
  const Result<std::optional<std::uint64_t>> size = co_await file.measure();
  if (size && *size && file_size && **size != *file_size) {
    co_return fail(Errc::bad_request, "file_size is " + std::to_string(*file_size) +
                                          " bytes, the file in the form has " +
                                          std::to_string(**size));
  }
  co_return answer;
}

Task<Answer> PandaDialect::pending(Call& call, Error error) {
  const Result<upload::SnapshotPtr> snapshot = co_await engine_.status(call.capture);
  if (!snapshot) {
    co_return fail(std::move(error));
  }
  if (is_decided(**snapshot)) {
    co_return co_await progress(call, **snapshot);
  }
  call.upload_id = (*snapshot)->id;
  add_progress(call.headers, **snapshot, upload_location(call, settings_, call.capture));
  co_return fail(std::move(error));
}

Task<Answer> PandaDialect::describe(Call& call) {
  const Result<upload::SnapshotPtr> snapshot = co_await engine_.status(call.capture);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  call.upload_id = (*snapshot)->id;
  if ((*snapshot)->layout) {
    co_return co_await multichunk_.answer(call, **snapshot);
  }
  co_return description_answer(**snapshot);
}

Task<Answer> PandaDialect::abort(Call& call) {
  const Result<> aborted = co_await engine_.abort(call.capture);
  if (!aborted) {
    co_return fail(aborted.error());
  }
  co_return http::Response();
}

Task<Answer> PandaDialect::progress(Call& call, const upload::Snapshot& snapshot) {
  call.upload_id = snapshot.id;
  if (snapshot.layout) {
    co_return co_await multichunk_.answer(call, snapshot);
  }
  const std::string where = upload_location(call, settings_, call.capture);
  if (snapshot.state == model::UploadState::failed) {
    add_progress(call.headers, snapshot, where);
    co_return fail(failure_of(snapshot));
  }
  co_return co_await with_whole_body(engine_, snapshot, progress_answer(snapshot, where));
}

}  // namespace sluice::protocol::panda
