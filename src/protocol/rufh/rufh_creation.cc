// SPDX-License-Identifier: MIT
#include <memory>
#include <string>
#include <utility>

#include "protocol/rufh/rufh_answer.h"
#include "protocol/rufh/rufh_dialect.h"
#include "protocol/upload_answer.h"
#include "protocol/upload_location.h"

namespace sluice::protocol::rufh {

using http::Method;
using runtime::Task;

bool RufhDialect::opens_with(Method method) const noexcept {
  return method == Method::post || method == Method::put || method == Method::patch;
}

// While the bytes come, nothing stays in memory of what it took to admit them.
Task<Answer> RufhDialect::open(Call& call) {
  Admitted admitted = co_await admit(call);
  if (!admitted) {
    co_return std::move(admitted.error());
  }
  co_return co_await begin(call, **admitted);
}

Task<RufhDialect::Admitted> RufhDialect::admit(Call& call) {
  RufhFields fields = parse_version(call.request.headers, settings_.rufh_newest);
  if (const Result<> sound = parse_state(call.request.headers, fields); !sound) {
    co_return std::unexpected<Answer>(fail(sound.error()));
  }
  Result<Parameters> query = Parameters::from_query(call.request);
  if (!query) {
    co_return std::unexpected<Answer>(fail(query.error()));
  }
  const Result<auth::Grant> grant = access_.judge(call, *query, auth::Window::usual);
  if (!grant) {
    co_return std::unexpected<Answer>(fail(grant.error()));
  }
  const std::uint64_t most = access_.file_size_max(*grant);
  if (fields.is_complete && !fields.is_foreign()) {
    add_version(call.headers, fields);
    add_completeness(call.headers, *fields.rules, false);
    add_limit(call.headers, fields, most, nullptr);
  }
  Result<CreationRequest> request = parse_creation(call.request, *query, fields, most);
  if (!request) {
    co_return std::unexpected<Answer>(fail(request.error()));
  }
  Opened opened = co_await opener_.open(call, *grant, std::move(request->upload));
  if (!opened) {
    co_return std::unexpected(std::move(opened.error()));
  }
  co_return std::make_unique<Creation>(Creation{.fields = fields,
                                                .is_plain = request->is_plain,
                                                .chunk = {.offset = 0,
                                                          .size = content_length_of(call.request),
                                                          .ends_file = request->ends_file,
                                                          .digests = std::move(request->digests)},
                                                .file_size_max = most,
                                                .upload = *std::move(opened)});
}

// The client hears of the location before its bytes are read, so that it can go on there when they
// break off.
Task<Answer> RufhDialect::begin(Call& call, const Creation& creation) {
  const RufhFields& fields = creation.fields;
  const std::string location = upload_location(call, settings_, creation.upload->token);
  const bool brings_bytes = creation.chunk.size != 0U;
  if (!creation.is_plain) {
    add_limit(call.headers, fields, creation.file_size_max, creation.upload.get());
  }
  if (!creation.is_plain && fields.is_spoken && brings_bytes) {
    http::Interim interim;
    interim.status = 104;
    add_version(interim.headers, fields);
    interim.headers.set("Location", location);
    add_limit(interim.headers, fields, creation.file_size_max, creation.upload.get());
    (void)co_await call.exchange.inform(std::move(interim));
  }
  if (!brings_bytes && !creation.chunk.ends_file) {
    co_return begun(call, location, *creation.upload);
  }
  const Appended appended = co_await append(call, fields, creation.upload->token, creation.chunk);
  if (!appended) {
    co_return co_await not_begun(call, creation, location, appended.error());
  }
  const upload::Snapshot& now = **appended;
  if (!now.answer) {
    co_return begun(call, location, now);
  }
  if (creation.is_plain) {
    co_return co_await with_whole_body(engine_, now, protocol::final_answer(*now.answer));
  }
  Answer answer = co_await final_answer(call, fields, now);
  if (answer && fields.rules->final_answer_has_location) {
    answer->headers.set("Location", location);
  }
  co_return answer;
}

Answer RufhDialect::begun(Call& call, const std::string& location,
                          const upload::Snapshot& snapshot) {
  call.headers.set("Location", location);
  add_offset(call.headers, snapshot);
  if (snapshot.state == model::UploadState::failed) {
    return fail(failure_of(snapshot));
  }
  http::Response response;
  response.status = 201;
  return response;
}

// Nothing remains of a file that is the client's own mistake, or that its client cannot go on with.
Task<Answer> RufhDialect::not_begun(Call& call, const Creation& creation,
                                    const std::string& location, Error error) {
  const Appended now = co_await engine_.peek(creation.upload->token);
  if (!now) {
    co_return fail(std::move(error));
  }
  const bool is_mistake =
      info(error.code()).http_status < 500 && error.code() != Errc::idle_timeout;
  if ((*now)->state == model::UploadState::receiving &&
      (creation.is_plain || (is_mistake && error.code() != Errc::digest_mismatch))) {
    (void)co_await engine_.abort(creation.upload->token);
  } else {
    call.headers.set("Location", location);
    add_offset(call.headers, **now);
  }
  co_return fail(std::move(error));
}

}  // namespace sluice::protocol::rufh
