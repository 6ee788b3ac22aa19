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
  co_return co_await begin(call, std::get<upload::Snapshot>(*opened), *request);
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
  const Appended appended = is_empty ? co_await complete_empty(call, created.token)
                                     : co_await append(call, created.token, *request.first_chunk);
  if (!appended && info(appended.error().code()).http_status < 500) {
    (void)co_await engine_.abort(created.token);
    co_return fail(appended.error());
  }
  if (!appended && is_empty) {
    call.headers.set("Location", location);
    co_return fail(appended.error());
  }
  const Result<upload::Snapshot> now =
      appended ? Result<upload::Snapshot>(**appended) : co_await engine_.peek(created.token);
  if (!now) {
    co_return fail(now.error());
  }
  if (is_refused(*now) || (is_empty && !now->answer)) {
    call.headers.set("Location", location);
    co_return co_await final_answer(*now);
  }
  add_progress(response.headers, *now);
  co_return response;
}

}  // namespace sluice::protocol::tus
