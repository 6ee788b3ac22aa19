// SPDX-License-Identifier: MIT
#include "protocol/filepond/filepond_dialect.h"

#include <optional>
#include <string>
#include <utility>

#include "base/checked.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "protocol/kept_parameters.h"
#include "protocol/media_type.h"
#include "protocol/number_field.h"
#include "protocol/upload_answer.h"
#include "protocol/upload_location.h"

namespace sluice::protocol::filepond {

using http::Method;
using runtime::Task;

namespace {

constexpr const char* length_field = "Upload-Length";
constexpr const char* offset_field = "Upload-Offset";
constexpr const char* name_field = "Upload-Name";
constexpr const char* unnamed = "upload";

Result<std::uint64_t> file_size_of(const http::Request& request) {
  const Result<std::optional<std::uint64_t>> size = number_field(request.headers, length_field);
  if (!size) {
    return fail(size.error());
  }
  if (!*size) {
    return fail(Errc::bad_request,
                std::string(length_field) + " is missing: expected the size of the file");
  }
  if (**size > limits::file_size_max) {
    return fail(Errc::file_too_large, std::string(length_field) + ": expected at most " +
                                          std::to_string(limits::file_size_max) + " bytes, got " +
                                          std::to_string(**size));
  }
  return **size;
}

Result<std::string> file_name_of(const http::Request& request, const Parameters& query) {
  std::string name = query.text("file_name").value_or("");
  if (name.empty()) {
    name = to_valid_utf8(trimmed(request.headers.find(name_field).value_or("")));
  }
  if (name.size() > limits::file_name_bytes_max) {
    return fail(Errc::bad_request, "the name of the file: expected at most " +
                                       std::to_string(limits::file_name_bytes_max) +
                                       " bytes, got " + std::to_string(name.size()));
  }
  return name.empty() ? unnamed : name;
}

}  // namespace

bool FilePondDialect::recognises(const http::Request& request) const {
  return request.method == Method::post && request.headers.find(length_field) &&
         !request.headers.find("Tus-Resumable") &&
         media_type(request.headers.find("Content-Type").value_or("")) == "multipart/form-data";
}

bool FilePondDialect::has(Method method) const noexcept {
  return method == Method::get || method == Method::patch || method == Method::delete_;
}

bool FilePondDialect::opens_with(Method method) const noexcept {
  return method == Method::post;
}

Task<Answer> FilePondDialect::open(Call& call) {
  const Result<std::uint64_t> size = file_size_of(call.request);
  if (!size) {
    co_return fail(size.error());
  }
  Result<Parameters> vouched = Parameters::from_query(call.request);
  if (!vouched) {
    co_return fail(vouched.error());
  }
  const Result<Parameters> described = co_await Parameters::read(call.request, call.body);
  if (!described) {
    co_return fail(described.error());
  }
  Result<std::string> name = file_name_of(call.request, *vouched);
  if (!name) {
    co_return fail(name.error());
  }
  // A signature covers the query: its signer does not know the form.
  const Result<auth::Grant> grant = access_.judge(call, *vouched, auth::Window::usual);
  if (!grant) {
    co_return fail(grant.error());
  }
  upload::NewUpload proposal;
  proposal.dialect = filepond_name;
  proposal.file_size = *size;
  proposal.file_name = *std::move(name);
  proposal.content_type = described->text("content_type").value_or("");
  proposal.parameters =
      kept_parameters(*described, *vouched, [](std::string_view /*name*/) { return false; });
  Opened opened = co_await opener_.open(call, *grant, std::move(proposal));
  if (!opened) {
    co_return std::move(opened.error());
  }
  http::Response response;
  response.status = 201;
  response.body = (*opened)->token;
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.headers.set("Location", upload_location(call, settings_, response.body));
  co_return response;
}

Task<Answer> FilePondDialect::handle(Call& call) {
  switch (call.method) {
    case Method::patch:
      return receive(call);
    case Method::delete_:
      return abort(call);
    case Method::head:
      return tell_offset(call);
    default:
      return describe(call);
  }
}

Task<Result<ByteRange>> FilePondDialect::range_of(Call& call) {
  const Result<std::optional<std::uint64_t>> offset =
      number_field(call.request.headers, offset_field);
  const Result<std::optional<std::uint64_t>> length =
      number_field(call.request.headers, length_field);
  if (!offset || !length) {
    co_return fail(offset ? length.error() : offset.error());
  }
  if (!*offset || call.request.framing == http::Framing::chunked) {
    co_return fail(Errc::bad_request,
                   std::string("expected ") + offset_field + " and Content-Length with each chunk");
  }
  const Result<upload::SnapshotPtr> asked = co_await engine_.peek(call.capture);
  if (!asked) {
    co_return fail(asked.error());
  }
  const upload::Snapshot& snapshot = **asked;
  call.upload_id = snapshot.id;
  if (snapshot.layout) {
    co_return fail(Errc::bad_request, "this upload takes files in parts: expected X-Part");
  }
  const std::uint64_t file_size = snapshot.file_size.value_or(limits::file_size_max);
  const ByteRange range{**offset, saturating_add(**offset, call.request.content_length)};
  if (length->value_or(file_size) != file_size || range.end > file_size) {
    co_return fail(Errc::bad_request, "expected a chunk of a file of " + std::to_string(file_size) +
                                          " bytes, got one that ends at " +
                                          std::to_string(range.end));
  }
  co_return range;
}

Task<Answer> FilePondDialect::receive(Call& call) {
  const Result<ByteRange> range = co_await range_of(call);
  if (!range) {
    co_return fail(range.error());
  }
  // FilePond goes on behind the chunk in which the offset lies that it is told, so the stored bytes
  // have to end where a chunk ends.
  const Result<upload::SnapshotPtr> appended = co_await engine_.append(
      call.capture, upload::Part{.range = *range, .counts_whole = true}, call.body);
  if (!appended) {
    co_return fail(appended.error());
  }
  const upload::Snapshot& snapshot = **appended;
  if (is_ended_badly(snapshot)) {
    co_return co_await final_answer(snapshot);
  }
  // With its last chunk FilePond shows success.
  if (!is_taken(snapshot) && range->end == snapshot.file_size) {
    co_return fail(Errc::offset_mismatch, "this chunk ends the file, and other chunks are missing");
  }
  http::Response response;
  response.status = 204;
  response.headers.set(offset_field, std::to_string(range->end));
  co_return response;
}

Task<Answer> FilePondDialect::tell_offset(Call& call) {
  const Result<upload::SnapshotPtr> asked = co_await engine_.peek(call.capture);
  if (!asked) {
    co_return fail(asked.error());
  }
  const upload::Snapshot& snapshot = **asked;
  call.upload_id = snapshot.id;
  if (is_ended_badly(snapshot)) {
    co_return co_await final_answer(snapshot);
  }
  const std::uint64_t prefix = is_taken(snapshot) ? *snapshot.file_size : snapshot.stored.prefix();
  // Any number would make it skip the last chunk.
  if (!is_taken(snapshot) && prefix == snapshot.file_size && prefix > 0) {
    co_return fail(Errc::delivery_pending, "the backend has not answered yet: ask again");
  }
  http::Response response;
  response.headers.set(offset_field, std::to_string(prefix));
  response.headers.set(length_field, std::to_string(snapshot.file_size.value_or(prefix)));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Task<Answer> FilePondDialect::describe(Call& call) {
  const Result<upload::SnapshotPtr> asked = co_await engine_.status(call.capture);
  if (!asked) {
    co_return fail(asked.error());
  }
  const upload::Snapshot& snapshot = **asked;
  call.upload_id = snapshot.id;
  co_return description_answer(snapshot);
}

Task<Answer> FilePondDialect::abort(Call& call) {
  const Result<> aborted = co_await engine_.abort(call.capture);
  if (!aborted) {
    co_return fail(aborted.error());
  }
  co_return http::Response();
}

Task<Answer> FilePondDialect::final_answer(const upload::Snapshot& snapshot) {
  if (!snapshot.answer) {
    co_return fail(failure_of(snapshot));
  }
  co_return co_await with_whole_body(engine_, snapshot, protocol::final_answer(*snapshot.answer));
}

}  // namespace sluice::protocol::filepond
