// SPDX-License-Identifier: MIT
#include "protocol/panda/incoming_file.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/checked.h"
#include "base/encoding.h"
#include "protocol/kept_parameters.h"
#include "protocol/media_type.h"
#include "protocol/upload_opener.h"

namespace sluice::protocol::panda {

using runtime::Task;

Result<> IncomingFile::add(std::vector<http::FormField> fields) {
  if (!fields.empty()) {
    grant_.reset();
  }
  return parameters_.add_form_fields(std::move(fields));
}

Result<> IncomingFile::judge() {
  Result<auth::Grant> grant = parts_.access.judge(call_, parameters_, auth::Window::file);
  if (!grant) {
    return fail(grant.error());
  }
  grant_ = *std::move(grant);
  return {};
}

Result<> IncomingFile::judge_if_shown() {
  if (grant_) {
    return {};
  }
  return parts_.access.shows_credentials(call_, parameters_)
             ? judge()
             : parts_.access.judge_page(call_, parameters_);
}

void IncomingFile::describe(const std::string& name, const std::string& content_type) {
  name_ = to_valid_utf8(name);
  // Clients write these on files of every kind.
  const std::string type = media_type(content_type);
  const bool says_nothing =
      type.empty() || type == "application/octet-stream" || type.starts_with("multipart/");
  content_type_ = parameters_.text("content_type").value_or(says_nothing ? "" : content_type);
}

Result<upload::NewUpload> IncomingFile::outline(std::uint64_t bytes, std::uint64_t beside) {
  upload::NewUpload outline;
  outline.dialect = "panda";
  std::uint64_t most = parts_.settings.file_size_max;
  if (grant_) {
    parts_.access.apply(*grant_, call_, outline);
    most = parts_.access.file_size_max(*grant_);
    outline.file_size_max = most;
    is_used_up_ = outline.use.has_value();
    if (outline.limits.bytes && *outline.limits.bytes <= limits::file_size_max) {
      // No upload is refused for bytes that are none of the file; identify() knows its true size.
      outline.limits.bytes = saturating_add(*outline.limits.bytes, beside);
    }
  }
  if (saturating_subtract(bytes, most) > beside) {
    return fail(Errc::file_too_large, "File size limit is set to " + std::to_string(most) +
                                          " bytes, the body has " + std::to_string(bytes));
  }
  outline.announced = std::min(bytes, most);
  if (grant_) {
    return outline;
  }
  ByteAllowance& allowance = parts_.unknown_senders;
  const std::string client = parts_.settings.client_of(call_.context.peer_address);
  if (*outline.announced > allowance.most_of(client)) {
    return fail(Errc::file_too_large,
                "expected the parameters that show credentials in the query or in front of a file "
                "of more than " +
                    std::to_string(allowance.most_of(client)) + " bytes");
  }
  share_.reset();
  if (auto share = allowance.take(*outline.announced, client)) {
    share_.emplace(*std::move(share));
    outline.room_of = client.empty() ? "" : "address " + client;
    return outline;
  }
  return fail(Errc::overloaded,
              "there are too many files on their way whose credentials come behind them");
}

upload::NewUpload IncomingFile::proposal(std::uint64_t file_size) const {
  upload::NewUpload request;
  request.dialect = "panda";
  request.file_size = file_size;
  request.file_name = name_;
  request.content_type = content_type_;
  request.parameters = kept_parameters(parameters_);
  request.origin = session_origin(call_.request, call_.context, parts_.settings.kept_headers);
  parts_.access.apply(*grant_, call_, request);
  request.file_size_max = parts_.access.file_size_max(*grant_);
  return request;
}

Task<Result<>> IncomingFile::decide(std::uint64_t file_size) {
  if (const Result<> counted = parts_.access.count_creation(*grant_, call_); !counted) {
    co_return fail(counted.error());
  }
  Verdict verdict = co_await parts_.gate.ask(proposal(file_size), call_.request, call_.context);
  if (auto* refusal = std::get_if<http::Response>(&verdict)) {
    refusal_ = std::move(*refusal);
    co_return refusal_->status >= 500
        ? fail(Errc::overloaded, "the application gave no verdict on the file")
        : fail(Errc::bad_request, "the application refuses the file");
  }
  decided_ = std::get<upload::NewUpload>(std::move(verdict));
  co_return Result<>();
}

Task<Result<upload::NewUpload>> IncomingFile::identify(std::uint64_t file_size) {
  if (form_ != nullptr) {
    if (const Result<> added = add(form_->take_fields()); !added) {
      co_return fail(added.error());
    }
  }
  if (!grant_) {
    if (const Result<> judged = judge(); !judged) {
      co_return fail(judged.error());
    }
  }
  share_.reset();
  if (!decided_) {
    if (const Result<> decided = co_await decide(file_size); !decided) {
      co_return fail(decided.error());
    }
  }
  if (is_used_up_) {
    decided_->use.reset();
  }
  co_return *std::move(decided_);
}

}  // namespace sluice::protocol::panda
