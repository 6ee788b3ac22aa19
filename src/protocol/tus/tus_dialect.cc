// SPDX-License-Identifier: MIT
#include "protocol/tus/tus_dialect.h"

#include <string>
#include <utility>

#include "base/checked.h"
#include "base/encoding.h"
#include "protocol/download.h"
#include "protocol/tus/kept_words.h"
#include "protocol/tus/tus_answer.h"
#include "protocol/tus/tus_fields.h"
#include "protocol/tus/upload_checksum.h"
#include "protocol/upload_answer.h"
#include "protocol/upload_location.h"

namespace sluice::protocol::tus {

using http::Method;
using runtime::Task;

namespace {

// tus does not go on where versions differ: nothing of the request is processed.
std::optional<http::Response> refuse_version(const http::Request& request) {
  const std::string_view asked = trimmed(request.headers.find("Tus-Resumable").value_or(""));
  if (asked == version) {
    return std::nullopt;
  }
  http::Response response = plain_answer(
      412, std::string("Tus-Resumable: expected ") + version + ", got " + in_quotes(asked));
  response.headers.set("Tus-Version", version);
  return response;
}

// Of a HEAD. Clients take all other statuses for the end of the upload, and begin a new one.
Answer to_come_again(Answer answer) {
  const bool is_transient = !answer && error_answer(answer.error()).status >= 500;
  return is_transient ? Answer(plain_answer(423, "the offset cannot be told now: ask again"))
                      : std::move(answer);
}

bool asks_for_json(const http::Request& request) {
  return to_lower(request.headers.find("Accept").value_or("")).contains("application/json");
}

std::unexpected<Error> no_parts() {
  return fail(Errc::bad_request,
              "this upload takes files in parts: expected X-Part and no words of tus");
}

// A chunk that is not stored tells nothing either.
bool may_declare_size(const upload::Snapshot& snapshot, const ChunkRequest& chunk) {
  return chunk.file_size && !snapshot.file_size && chunk.offset == snapshot.stored.prefix() &&
         check_fits(chunk, chunk.file_size);
}

// Whether it can have chunks of this client at all.
Result<> check_upload(const upload::Snapshot& snapshot, const ChunkRequest& chunk) {
  if (snapshot.layout) {
    return no_parts();
  }
  if (KeptWords::parse(snapshot.words).is_final()) {
    return fail(Errc::forbidden,
                "this upload has the bytes of partial uploads: none can be sent to it");
  }
  if (chunk.file_size && snapshot.file_size && *chunk.file_size != *snapshot.file_size) {
    return fail(Errc::bad_request, "Upload-Length: the file has " +
                                       std::to_string(*snapshot.file_size) + " bytes, got " +
                                       std::to_string(*chunk.file_size));
  }
  return {};
}

// Of an upload that is not whole. False: it is another offset.
Result<bool> check_place(const upload::Snapshot& snapshot, const ChunkRequest& chunk) {
  const bool is_here = chunk.offset == snapshot.stored.prefix();
  for (const std::optional<std::uint64_t> size : {snapshot.file_size, chunk.file_size}) {
    const Result<> fits = check_fits(chunk, size);
    if (!fits && is_here) {
      return fail(fits.error());
    }
    if (!fits || (size && chunk.offset > *size)) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool TusDialect::recognises(const http::Request& request) const {
  return request.headers.find("Tus-Resumable").has_value();
}

Method TusDialect::method_of(const http::Request& request) const {
  return meant_method(request);
}

bool TusDialect::has(Method method) const noexcept {
  return method == Method::get || method == Method::patch || method == Method::delete_;
}

bool TusDialect::opens_with(Method method) const noexcept {
  return method == Method::post;
}

http::Response TusDialect::render(const Error& error) const {
  return error_answer(error);
}

void TusDialect::add_options(http::Headers& headers) const {
  headers.set("Tus-Resumable", version);
  headers.set("Tus-Version", version);
  headers.set("Tus-Extension",
              "creation,creation-with-upload,creation-defer-length,expiration,termination,checksum,"
              "checksum-trailer,"
              "concatenation,concatenation-unfinished");
  headers.set("Tus-Checksum-Algorithm", checksum_algorithms);
  headers.set("Tus-Max-Size", std::to_string(settings_.file_size_max));
}

Task<Answer> TusDialect::open(Call& call) {
  call.headers.set("Tus-Resumable", version);
  if (std::optional<http::Response> refused = refuse_version(call.request)) {
    return answered(*std::move(refused));
  }
  return create(call);
}

// A GET is no request of tus: people and scripts ask so.
Task<Answer> TusDialect::handle(Call& call) {
  call.headers.set("Tus-Resumable", version);
  if (call.method == Method::get) {
    return describe(call);
  }
  if (std::optional<http::Response> refused = refuse_version(call.request)) {
    return answered(*std::move(refused));
  }
  switch (call.method) {
    case Method::patch:
      return receive(call);
    case Method::delete_:
      return terminate(call);
    default:
      return tell_offset(call);
  }
}

Task<Answer> TusDialect::tell_offset(Call& call) {
  Found found = co_await engine_.status(call.capture);
  if (found && (*found)->file_size == 0 && !is_decided(**found) && !(*found)->is_partial &&
      !KeptWords::parse((*found)->words).is_final()) {
    // The process may have ended between its creation and its end, and no chunk will come.
    found = co_await complete_empty(call, call.capture);
  }
  if (!found) {
    co_return to_come_again(co_await refuse(call, found.error()));
  }
  const upload::Snapshot& snapshot = **found;
  call.upload_id = snapshot.id;
  if (snapshot.layout) {
    co_return no_parts();
  }
  if (is_ended_badly(snapshot) && snapshot.file_size == 0) {
    co_return to_come_again(co_await final_answer(snapshot));
  }
  http::Response response;
  add_standing(response.headers, snapshot);
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Task<Answer> TusDialect::receive(Call& call) {
  const Result<ChunkRequest> chunk = parse_chunk(call.request);
  if (!chunk) {
    co_return fail(chunk.error());
  }
  if (std::optional<Answer> known = co_await answer_without_append(call, *chunk)) {
    co_return *std::move(known);
  }
  Found appended = co_await append(call, call.capture, *chunk);
  co_return co_await conclude(call, *chunk, std::move(appended));
}

Task<std::optional<Answer>> TusDialect::answer_without_append(Call& call,
                                                              const ChunkRequest& chunk) {
  Found before = co_await engine_.peek(call.capture);
  const Result<> allowed = before ? check_upload(**before, chunk) : Result<>();
  if (before && allowed && may_declare_size(**before, chunk)) {
    before = co_await engine_.declare_size(call.capture, *chunk.file_size);
  }
  if (!before) {
    co_return co_await refuse(call, before.error());
  }
  call.upload_id = (*before)->id;
  if (!allowed) {
    co_return fail(allowed.error());
  }
  if (is_whole(**before)) {
    co_return co_await receive_at_end(call, **before, chunk);
  }
  const Result<bool> fits = check_place(**before, chunk);
  if (!fits) {
    co_return fail(fits.error());
  }
  if (!*fits) {
    co_return co_await offset_mismatch(call, chunk);
  }
  co_return std::nullopt;
}

Task<TusDialect::Found> TusDialect::append(Call& call, const std::string& token,
                                           const ChunkRequest& chunk) {
  return chunk.is_checked() ? append_checked(call, token, chunk)
                            : engine_.append(token, upload::ContinuesAt{chunk.offset}, call.body);
}

Task<TusDialect::Found> TusDialect::append_checked(Call& call, const std::string& token,
                                                   const ChunkRequest& chunk) {
  const auto from_trailer = [&call]() -> Result<std::vector<ExpectedDigest>> {
    const Result<ExpectedDigest> digest =
        parse_upload_checksum(call.exchange.trailer("Upload-Checksum").value_or(""));
    return digest ? Result<std::vector<ExpectedDigest>>({*digest}) : fail(digest.error());
  };
  DigestSource body = chunk.checksum ? DigestSource(call.body, std::vector{*chunk.checksum})
                                     : DigestSource(call.body, known_algorithms(), from_trailer);
  co_return co_await engine_.append(token, upload::ContinuesAt{chunk.offset, true}, body);
}

Task<Answer> TusDialect::receive_at_end(Call& call, const upload::Snapshot& snapshot,
                                        const ChunkRequest& chunk) {
  const std::uint64_t size = snapshot.file_size.value_or(0);
  const bool asks = chunk.offset == size ||
                    (!snapshot.is_partial && chunk.offset == saturating_subtract(size, 1));
  if (!asks) {
    co_return co_await offset_mismatch(call, chunk);
  }
  if (const Result<> fits = check_fits(chunk, size); !fits) {
    co_return fail(fits.error());
  }
  Found appended =
      co_await engine_.append(call.capture, upload::Range{chunk.offset, size}, call.body);
  co_return co_await conclude(call, {.offset = size, .size = 0, .file_size = {}, .checksum = {}},
                              std::move(appended));
}

Task<Answer> TusDialect::conclude(Call& call, const ChunkRequest& chunk, Found appended) {
  if (!appended && appended.error().code() == Errc::offset_mismatch) {
    co_return co_await offset_mismatch(call, chunk);
  }
  if (!appended && appended.error().code() == Errc::digest_mismatch) {
    co_return checksum_answer();
  }
  if (!appended) {
    co_return co_await refuse(call, appended.error());
  }
  const upload::Snapshot& snapshot = **appended;
  if (is_ended_badly(snapshot)) {
    co_return co_await final_answer(snapshot);
  }
  // Others have brought the file to its end meanwhile.
  if (chunk.size && snapshot.answer &&
      snapshot.file_size != saturating_add(chunk.offset, *chunk.size)) {
    co_return co_await offset_mismatch(call, chunk);
  }
  http::Response response;
  response.status = 204;
  add_progress(response.headers, snapshot);
  co_return response;
}

Task<Answer> TusDialect::final_answer(const upload::Snapshot& snapshot) {
  if (!snapshot.answer) {
    co_return fail(failure_of(snapshot));
  }
  co_return co_await with_whole_body(engine_, snapshot, protocol::final_answer(*snapshot.answer));
}

Task<Answer> TusDialect::offset_mismatch(Call& call, const ChunkRequest& chunk) {
  const Found snapshot = co_await engine_.peek(call.capture);
  if (!snapshot) {
    co_return co_await refuse(call, snapshot.error());
  }
  add_progress(call.headers, **snapshot);
  co_return fail(Errc::offset_mismatch, "Upload-Offset: expected " +
                                            std::to_string(told_offset(**snapshot)) + ", got " +
                                            std::to_string(chunk.offset));
}

Task<TusDialect::Found> TusDialect::complete_empty(Call& call, const std::string& token) {
  return engine_.append(token, upload::Range{0, 0, 0}, call.body);
}

Task<Answer> TusDialect::refuse(Call& call, Error error) {
  if (error.code() != Errc::not_found) {
    co_return fail(std::move(error));
  }
  const Result<upload::Label> label = co_await engine_.label_of(call.capture);
  if (!label) {
    co_return fail(std::move(error));
  }
  call.upload_id = label->id;
  co_return plain_answer(410, error.message());
}

Task<Answer> TusDialect::terminate(Call& call) {
  const Result<> aborted = co_await engine_.abort(call.capture);
  if (!aborted) {
    co_return co_await refuse(call, aborted.error());
  }
  http::Response response;
  response.status = 204;
  co_return response;
}

Task<Answer> TusDialect::describe(Call& call) {
  const Found snapshot = co_await engine_.status(call.capture);
  if (!snapshot) {
    co_return co_await refuse(call, snapshot.error());
  }
  call.upload_id = (*snapshot)->id;
  if (settings_.downloads == Downloads::capability && !asks_for_json(call.request)) {
    call.headers.set("Vary", "Accept");
    co_return co_await download(engine_, call.request, **snapshot);
  }
  co_return description_answer(**snapshot);
}

}  // namespace sluice::protocol::tus
