// SPDX-License-Identifier: MIT
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/checked.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "protocol/tus/tus_answer.h"
#include "protocol/tus/tus_dialect.h"
#include "protocol/upload_answer.h"
#include "protocol/upload_location.h"

namespace sluice::protocol::tus {

using runtime::Task;

namespace {

// Two lists have it in common only when they are equal.
std::string final_token(const std::string& owner, const std::vector<std::string>& partials) {
  std::string text = "concatenation\n" + owner;
  for (const std::string& token : partials) {
    text += "\n" + token;  // Of one size, without line ends.
  }
  return to_base64url(sha256(text));
}

}  // namespace

Task<Answer> TusDialect::create(Call& call) {
  Result<Parameters> query = Parameters::from_query(call.request);
  if (!query) {
    co_return fail(query.error());
  }
  const Result<auth::Grant> grant = access_.judge(call, *query, auth::Window::usual);
  if (!grant) {
    co_return fail(grant.error());
  }
  Result<CreationRequest> request = parse_creation(call.request, *query, *grant);
  if (!request) {
    co_return fail(request.error());
  }
  if (!request->partials.empty()) {
    co_return co_await create_final(call, *grant, *std::move(request));
  }
  Opened opened = co_await opener_.open(call, *grant, std::move(request->upload));
  if (!opened) {
    co_return std::move(opened.error());
  }
  co_return co_await begin(call, **opened, *request);
}

// A file of no bytes is complete with its creation, so its creation is what may not be a false
// success. Of another file the location is worth more than the trouble of its first chunk: the
// client goes on there. Nothing remains of a file whose first chunk is the client's own mistake.
Task<Answer> TusDialect::begin(Call& call, const upload::Snapshot& created,
                               const CreationRequest& request) {
  http::Response response;
  response.status = 201;
  const std::string location = upload_location(call, settings_, created.token);
  response.headers.set("Location", location);
  const bool is_empty = created.file_size == 0 && !created.is_partial;
  if (!is_empty && !request.first_chunk) {
    add_progress(response.headers, created);
    co_return response;
  }
  Found now = is_empty ? co_await complete_empty(call, created.token)
                       : co_await append(call, created.token, *request.first_chunk);
  if (!now && info(now.error().code()).http_status < 500) {
    (void)co_await engine_.abort(created.token);
    const bool is_wrong = now.error().code() == Errc::digest_mismatch;
    co_return is_wrong ? Answer(checksum_answer()) : fail(now.error());
  }
  if (!now && !is_empty) {
    now = co_await engine_.peek(created.token);
  }
  if (!now) {
    call.headers.set("Location", location);
    co_return fail(now.error());
  }
  const upload::Snapshot& snapshot = **now;
  if ((snapshot.answer && !is_taken(snapshot)) || (is_empty && !snapshot.answer)) {
    call.headers.set("Location", location);
    co_return co_await final_answer(snapshot);
  }
  add_progress(response.headers, snapshot);
  co_return response;
}

Task<Result<TusDialect::Together>> TusDialect::together(Call& call,
                                                        const std::vector<std::string>& partials) {
  Together all{.size = 0, .are_complete = true};
  for (const std::string& token : partials) {
    const Found partial = co_await engine_.peek(token);
    if (!partial) {
      co_return fail(partial.error());
    }
    const upload::Snapshot& snapshot = **partial;
    if (!snapshot.is_partial) {
      call.upload_id = snapshot.id;
      co_return fail(Errc::bad_request, "Upload-Concat: expected partial uploads, upload " +
                                            std::to_string(snapshot.id) + " is none");
    }
    all.are_complete = all.are_complete && is_whole(snapshot);
    all.size = all.size && snapshot.file_size
                   ? std::optional(saturating_add(*all.size, *snapshot.file_size))
                   : std::nullopt;
  }
  co_return all;
}

// The server makes the file by itself; the answer to a client that has sent all bytes waits for it,
// so that 201 is no false success. An equal list of an owner's is the same file: clients repeat the
// request when its answer was lost or was long in coming. A client that knows the tokens may make a
// file of the uploads, so the new token is as good as theirs.
Task<Answer> TusDialect::create_final(Call& call, const auth::Grant& grant,
                                      CreationRequest request) {
  const Result<Together> all = co_await together(call, request.partials);
  if (!all) {
    co_return fail(all.error());
  }
  const std::string token = final_token(grant.owner(), request.partials);
  const Found known = co_await engine_.peek(token);
  if (!known && known.error().code() != Errc::not_found) {
    co_return fail(known.error());
  }
  if (!known) {
    request.upload.file_size = all->size;
    request.upload.partials = std::move(request.partials);
    request.upload.token = token;
    Opened opened = co_await opener_.open(call, grant, std::move(request.upload));
    if (!opened && !is_conflict(opened.error())) {
      co_return std::move(opened.error());
    }
  }
  call.headers.set("Location", upload_location(call, settings_, token));
  const Found made =
      all->are_complete ? co_await engine_.wait_for_made(token) : co_await engine_.peek(token);
  if (!made) {
    co_return fail(made.error());
  }
  const upload::Snapshot& snapshot = **made;
  call.upload_id = snapshot.id;
  if (is_ended_badly(snapshot)) {
    co_return co_await final_answer(snapshot);
  }
  http::Response response;
  response.status = 201;
  add_standing(response.headers, snapshot);
  co_return response;
}

}  // namespace sluice::protocol::tus
