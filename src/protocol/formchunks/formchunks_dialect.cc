// SPDX-License-Identifier: MIT
#include "protocol/formchunks/formchunks_dialect.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <utility>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "http/multipart.h"
#include "http/urlencoded.h"
#include "protocol/form_upload.h"
#include "protocol/formchunks/upload_identity.h"
#include "protocol/kept_parameters.h"
#include "protocol/media_type.h"
#include "protocol/upload_answer.h"
#include "protocol/upload_location.h"

namespace sluice::protocol::formchunks {

namespace json = boost::json;
using http::Method;
using runtime::Task;

namespace {

constexpr const char* unnamed = "upload";

class NoBytes final : public runtime::ByteSource {
 public:
  Task<Result<>> wait_readable() override { co_return Result<>(); }
  Task<Result<std::size_t>> read(MutableBytes, Duration) override { co_return std::size_t{0}; }
  std::optional<std::uint64_t> remaining() const override { return 0; }
  void cancel(Errc) override {}
};

bool is_success(const http::Response& response) {
  return response.status >= 200 && response.status < 300;
}

// The answer's own members, where it is an object.
std::string with_success(const std::string& body) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  json::value document = json::parse(body, error, {}, options);
  json::object members;
  if (!error && document.is_object()) {
    members = std::move(document.get_object());
  }
  members["success"] = true;
  return json::serialize(members);
}

// None when the time is over.
Duration left_until(std::chrono::steady_clock::time_point when) {
  const auto left = when - std::chrono::steady_clock::now();
  return std::max(std::chrono::ceil<Duration>(left), Duration::zero());
}

std::string sender_of(const Call& call, const auth::Grant& grant) {
  return grant.credential ? "owner " + grant.owner() : "address " + call.context.peer_address;
}

}  // namespace

bool FormChunksDialect::recognises(const http::Request& request) const {
  if (!opens_with(request.method)) {
    return false;
  }
  const std::string_view content_type = request.headers.find("Content-Type").value_or("");
  if (request.method == Method::post && media_type(content_type) == "multipart/form-data") {
    return true;
  }
  const Result<std::vector<http::FormField>> query = http::parse_urlencoded(request.query);
  return query && std::ranges::any_of(*query, [](const http::FormField& field) {
           return names_uploader(field.name);
         });
}

bool FormChunksDialect::opens_with(Method method) const noexcept {
  return method == Method::post || method == Method::get;
}

Task<Answer> FormChunksDialect::open(Call& call) {
  return call.method == Method::post ? receive(call) : test(call);
}

Task<Answer> FormChunksDialect::receive(Call& call) {
  const Result<std::optional<std::string>> boundary =
      http::multipart_boundary(call.request.headers.find("Content-Type").value_or(""));
  if (!boundary) {
    co_return fail(boundary.error());
  }
  const Result<Parameters> query = Parameters::from_query(call.request);
  if (!query) {
    co_return fail(query.error());
  }
  if (!*boundary) {
    co_return co_await store(call, judge(call, *query, *query, {}), call.body);
  }
  MultipartFileSource form(call.body, **boundary, FormKind::file_and_fields);
  if (const Result<> found = co_await form.wait_readable(); !found) {
    co_return fail(found.error());
  }
  co_return co_await store(call, judge_form(call, *query, form), form);
}

Result<FormChunksDialect::Judged> FormChunksDialect::judge_form(const Call& call,
                                                                const Parameters& query,
                                                                MultipartFileSource& form) const {
  if (!form.has_file()) {
    return fail(Errc::bad_request, "the form has no file: expected a part with a file name");
  }
  Parameters described = query;
  if (const Result<> added = described.add_form_fields(form.take_fields()); !added) {
    return fail(added.error());
  }
  return judge(call, query, described, form.file_part().file_name.value_or(std::string()));
}

// A signature covers the query: its signer does not know the numbers of the chunks.
Result<FormChunksDialect::Judged> FormChunksDialect::judge(const Call& call,
                                                           const Parameters& query,
                                                           const Parameters& described,
                                                           std::string_view part_name) const {
  Result<ChunkRequest> chunk = parse_chunk(described, call.request.headers, part_name);
  if (!chunk) {
    return fail(chunk.error());
  }
  Parameters vouched = query;
  Result<auth::Grant> grant = access_.judge(call, vouched, auth::Window::file);
  if (!grant) {
    return fail(grant.error());
  }
  if (!grant->use) {
    vouched = described;
    if (const Result<> allowed = Access::check_clouds(*grant, described); !allowed) {
      return fail(allowed.error());
    }
  }
  upload::NewUpload proposal;
  proposal.dialect = formchunks_name;
  proposal.file_size = chunk->file_size;
  proposal.file_name = chunk->file_name.empty() ? unnamed : chunk->file_name;
  proposal.content_type = described.text("content_type").value_or(chunk->content_type);
  proposal.parameters = kept_parameters(described, vouched, [&chunk](std::string_view parameter) {
    return is_of_protocol(*chunk->uploader, parameter);
  });
  proposal.token = token_of(key_, sender_of(call, *grant), *chunk);
  proposal.finds_former = true;
  std::string token = proposal.token;
  return Judged{*std::move(chunk), *std::move(grant), std::move(token),
                std::make_unique<upload::NewUpload>(std::move(proposal))};
}

