// SPDX-License-Identifier: MIT
#include "protocol/panda/panda_api.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "library/stored_names.h"
#include "protocol/paging.h"
#include "protocol/parameters.h"

namespace sluice::protocol::panda {
namespace {

using runtime::Task;

std::unexpected<Error> no_such_video(const std::string& id) {
  return fail(Errc::not_found, "Couldn't find Video with ID=" + id);
}

http::Response deleted() {
  return http::json_response(200, R"({"deleted":true})");
}

Answer document_or_error(Result<std::string> document) {
  if (!document) {
    return fail(std::move(document).error());
  }
  return http::json_response(200, *std::move(document));
}

Answer deleted_or_error(const Result<>& removed) {
  if (!removed) {
    return fail(removed.error());
  }
  return deleted();
}

Result<video::VideoFilter> parse_filter(const Parameters& parameters) {
  constexpr std::array<std::string_view, 3> statuses{"processing", "success", "fail"};
  video::VideoFilter filter;
  const std::string status = parameters.text("status").value_or("");
  if (!status.empty()) {
    if (std::ranges::find(statuses, status) == statuses.end()) {
      return fail(Errc::bad_request,
                  "status: expected processing, success or fail, got " + in_quotes(status));
    }
    filter.status = status;
  }
  const Result<Paging> paging = parse_paging(parameters);
  if (!paging) {
    return fail(paging.error());
  }
  filter.page = paging->page;
  filter.per_page = paging->per_page;
  return filter;
}

Result<bool> wants_object(const Call& call, const Parameters& parameters) {
  const std::string root = parameters.text("include_root").value_or("");
  if (root == "true" || root == "1") {
    return true;
  }
  if (root.empty() || root == "false" || root == "0") {
    return call.lists_are_objects;
  }
  return fail(Errc::bad_request,
              "include_root: expected true, 1, false or 0, got " + in_quotes(root));
}

// As an array, or as an object that tells which page of how many it is.
std::string list_of(const char* name, const video::VideoList& list,
                    const video::VideoFilter& filter, bool as_object) {
  return as_object ? page_text(name, list.documents, {filter.page, filter.per_page}, list.total)
                   : array_text(list.documents);
}

Answer empty_list(const Call& call, const char* name) {
  const Result<Parameters> parameters = Parameters::from_query(call.request);
  if (!parameters) {
    return fail(parameters.error());
  }
  const Result<video::VideoFilter> filter = parse_filter(*parameters);
  if (!filter) {
    return fail(filter.error());
  }
  const Result<bool> as_object = wants_object(call, *parameters);
  if (!as_object) {
    return fail(as_object.error());
  }
  return http::json_response(200, list_of(name, {}, *filter, *as_object));
}

}  // namespace

Task<Answer> PandaApi::list(Call& call) {
  const Result<Parameters> parameters = Parameters::from_query(call.request);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  Result<video::VideoFilter> filter = parse_filter(*parameters);
  if (!filter) {
    co_return fail(filter.error());
  }
  filter->viewer = call.viewer;
  const Result<bool> as_object = wants_object(call, *parameters);
  if (!as_object) {
    co_return fail(as_object.error());
  }
  const Result<video::VideoList> list = co_await videos_.list(*filter);
  if (!list) {
    co_return fail(list.error());
  }
  co_return http::json_response(200, list_of("videos", *list, *filter, *as_object));
}

Task<Answer> PandaApi::find(Call& call) {
  if (!library::is_record_id(call.capture)) {
    co_return no_such_video(call.capture);
  }
  co_return document_or_error(co_await videos_.find(call.capture, call.viewer));
}

Task<Answer> PandaApi::metadata(Call& call) {
  if (!library::is_record_id(call.capture)) {
    co_return no_such_video(call.capture);
  }
  co_return document_or_error(co_await videos_.metadata(call.capture, call.viewer));
}

Task<Answer> PandaApi::encodings(Call& call) {
  Answer video = co_await find(call);
  if (!video) {
    co_return video;
  }
  co_return empty_list(call, "encodings");
}

Task<Answer> PandaApi::all_encodings(Call& call) {
  co_return empty_list(call, "encodings");
}

Task<Answer> PandaApi::profiles(Call& call) {
  co_return empty_list(call, "profiles");
}

Task<Answer> PandaApi::remove(Call& call) {
  if (!library::is_record_id(call.capture)) {
    co_return no_such_video(call.capture);
  }
  co_return deleted_or_error(co_await videos_.remove(call.capture, call.viewer));
}

Task<Answer> PandaApi::remove_source(Call& call) {
  if (!library::is_record_id(call.capture)) {
    co_return no_such_video(call.capture);
  }
  co_return deleted_or_error(co_await videos_.remove_source(call.capture, call.viewer));
}

}  // namespace sluice::protocol::panda
