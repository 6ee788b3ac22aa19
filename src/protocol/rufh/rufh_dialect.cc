// SPDX-License-Identifier: MIT
#include "protocol/rufh/rufh_dialect.h"

#include <array>
#include <utility>

#include "base/checked.h"
#include "base/encoding.h"
#include "base/told.h"
#include "http/head_parser.h"
#include "protocol/content_digest.h"
#include "protocol/media_type.h"
#include "protocol/rufh/progress_source.h"
#include "protocol/rufh/rufh_answer.h"
#include "protocol/upload_answer.h"

namespace sluice::protocol::rufh {

using http::Method;
using runtime::Task;

namespace {

// Only an append says where it belongs. Drafts refuse them at other requests, so that no client
// takes one for the other.
Result<> expect_no_state(const http::Headers& headers) {
  constexpr std::array<const char*, 3> names{"Upload-Offset", "Upload-Complete",
                                             "Upload-Incomplete"};
  for (const char* const name : names) {
    if (headers.find(name)) {
      return fail(Errc::bad_request, std::string(name) + ": expected none with this method");
    }
  }
  return {};
}

std::unexpected<Error> no_parts() {
  return fail(Errc::bad_request,
              "this upload takes files in parts: expected X-Part and no words of this draft");
}

// The file is complete, has no bytes, and the backend has not taken it.
bool is_empty_and_open(const upload::Snapshot& snapshot) {
  return snapshot.file_size == 0U && snapshot.state != model::UploadState::receiving &&
         !is_taken(snapshot);
}

}  // namespace

Method RufhDialect::method_of(const http::Request& request) const {
  const auto meant = request.headers.find("X-HTTP-Method-Override");
  return meant ? http::method_named(trimmed(*meant)) : request.method;
}

bool RufhDialect::has(Method method) const noexcept {
  return method == Method::get || method == Method::patch || method == Method::delete_;
}

http::Response RufhDialect::render(const Error& error) const {
  if (error.code() == Errc::size_mismatch) {
    return length_problem(told(error));
  }
  // Clients do not come again after a 408.
  http::Response response = http::error_response(
      error.code() == Errc::idle_timeout ? Error(Errc::overloaded, error.message()) : error);
  if (error.code() == Errc::not_authorized) {
    response.headers.set("WWW-Authenticate", "Bearer");
  }
  return response;
}

void RufhDialect::add_options(http::Headers& headers) const {
  headers.set("Accept-Patch", partial_upload_type);
  headers.set("Upload-Limit",
              upload_limit(*find_version(settings_.rufh_newest, settings_.rufh_newest),
                           settings_.file_size_max, std::nullopt));
}

void RufhDialect::add_limit(http::Headers& headers, const RufhFields& fields,
                            std::uint64_t file_size_max, const upload::Snapshot* snapshot) const {
  if (fields.rules->lifetime_key == nullptr) {
    return;
  }
  const std::optional<Duration> life =
      snapshot != nullptr ? std::optional(snapshot->expires_at - access_.now()) : std::nullopt;
  headers.set("Upload-Limit", upload_limit(*fields.rules, file_size_max, life));
}

Task<Answer> RufhDialect::handle(Call& call) {
  RufhFields fields = parse_version(call.request.headers, settings_.rufh_newest);
  if (fields.is_foreign()) {
    return answered(fail(Errc::bad_request, "Upload-Draft-Interop-Version: expected " +
                                                std::to_string(rufh_oldest) + " to " +
                                                std::to_string(settings_.rufh_newest)));
  }
  add_version(call.headers, fields);
  if (call.method == Method::patch) {
    add_completeness(call.headers, *fields.rules, false);
  }
  Result<> sound = parse_state(call.request.headers, fields);
  if (sound && call.method != Method::patch) {
    sound = expect_no_state(call.request.headers);
  }
  if (!sound) {
    return answered(fail(sound.error()));
  }
  switch (call.method) {
    case Method::patch:
      return receive(call, fields);
    case Method::delete_:
      return cancel(call);
    default:
      return tell_offset(call, fields);
  }
}

Task<Answer> RufhDialect::tell_offset(Call& call, RufhFields fields) {
  Appended snapshot = co_await engine_.status(call.capture);
  if (snapshot && call.method == Method::head) {
    snapshot = co_await end_older_requests(call, *std::move(snapshot));
  }
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  call.upload_id = (*snapshot)->id;
  if ((*snapshot)->layout) {
    co_return no_parts();
  }
  if (call.method == Method::head && is_empty_and_open(**snapshot) &&
      fields.rules->empty_creation_is_whole) {
    co_return co_await outcome_of_empty(call, fields, **snapshot);
  }
  http::Response response;
  response.status = 204;
  if (call.method == Method::get) {
    response = description_answer(**snapshot);
  }
  add_offset(response.headers, **snapshot);
  add_completeness(response.headers, *fields.rules, is_taken(**snapshot));
  add_limit(response.headers, fields, settings_.file_size_max, snapshot->get());
  if ((*snapshot)->file_size) {
    response.headers.set("Upload-Length", std::to_string(*(*snapshot)->file_size));
  }
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

// Clients take the offset for success, and there is no byte to withhold.
Task<Answer> RufhDialect::outcome_of_empty(Call& call, const RufhFields& fields,
                                           const upload::Snapshot& snapshot) {
  if (snapshot.answer) {
    return final_answer(call, fields, snapshot);
  }
  return answered(
      fail(is_ended_badly(snapshot)
               ? failure_of(snapshot)
               : Error(Errc::delivery_pending, "the backend has not answered yet: ask again")));
}

// A piece of no bytes takes over the rest of the file. It would complete one of which nothing is
// missing.
Task<RufhDialect::Appended> RufhDialect::end_older_requests(Call& call,
                                                            upload::SnapshotPtr snapshot) {
  if (snapshot->state != model::UploadState::receiving || snapshot->layout || is_whole(*snapshot)) {
    co_return snapshot;
  }
  const upload::Range rest{snapshot->acknowledged};
  snapshot.reset();
  (void)co_await engine_.append(call.capture, rest, call.body);
  co_return co_await engine_.peek(call.capture);
}

Result<RufhDialect::Chunk> RufhDialect::parse_chunk(Call& call, const RufhFields& fields) {
  const std::string_view type = call.request.headers.find("Content-Type").value_or("");
  if (fields.rules->append_needs_media_type && media_type(type) != partial_upload_type) {
    call.headers.set("Accept-Patch", partial_upload_type);
    return fail(Errc::unsupported_media_type, std::string("Content-Type: expected ") +
                                                  partial_upload_type + ", got " + in_quotes(type));
  }
  if (!fields.offset) {
    return fail(Errc::bad_request,
                "Upload-Offset is missing: expected the offset of the body's first byte");
  }
  if (!fields.is_complete && fields.rules->append_needs_completeness) {
    return fail(Errc::bad_request,
                "Upload-Complete is missing: expected ?1 with the last bytes of the file, else ?0");
  }
  Chunk chunk{.offset = *fields.offset,
              .size = content_length_of(call.request),
              .ends_file = fields.is_complete.value_or(true)};
  if (const Result<> fits = check_fits(chunk, fields.length); !fits) {
    return fail(fits.error());
  }
  Result<std::vector<ExpectedDigest>> digests =
      expected_digests(call.request.headers, chunk.offset == 0 && chunk.ends_file);
  if (!digests) {
    return fail(digests.error());
  }
  chunk.digests = *std::move(digests);
  return chunk;
}

Task<Answer> RufhDialect::receive(Call& call, RufhFields fields) {
  const Result<Chunk> chunk = parse_chunk(call, fields);
  if (!chunk) {
    co_return fail(chunk.error());
  }
  {
    Appended before = co_await engine_.peek(call.capture);
    if (before && fields.length && before->get()->stored.prefix() == chunk->offset) {
      before = co_await engine_.declare_size(call.capture, *fields.length);
    }
    if (!before) {
      co_return fail(before.error());
    }
    call.upload_id = (*before)->id;
    add_limit(call.headers, fields, settings_.file_size_max, before->get());
    if ((*before)->layout) {
      co_return no_parts();
    }
    if (is_whole(**before)) {
      co_return co_await receive_at_end(call, fields, **before, *chunk);
    }
    if (const Result<> fits = check_fits(*chunk, (*before)->file_size); !fits) {
      co_return chunk->offset == (*before)->stored.prefix()
          ? Answer(fail(fits.error()))
          : offset_mismatch(call, *chunk, **before);
    }
  }
  Appended appended = co_await append(call, fields, call.capture, *chunk);
  co_return co_await conclude(call, fields, *chunk, std::move(appended));
}

upload::Piece RufhDialect::piece_of(const Chunk& chunk, bool is_checked) {
  if (chunk.ends_file) {
    return upload::UpToEnd{.offset = chunk.offset, .is_checked = is_checked};
  }
  return upload::ContinuesAt{
      .offset = chunk.offset, .counts_whole = false, .is_checked = is_checked};
}

Task<RufhDialect::Appended> RufhDialect::append(Call& call, const RufhFields& fields,
                                                const std::string& token, const Chunk& chunk) {
  if (!fields.is_spoken || !fields.rules->hears_progress) {
    co_return co_await append_checked(token, chunk, call.body);
  }
  ProgressSource body(call.body, call.exchange, engine_, token, fields, chunk.offset, pause_);
  co_return co_await append_checked(token, chunk, body);
}

Task<RufhDialect::Appended> RufhDialect::append_checked(const std::string& token,
                                                        const Chunk& chunk,
                                                        runtime::ByteSource& body) {
  if (chunk.digests.empty()) {
    return engine_.append(token, piece_of(chunk, false), body);
  }
  return append_with_digests(token, chunk, body);
}

Task<RufhDialect::Appended> RufhDialect::append_with_digests(const std::string& token,
                                                             const Chunk& chunk,
                                                             runtime::ByteSource& body) {
  DigestSource checked(body, chunk.digests);
  co_return co_await engine_.append(token, piece_of(chunk, true), checked);
}

Task<Answer> RufhDialect::receive_at_end(Call& call, const RufhFields& fields,
                                         const upload::Snapshot& snapshot, const Chunk& chunk) {
  const std::uint64_t size = snapshot.file_size.value_or(0);
  const bool asks = chunk.offset == size || saturating_add(chunk.offset, 1) == size;
  if (!asks && fields.rules->has_completed_problem && snapshot.answer) {
    co_return completed_problem();
  }
  if (!asks) {
    co_return offset_mismatch(call, chunk, snapshot);
  }
  if (const Result<> fits = check_fits(chunk, snapshot.file_size); !fits) {
    co_return fail(fits.error());
  }
  const upload::Range rest{chunk.offset, size};
  Appended appended = co_await engine_.append(call.capture, rest, call.body);
  const Chunk unchecked{.offset = chunk.offset, .size = chunk.size, .ends_file = true};
  co_return co_await conclude(call, fields, unchecked, std::move(appended));
}

Task<Answer> RufhDialect::conclude(Call& call, const RufhFields& fields, const Chunk& chunk,
                                   Appended appended) {
  if (!appended) {
    const Error& error = appended.error();
    Appended now = co_await engine_.peek(call.capture);
    if (!now) {
      co_return fail(error);
    }
    add_offset(call.headers, **now);
    if (error.code() == Errc::offset_mismatch) {
      co_return offset_mismatch(call, chunk, **now);
    }
    // The bytes do not fit into the file that was announced: which of both is wrong cannot be told,
    // and nothing good can come of it.
    const bool is_beyond =
        error.code() == Errc::size_mismatch || error.code() == Errc::file_too_large;
    if (is_beyond && is_whole(**now)) {
      (void)co_await engine_.abort(call.capture);
      co_return fail(Errc::size_mismatch, error.message());
    }
    co_return fail(error);
  }
  const upload::Snapshot& snapshot = **appended;
  // Others may have brought the file to its end meanwhile.
  if (snapshot.answer && !check_fits({chunk.offset, chunk.size, true}, snapshot.file_size)) {
    co_return offset_mismatch(call, chunk, snapshot);
  }
  if (snapshot.answer) {
    co_return co_await final_answer(call, fields, snapshot);
  }
  add_offset(call.headers, snapshot);
  if (is_ended_badly(snapshot)) {
    co_return fail(failure_of(snapshot));
  }
  http::Response response;
  response.status = fields.rules->append_status;
  co_return response;
}

Task<Answer> RufhDialect::final_answer(Call& call, const RufhFields& fields,
                                       const upload::Snapshot& snapshot) {
  Result<http::Response> response =
      co_await with_whole_body(engine_, snapshot, protocol::final_answer(*snapshot.answer));
  if (response) {
    add_completeness(call.headers, *fields.rules, true);
    if (is_taken(snapshot)) {
      add_offset(call.headers, snapshot);
    }
  }
  co_return response;
}

Task<Answer> RufhDialect::cancel(Call& call) {
  const Result<> aborted = co_await engine_.abort(call.capture);
  if (!aborted) {
    co_return fail(aborted.error());
  }
  http::Response response;
  response.status = 204;
  co_return response;
}

Answer RufhDialect::offset_mismatch(Call& call, const Chunk& chunk,
                                    const upload::Snapshot& snapshot) {
  add_offset(call.headers, snapshot);
  return offset_problem(told_offset(snapshot), chunk.offset);
}

Result<> RufhDialect::check_fits(const Chunk& chunk, std::optional<std::uint64_t> file_size) {
  if (!file_size || !chunk.size) {
    return {};
  }
  const std::uint64_t end = saturating_add(chunk.offset, *chunk.size);
  if (chunk.ends_file ? end == *file_size : end <= *file_size) {
    return {};
  }
  return fail(Errc::size_mismatch, "the file has " + std::to_string(*file_size) +
                                       " bytes, with this body it would have " +
                                       std::to_string(end) + (chunk.ends_file ? "" : " or more"));
}

}  // namespace sluice::protocol::rufh
