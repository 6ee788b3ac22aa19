// SPDX-License-Identifier: MIT
#include "protocol/multichunk/multichunk_dialect.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"
#include "protocol/client_json.h"
#include "protocol/content_digest.h"
#include "protocol/media_type.h"
#include "protocol/multichunk/multichunk_session.h"
#include "protocol/upload_answer.h"

namespace sluice::protocol::multichunk {
namespace {

namespace json = boost::json;
using runtime::Task;

constexpr const char* part_header = "X-Part";
constexpr const char* tag_header = "X-Extra-File-Tag";

// Empty, or absent: the main file.
Result<ChunkedFile> file_of(const http::Request& request, const model::Layout& layout) {
  const std::string_view tag = trimmed(request.headers.find(tag_header).value_or(""));
  const std::optional<ChunkedFile> file = find_file(layout, tag);
  if (file) {
    return *file;
  }
  std::string known;
  for (const model::ExtraFile& extra : layout.extra_files) {
    known += in_quotes(extra.tag) + ", ";
  }
  return fail(Errc::bad_request, std::string(tag_header) + ": expected " + known +
                                     "or nothing for the main file, got " + in_quotes(tag));
}

Result<ByteRange> range_of(const http::Request& request, const ChunkedFile& file) {
  const std::string_view text = trimmed(request.headers.find(part_header).value_or(""));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  const std::uint64_t count = file.part_count();
  if (request.headers.count(part_header) == 1 && is_number && number < count) {
    return file.part(number);
  }
  // A file without parts is complete as it is; its only part may be sent all the same.
  if (is_number && number == 0 && count == 0) {
    return file.range();
  }
  return fail(Errc::bad_request,
              std::string(part_header) + ": expected " +
                  (count > 1 ? "a number from 0 to " + std::to_string(count - 1) : "0") +
                  ", the parts of this file, got " + in_quotes(text));
}

Result<> check_head(const http::Request& request) {
  const std::string_view content_type = request.headers.find("Content-Type").value_or("");
  if (media_type(content_type).starts_with("multipart/")) {
    return fail(Errc::unsupported_media_type,
                "Content-Type: expected application/octet-stream with the bytes of the part, got " +
                    in_quotes(content_type));
  }
  if (const auto content_range = request.headers.find("Content-Range")) {
    return fail(Errc::bad_request, std::string("expected no Content-Range beside ") + part_header +
                                       ", got " + in_quotes(*content_range));
  }
  return {};
}

// The part that is not acknowledged before there is an answer, so that its client sends it again
// and joins the wait: the last one of the first file that has any.
std::vector<std::uint64_t> withheld_parts(const model::Layout& layout, const ChunkedFile& file) {
  ChunkedFile withheld = main_file(layout);
  for (const model::ExtraFile& extra : layout.extra_files) {
    if (!withheld.range().empty()) {
      break;
    }
    withheld = ChunkedFile(extra.range, layout.part_size);
  }
  if (withheld.range().empty() || withheld.range() != file.range()) {
    return {};
  }
  return {withheld.part_count() - 1};
}

// The one in the backend's answer, where it says one.
std::string media_id(const upload::Snapshot& snapshot) {
  if (!snapshot.answer) {
    return snapshot.media_id;
  }
  json::error_code error;
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  const json::value document = json::parse(snapshot.answer->body, error, {}, options);
  const json::object* const object = error ? nullptr : document.if_object();
  const json::value* const id = object == nullptr ? nullptr : object->if_contains("id");
  if (id == nullptr || !(id->is_string() || id->is_number())) {
    return snapshot.media_id;
  }
  return text_of(*id);
}

http::Response status_answer(const upload::Snapshot& snapshot, const ChunkedFile& file) {
  json::object document;
  const bool finished = snapshot.answer.has_value();
  // Some clients need the empty list, others take its presence for a failure (panda-clients 4.4).
  if (!finished || snapshot.dialect == asked_in_json) {
    std::vector<std::uint64_t> missing;
    if (!finished) {
      missing = is_whole(snapshot) ? withheld_parts(*snapshot.layout, file)
                                   : file.missing_parts(snapshot.stored);
    }
    document["missing_parts"] = json::array(missing.begin(), missing.end());
  }
  document["media_id"] = media_id(snapshot);
  http::Response response = http::json_response(200, json::serialize(document));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace

bool MultichunkDialect::has(http::Method method) const noexcept {
  return method == http::Method::put || method == http::Method::post;
}

bool MultichunkDialect::recognises(const http::Request& request) const {
  return has(request.method) && !trimmed(request.headers.find(part_header).value_or("")).empty();
}

Task<Answer> MultichunkDialect::answer(Call& call, const upload::Snapshot& snapshot) {
  return has(call.request.method) ? answer_stray(call, snapshot) : describe(call, snapshot);
}

Task<Result<MultichunkDialect::Part>> MultichunkDialect::part_of(Call& call) {
  const Result<upload::SnapshotPtr> before = co_await engine_.peek(call.capture);
  if (!before) {
    co_return fail(before.error());
  }
  call.upload_id = (*before)->id;
  if (!(*before)->layout) {
    co_return fail(Errc::bad_request,
                   std::string(part_header) +
                       ": this session has no parts, as it was opened without multi_chunk; "
                       "expected a Content-Range, or the whole file");
  }
  const Result<ChunkedFile> file = file_of(call.request, *(*before)->layout);
  if (!file) {
    co_return fail(file.error());
  }
  const Result<ByteRange> range = range_of(call.request, *file);
  if (!range) {
    co_return fail(range.error());
  }
  if (const Result<> sound = check_head(call.request); !sound) {
    co_return fail(sound.error());
  }
  Result<std::vector<ExpectedDigest>> digests = expected_digests(call.request.headers, false);
  if (!digests) {
    co_return fail(digests.error());
  }
  co_return Part{*file, *range, *std::move(digests)};
}

Task<Result<upload::SnapshotPtr>> MultichunkDialect::append(Call& call, const Part& part) {
  return part.digests.empty() ? engine_.append(call.capture, upload::Part{part.range}, call.body)
                              : append_checked(call, part);
}

Task<Result<upload::SnapshotPtr>> MultichunkDialect::append_checked(Call& call, const Part& part) {
  DigestSource body(call.body, part.digests);
  co_return co_await engine_.append(
      call.capture, upload::Part{.range = part.range, .counts_whole = false, .is_checked = true},
      body);
}

Task<Answer> MultichunkDialect::handle(Call& call) {
  const Result<Part> part = co_await part_of(call);
  if (!part) {
    co_return fail(part.error());
  }
  const Result<upload::SnapshotPtr> snapshot = co_await append(call, *part);
  if (snapshot) {
    co_return co_await part_answer(**snapshot, part->file);
  }
  if (snapshot.error().code() == Errc::delivery_pending) {
    co_return co_await pending(call, snapshot.error());
  }
  co_return fail(snapshot.error());
}

// Clients take any JSON for the result, so there is none before a file is complete. A part that
// completes one file of several gets the expected video; once all are, only the backend's answer
// counts.
Task<Answer> MultichunkDialect::part_answer(const upload::Snapshot& snapshot,
                                            const ChunkedFile& file) {
  if (is_decided(snapshot)) {
    co_return co_await final_answer(snapshot);
  }
  if (snapshot.preview && !is_whole(snapshot) && file.is_complete(snapshot.stored)) {
    co_return expected_answer(*snapshot.preview);
  }
  co_return http::Response();
}

Task<Answer> MultichunkDialect::final_answer(const upload::Snapshot& snapshot) {
  if (!snapshot.answer) {
    co_return fail(failure_of(snapshot));
  }
  co_return co_await with_whole_body(engine_, snapshot, protocol::final_answer(*snapshot.answer));
}

Task<Answer> MultichunkDialect::pending(Call& call, Error error) {
  const Result<upload::SnapshotPtr> snapshot = co_await engine_.peek(call.capture);
  if (snapshot && is_decided(**snapshot)) {
    co_return co_await final_answer(**snapshot);
  }
  co_return fail(std::move(error));
}

Task<Answer> MultichunkDialect::describe(Call& call, const upload::Snapshot& asked) {
  const Result<ChunkedFile> file = file_of(call.request, *asked.layout);
  if (!file) {
    co_return fail(file.error());
  }
  call.headers.set("Want-Content-Digest", wanted_digests);
  // Nothing is missing and no request has reported it: a file without parts, or one whose last part
  // was stored and its request died. The question is its last part as well.
  const bool unfinished = asked.state == model::UploadState::receiving;
  if (!unfinished || !is_whole(asked)) {
    co_return co_await description(asked, *file);
  }
  const Result<upload::SnapshotPtr> finished =
      co_await engine_.append(call.capture, upload::Part{{0, 0}}, call.body);
  if (finished) {
    co_return co_await description(**finished, *file);
  }
  if (finished.error().code() != Errc::delivery_pending) {
    co_return fail(finished.error());
  }
  const Result<upload::SnapshotPtr> pending = co_await engine_.peek(call.capture);
  if (!pending) {
    co_return fail(pending.error());
  }
  co_return co_await description(**pending, *file);
}

Task<Answer> MultichunkDialect::description(const upload::Snapshot& snapshot,
                                            const ChunkedFile& file) {
  const bool failed = snapshot.state == model::UploadState::failed;
  if (failed || (snapshot.answer && snapshot.answer->status >= 400)) {
    co_return co_await final_answer(snapshot);
  }
  // Where there is no part to withhold, an empty list would be a false success.
  if (snapshot.file_size == 0U && !snapshot.answer) {
    co_return fail(Errc::delivery_pending, "the backend has not answered yet: ask again");
  }
  co_return status_answer(snapshot, file);
}

Task<Answer> MultichunkDialect::answer_stray(Call& call, const upload::Snapshot& snapshot) {
  const Result<ChunkedFile> file = file_of(call.request, *snapshot.layout);
  if (!file) {
    co_return fail(file.error());
  }
  co_return co_await part_answer(snapshot, *file);
}

}  // namespace sluice::protocol::multichunk
