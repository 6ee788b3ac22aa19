// SPDX-License-Identifier: MIT
#include "hooks/authorizer.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <chrono>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "hooks/hook_request.h"
#include "hooks/json_text.h"
#include "http/active_content.h"
#include "outgoing/trouble.h"

namespace sluice::hooks {

namespace json = boost::json;
using protocol::Verdict;
using runtime::Task;

namespace {

std::unexpected<Error> unreadable(const std::string& what) {
  return fail(Errc::overloaded, "the application's word on this session is not usable: " + what);
}

Result<> merge_parameters(const json::value& added, upload::NewUpload& proposal) {
  if (!added.is_object()) {
    return unreadable("\"parameters\" is no object");
  }
  json::value known = json_or_null(proposal.parameters);
  json::object& parameters = known.is_object() ? known.get_object() : known.emplace_object();
  for (const json::key_value_pair& field : added.get_object()) {
    parameters.insert_or_assign(field.key(), field.value());
  }
  proposal.parameters = json::serialize(parameters);
  return {};
}

Result<> apply_limits(const json::value& given, upload::NewUpload& proposal) {
  const json::object* object = given.if_object();
  if (object == nullptr) {
    return unreadable("\"limits\" is no object");
  }
  for (const json::key_value_pair& field : *object) {
    json::error_code error;
    const auto bytes = field.value().to_number<std::uint64_t>(error);
    if (field.key() != "file_size" || error) {
      return unreadable("expected \"limits\" to hold \"file_size\" in bytes, got " +
                        in_quotes(json::serialize(field.value())) + " for " +
                        in_quotes(std::string(field.key())));
    }
    proposal.file_size_max = std::min(bytes, limits::file_size_max);
  }
  return {};
}

http::Response refusal(const outgoing::HttpAnswer& answer) {
  http::Response response;
  response.status = answer.status;
  response.body = answer.body;
  if (const auto type = outgoing::find_header(answer.headers, "Content-Type")) {
    response.headers.set("Content-Type", http::passive_media_type(*type));
  }
  return response;
}

}  // namespace

std::string question_of(const upload::NewUpload& proposal, const http::Request& request,
                        const std::string& client_address,
                        const std::vector<std::string>& header_names) {
  json::object headers;
  for (const std::string& name : header_names) {
    if (const auto value = request.headers.find(name)) {
      headers[to_lower(name)] = to_valid_utf8(*value);
    }
  }
  json::object document;
  document["event"] = authorize_event;
  document["dialect"] = proposal.dialect;
  document["file_name"] = to_valid_utf8(proposal.file_name);
  document["file_size"] = json::value_from(proposal.file_size);
  document["content_type"] = to_valid_utf8(proposal.content_type);
  document["parameters"] = json_or_null(proposal.parameters);
  document["client_address"] = client_address;
  document["headers"] = std::move(headers);
  return json::serialize(document);
}

Result<Verdict> verdict_of(upload::NewUpload proposal, const outgoing::HttpAnswer& answer) {
  if (answer.status >= 400) {
    return Verdict(refusal(answer));
  }
  if (answer.body.find_first_not_of(" \t\r\n") == std::string::npos) {
    return Verdict(std::move(proposal));
  }
  const json::value document = json_or_null(answer.body);
  if (!document.is_object()) {
    return unreadable("expected a JSON object or nothing");
  }
  const json::object& object = document.get_object();
  Result<> applied;
  if (const json::value* added = object.if_contains("parameters")) {
    applied = merge_parameters(*added, proposal);
  }
  const json::value* given = object.if_contains("limits");
  if (applied && given != nullptr) {
    applied = apply_limits(*given, proposal);
  }
  if (!applied) {
    return fail(applied.error());
  }
  return Verdict(std::move(proposal));
}

Authorizer::Authorizer(outgoing::Sender& sender, Clock& clock, Log& log, HookSettings settings)
    : sender_(sender), clock_(clock), log_(log), settings_(std::move(settings)) {}

Task<Verdict> Authorizer::ask(upload::NewUpload proposal, const http::Request& request,
                              const http::RequestContext& context) {
  const HookSettings& settings = *settings_;
  if (!settings.authorize) {
    co_return Verdict(std::move(proposal));
  }
  outgoing::HttpRequest question =
      hook_request(settings, *settings.authorize,
                   question_of(proposal, request, context.peer_address, settings.request_headers),
                   "application/json");
  if (context.trace) {
    question.headers.emplace_back("traceparent", context.trace.traceparent);
  }
  const Result<outgoing::HttpAnswer> answer =
      co_await send_hook(sender_, std::move(question), authorize_event, settings, clock_.now());
  if (!answer) {
    co_return no_verdict(context, answer.error().message(), std::nullopt);
  }
  if (outgoing::is_trouble(answer->status, settings.trouble)) {
    co_return no_verdict(context, "status " + std::to_string(answer->status), answer->retry_after);
  }
  Result<Verdict> verdict = verdict_of(std::move(proposal), *answer);
  if (!verdict) {
    co_return no_verdict(context, verdict.error().message(), answer->retry_after);
  }
  co_return *std::move(verdict);
}

// The application's words and its address are in the log alone.
Verdict Authorizer::no_verdict(const http::RequestContext& context, const std::string& reason,
                               std::optional<Duration> retry_after) const {
  log_.warn("the authorize hook gave no verdict",
            {{"request", context.request_id}, {"reason", reason}});
  http::Response response = http::error_response(
      Error(Errc::overloaded, "it could not be found out whether this upload is allowed"));
  if (retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*retry_after);
    response.headers.set("Retry-After", std::to_string(seconds.count()));
  }
  return response;
}

}  // namespace sluice::hooks
