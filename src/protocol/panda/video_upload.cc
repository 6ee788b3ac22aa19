// SPDX-License-Identifier: MIT
#include "protocol/panda/video_upload.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"
#include "http/content_range.h"
#include "http/multipart.h"
#include "protocol/form_upload.h"
#include "protocol/media_type.h"
#include "protocol/upload_answer.h"
#include "protocol/upload_location.h"

namespace sluice::protocol::panda {
namespace {

using runtime::Task;

// A script's X-Query-Params stands for parameters of the query.
Result<> add_query_params(const http::Request& request, Parameters& parameters) {
  const auto text = request.headers.find("X-Query-Params");
  if (!text) {
    return {};
  }
  const Result<Parameters> given = Parameters::from_json(*text);
  if (!given) {
    return fail(Errc::bad_request,
                "X-Query-Params: expected a JSON object, got " + in_quotes(*text));
  }
  std::vector<http::FormField> fields;
  for (const boost::json::key_value_pair& field : given->values()) {
    if (field.value().is_structured()) {
      return fail(Errc::bad_request, "X-Query-Params: expected text for " + in_quotes(field.key()) +
                                         ", got " +
                                         in_quotes(boost::json::serialize(field.value())));
    }
    fields.push_back({std::string(field.key()), given->text(field.key()).value_or("")});
  }
  return parameters.add_form_fields(std::move(fields));
}

// The parameters that stand in the head.
Result<Parameters> parameters_of_head(const http::Request& request) {
  Result<Parameters> parameters = Parameters::from_query(request);
  if (parameters) {
    if (const Result<> added = add_query_params(request, *parameters); !added) {
      return fail(added.error());
    }
  }
  return parameters;
}

Result<> expect_length(const http::Request& request) {
  if (request.framing == http::Framing::chunked) {
    return fail(Errc::length_required,
                "expected Content-Length: there has to be room for the file before it comes");
  }
  return {};
}

Error no_file(const Parameters& parameters) {
  if (parameters.text("source_url")) {
    return Error(Errc::bad_request,
                 "source_url: this server does not fetch videos; send the file itself, in the part "
                 "\"file\" of multipart/form-data or to the location that POST /videos/upload.json "
                 "answers");
  }
  const std::optional<std::string> text = parameters.text("file");
  return Error(Errc::bad_request,
               "file is missing: expected a part of multipart/form-data with a file name, " +
                   (text ? "got the text " + in_quotes(*text) : std::string("got none")));
}

// For a body of so many bytes in the room of unknown senders.
Duration lent_time(std::uint64_t bytes) {
  const std::chrono::seconds at_least_pace(
      static_cast<std::int64_t>(bytes / limits::form_upload_bytes_per_second_min));
  const std::chrono::seconds whole = limits::form_upload_time_least + at_least_pace;
  return std::min<std::chrono::seconds>(whole, limits::form_upload_time_max);
}

// The room of unknown senders is lent: a sender as slow as connections may be is cut off. The
// session ends each wait by itself, so that it is enough to look before the next one.
class LentTimeSource final : public runtime::ByteSource {
 public:
  LentTimeSource(runtime::ByteSource& source, const Access& access, Timestamp until)
      : source_(source), access_(access), until_(until) {}

  Task<Result<>> wait_readable() override {
    if (access_.now() > until_) {
      return late();
    }
    return source_.wait_readable();
  }
  Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override {
    return source_.read(buffer, patience);
  }
  std::unique_ptr<runtime::Loan> lend() override { return source_.lend(); }
  std::optional<std::uint64_t> remaining() const override { return source_.remaining(); }
  void cancel(Errc reason) override { source_.cancel(reason); }

 private:
  static Task<Result<>> late() {
    co_return fail(Errc::idle_timeout,
                   "the credentials behind the file did not come in the time that it may take");
  }

