// SPDX-License-Identifier: MIT
#include <string>
#include <utility>
#include <variant>

#include "protocol/tus/tus_answer.h"
#include "protocol/tus/tus_dialect.h"
#include "protocol/upload_location.h"

namespace sluice::protocol::tus {

using runtime::Task;

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
  Result<Opened> opened = co_await opener_.open(call, *grant, std::move(request->upload));
  if (!opened) {
    co_return fail(opened.error());
  }
  if (auto* const refusal = std::get_if<http::Response>(&*opened)) {
    co_return std::move(*refusal);
  }
  co_return co_await begin(call, *std::get<upload::SnapshotPtr>(*opened), *request);
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
  const bool is_empty = created.file_size == 0;
  if (!is_empty && !request.first_chunk) {
    add_progress(response.headers, created);
    co_return response;
  }
  Found now = is_empty ? co_await complete_empty(call, created.token)
                       : co_await append(call, created.token, *request.first_chunk);
  if (!now && info(now.error().code()).http_status < 500) {
    (void)co_await engine_.abort(created.token);
    const bool is_wrong =
        request.first_chunk && is_wrong_checksum(*request.first_chunk, now.error());
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
  if (is_refused(snapshot) || (is_empty && !snapshot.answer)) {
    call.headers.set("Location", location);
    co_return co_await final_answer(snapshot);
  }
  add_progress(response.headers, snapshot);
  co_return response;
}

}  // namespace sluice::protocol::tus