Task<Answer> FormChunksDialect::store(Call& call, Result<Judged> understood,
                                      runtime::ByteSource& bytes) {
  if (!understood) {
    co_return fail(understood.error());
  }
  Judged& judged = *understood;
  Opened opened = co_await find_or_open(call, judged);
  if (!opened) {
    co_return std::move(opened.error());
  }
  call.upload_id = (*opened)->id;
  judged.proposal.reset();  // A slow sender would keep it in memory.
  const Result<upload::SnapshotPtr> appended =
      co_await engine_.append(judged.token, upload::Part{judged.chunk.range}, bytes);
  arrivals_.tell(judged.token);
  if (!appended) {
    co_return fail(appended.error());
  }
  if (is_decided(**appended)) {
    co_return co_await final_answer(**appended, judged.chunk);
  }
  co_return co_await (judged.chunk.is_last() ? end(call, judged) : stored(call, judged));
}

bool FormChunksDialect::takes(const upload::Snapshot& snapshot, const ChunkRequest& chunk) const {
  return snapshot.state != model::UploadState::delivered ||
         chunk.uploader->has_unique_identifiers ||
         access_.now() <= snapshot.completed_at + limits::finished_chunks_window;
}

Task<Opened> FormChunksDialect::find_or_open(Call& call, const Judged& judged) {
  const auto until = std::chrono::steady_clock::now() + wait_;
  for (int tries = 0; tries < limits::commit_tries_max; ++tries) {
    Arrivals::Waiting change(arrivals_, judged.token);
    Result<upload::SnapshotPtr> snapshot = co_await engine_.peek(judged.token);
    if (!snapshot && snapshot.error().code() != Errc::not_found) {
      co_return std::unexpected<Answer>(fail(snapshot.error()));
    }
    if (snapshot && takes(**snapshot, judged.chunk)) {
      co_return *std::move(snapshot);
    }
    if (const Arrivals::Opening opening(arrivals_, judged.token); opening.is_granted()) {
      Opened opened = co_await opener_.open(call, judged.grant, *judged.proposal);
      if (opened || !is_conflict(opened.error())) {
        co_return opened;
      }
    }
    if (!co_await change.wait(left_until(until))) {
      break;
    }
  }
  co_return std::unexpected<Answer>(
      fail(Errc::overloaded, "another request has been opening this upload for too long"));
}

Task<Answer> FormChunksDialect::end(Call& call, const Judged& judged) {
  const auto until = std::chrono::steady_clock::now() + wait_;
  for (;;) {
    Arrivals::Waiting change(arrivals_, judged.token);
    NoBytes nothing;
    const Result<upload::SnapshotPtr> asked =
        co_await engine_.append(judged.token, upload::Part{{0, 0}}, nothing);
    if (!asked) {
      co_return fail(asked.error());
    }
    if (is_decided(**asked)) {
      co_return co_await final_answer(**asked, judged.chunk);
    }
    if (!co_await change.wait(left_until(until))) {
      call.headers.set("Location", upload_location(call, settings_, judged.token));
      co_return fail(Errc::delivery_pending,
                     "this chunk ends the file, and other chunks are missing: send it again when "
                     "they are stored");
    }
  }
}

Task<Answer> FormChunksDialect::stored(Call& call, const Judged& judged) const {
  http::Response response;
  response.status = judged.chunk.uploader->reads_json ? 204 : 200;
  if (judged.chunk.uploader->wants_success) {
    response = http::json_response(200, with_success({}));
  }
  response.headers.set("Location", upload_location(call, settings_, judged.token));
  return answered(std::move(response));
}

Task<Answer> FormChunksDialect::final_answer(const upload::Snapshot& snapshot,
                                             const ChunkRequest& chunk) {
  if (!snapshot.answer) {
    co_return fail(failure_of(snapshot));
  }
  Answer answer =
      co_await with_whole_body(engine_, snapshot, protocol::final_answer(*snapshot.answer));
  if (answer && chunk.uploader->wants_success && is_success(*answer)) {
    answer->status = 200;
    answer->source.reset();
    answer->body = with_success(answer->body);
    answer->headers.set("Content-Type", "application/json");
  }
  co_return answer;
}

// Only bytes of an upload that still takes some are there: of a finished one the chunks are sent
// again, and the answer to them says what became of the file.
Task<Answer> FormChunksDialect::test(Call& call) {
  const Result<Parameters> query = Parameters::from_query(call.request);
  if (!query) {
    co_return fail(query.error());
  }
  const Result<Judged> judged = judge(call, *query, *query, {});
  if (!judged) {
    co_return fail(judged.error());
  }
  const Result<upload::SnapshotPtr> snapshot = co_await engine_.peek(judged->token);
  if (!snapshot && snapshot.error().code() != Errc::not_found) {
    co_return fail(snapshot.error());
  }
  const bool is_there = snapshot && !is_decided(**snapshot) && !judged->chunk.is_last() &&
                        (*snapshot)->stored.contains(judged->chunk.range);
  http::Response response;
  response.status = is_there ? 200 : 204;
  response.headers.set("Cache-Control", "no-store");
  if (snapshot) {
    call.upload_id = (*snapshot)->id;
  }
  co_return response;
}

}  // namespace sluice::protocol::formchunks