  runtime::ByteSource& source_;
  const Access& access_;
  const Timestamp until_;
};

}  // namespace

Task<Answer> VideoUpload::receive(Call& call) {
  if (const Result<> whole = http::expect_whole_file(call.request.headers); !whole) {
    co_return fail(whole.error());
  }
  const std::string_view content_type = call.request.headers.find("Content-Type").value_or("");
  Result<std::optional<std::string>> boundary = http::multipart_boundary(content_type);
  if (!boundary) {
    co_return fail(boundary.error());
  }
  if (*boundary) {
    co_return co_await receive_form(call, **std::move(boundary));
  }
  const std::string type = media_type(content_type);
  if (type == "application/octet-stream") {
    co_return co_await receive_raw(call);
  }
  const bool holds_parameters = type.empty() || type == "application/x-www-form-urlencoded" ||
                                type == "application/json" || type.ends_with("+json");
  if (!holds_parameters) {
    co_return fail(Errc::unsupported_media_type,
                   "Content-Type: expected multipart/form-data, or application/octet-stream with "
                   "X-File-Name, got " +
                       in_quotes(content_type));
  }
  Result<Parameters> parameters = co_await Parameters::read(call.request, call.body);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  IncomingFile none(parts_, call, *std::move(parameters));
  const Result<> judged = none.judge();
  co_return fail(judged ? no_file(none.parameters()) : judged.error());
}

// Clients put the parameters in front of the file or behind it. Where the credentials stand in
// front, so does a refusal.
Task<Answer> VideoUpload::receive_form(Call& call, std::string boundary) {
  if (const Result<> has_length = expect_length(call.request); !has_length) {
    co_return fail(has_length.error());
  }
  Result<Parameters> parameters = parameters_of_head(call.request);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  IncomingFile file(parts_, call, *std::move(parameters));
  MultipartFileSource form(call.body, std::move(boundary), FormKind::file_and_fields);
  if (const Result<> begun = co_await form.wait_readable(); !begun) {
    co_return fail(begun.error());
  }
  if (const Result<> added = file.add(form.take_fields()); !added) {
    co_return fail(added.error());
  }
  const Result<> judged = form.has_file() ? file.judge_if_shown() : file.judge();
  if (!judged) {
    co_return fail(judged.error());
  }
  if (!form.has_file()) {
    co_return fail(no_file(file.parameters()));
  }
  const http::PartHead& part = form.file_part();
  const std::string_view type = part.headers.find("Content-Type").value_or("");
  file.describe(*part.file_name, std::string(type));
  file.ends_with(form);
  co_return co_await take(call, file, form, form.file_bytes_max().value_or(0),
                          limits::form_skipped_bytes_max);
}

// As the first uploader for browsers sends it.
Task<Answer> VideoUpload::receive_raw(Call& call) {
  Result<Parameters> parameters = parameters_of_head(call.request);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  const std::string name(call.request.headers.find("X-File-Name").value_or(""));
  IncomingFile file(parts_, call, *std::move(parameters));
  if (const Result<> judged = file.judge(); !judged) {
    co_return fail(judged.error());
  }
  if (const Result<> has_length = expect_length(call.request); !has_length) {
    co_return fail(has_length.error());
  }
  if (name.empty()) {
    co_return fail(Errc::bad_request, "X-File-Name: expected the name of the file, got none");
  }
  file.describe(name, "");
  const std::uint64_t size = call.request.content_length;
  if (const Result<> decided = co_await file.decide(size); !decided) {
    co_return file.refusal() ? Answer(*file.refusal()) : fail(decided.error());
  }
  co_return co_await take(call, file, call.body, size, 0);
}

Task<Answer> VideoUpload::take(Call& call, IncomingFile& file, runtime::ByteSource& body,
                               std::uint64_t bytes, std::uint64_t beside) {
  Result<upload::NewUpload> outline = file.outline(bytes, beside);
  if (!outline) {
    co_return fail(outline.error());
  }
  LentTimeSource lent(body, parts_.access, call.began + lent_time(bytes));
  runtime::ByteSource& source = file.is_known() ? body : lent;
  const Result<upload::SnapshotPtr> taken =
      co_await engine_.take_file(*std::move(outline), source, file);
  call.upload_id = file.upload_id();
  if (!taken && file.refusal()) {
    co_return *file.refusal();
  }
  if (!taken) {
    co_return fail(taken.error());
  }
  co_return co_await answer(call, (*taken)->token);
}

Task<Answer> VideoUpload::answer(Call& call, const std::string& token) {
  const Result<upload::SnapshotPtr> waited =
      co_await engine_.append(token, upload::Range{0, 0}, call.body);
  if (!waited && waited.error().code() != Errc::delivery_pending) {
    co_return fail(waited.error());
  }
  const Result<upload::SnapshotPtr> found = co_await engine_.peek(token);
  if (!found) {
    co_return fail(waited ? found.error() : waited.error());
  }
  const upload::Snapshot& snapshot = **found;
  if (snapshot.answer) {
    co_return co_await with_whole_body(engine_, snapshot, final_answer(*snapshot.answer));
  }
  // From here on it is an upload like every other: its location is the way to the answer.
  add_progress(call.headers, snapshot, upload_location(call, settings_, token));
  co_return fail(waited ? failure_of(snapshot) : waited.error());
}

}  // namespace sluice::protocol::panda
