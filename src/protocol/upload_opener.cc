// SPDX-License-Identifier: MIT
#include "protocol/upload_opener.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "base/encoding.h"

namespace sluice::protocol {

using runtime::Task;

Task<Opened> UploadOpener::open(Call& call, const auth::Grant& grant, upload::NewUpload proposal) {
  if (settings_.base->url().empty() && call.host().empty()) {
    co_return std::unexpected<Answer>(fail(
        Errc::bad_request, "expected a Host header: the location of the upload is made of it"));
  }
  if (const Result<> counted = access_.count_creation(grant, call); !counted) {
    co_return std::unexpected<Answer>(fail(counted.error()));
  }
  access_.apply(grant, call, proposal);
  proposal.file_size_max = access_.file_size_max(grant);
  proposal.origin = session_origin(call.request, call.context, settings_.kept_headers);
  Verdict verdict = co_await gate_.ask(std::move(proposal), call.request, call.context);
  if (auto* refusal = std::get_if<http::Response>(&verdict)) {
    co_return std::unexpected<Answer>(std::move(*refusal));
  }
  Result<upload::SnapshotPtr> created =
      co_await engine_.create(std::get<upload::NewUpload>(std::move(verdict)));
  if (!created) {
    co_return std::unexpected<Answer>(fail(created.error()));
  }
  call.upload_id = (*created)->id;
  co_return *std::move(created);
}

std::string session_origin(const http::Request& request, const http::RequestContext& context,
                           const std::vector<std::string>& kept) {
  boost::json::object headers;
  for (const std::string& name : kept) {
    std::string value;
    for (const http::Header& header : request.headers.fields()) {
      if (equals_ignoring_case(header.name, name)) {
        value += value.empty() ? "" : name == "cookie" ? "; " : ", ";  // RFC 6265 5.4 for cookies.
        value += header.value;
      }
    }
    if (request.headers.find(name)) {
      headers[name] = to_valid_utf8(value);
    }
  }
  if (context.trace) {
    headers["traceparent"] = context.trace.traceparent;
  }
  boost::json::object origin;
  origin["address"] = context.peer_address;
  origin["headers"] = std::move(headers);
  return boost::json::serialize(origin);
}

}  // namespace sluice::protocol
