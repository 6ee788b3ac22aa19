// SPDX-License-Identifier: MIT
#include "protocol/panda/panda_sessions.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <utility>

#include "protocol/content_digest.h"
#include "protocol/multichunk/multichunk_session.h"
#include "protocol/panda/page_request.h"
#include "protocol/panda/session_request.h"
#include "protocol/upload_location.h"

namespace sluice::protocol::panda {

using runtime::Task;

Task<Answer> PandaSessions::open(Call& call) {
  Result<Parameters> parameters = co_await Parameters::read(call.request, call.body);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  const Result<auth::Grant> grant = access_.judge(call, *parameters, auth::Window::usual);
  if (!grant) {
    co_return fail(grant.error());
  }
  co_return co_await create(call, *grant, *parameters, &PandaSessions::session_answer);
}

Task<Answer> PandaSessions::open_for_page(Call& call) {
  // Browsers let no page of another origin send this without permission; a form they would.
  if (!call.request.headers.find("X-Requested-With")) {
    co_return fail(Errc::bad_request, "expected X-Requested-With: scripts of this origin send it");
  }
  Result<Parameters> form = co_await Parameters::read(call.request, call.body);
  if (!form) {
    co_return fail(form.error());
  }
  const Result<auth::Grant> grant = access_.judge(call, *form, auth::Window::usual);
  if (!grant) {
    co_return fail(grant.error());
  }
  const Result<Parameters> parameters = parse_page_request(*form);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  if (const Result<> allowed = Access::check_clouds(*grant, *parameters); !allowed) {
    co_return fail(allowed.error());
  }
  co_return co_await create(call, *grant, *parameters, &PandaSessions::page_session_answer);
}

Task<Answer> PandaSessions::create(Call& call, const auth::Grant& grant,
                                   const Parameters& parameters, SessionAnswer answer) {
  Result<upload::NewUpload> request = parse_session_request(parameters);
  if (!request) {
    co_return fail(request.error());
  }
  Result<std::optional<model::Layout>> layout =
      multichunk::parse_layout(parameters, request->file_size, settings_.file_size_max);
  if (!layout) {
    co_return fail(layout.error());
  }
  if (*layout && !(*layout)->extra_files.empty() && !settings_.takes_extra_files) {
    co_return fail(
        Errc::bad_request,
        "extra_files: expected none, as the backend behind this server takes single files");
  }
  if (*layout) {
    request->file_size = (*layout)->total_size();
    request->layout = *std::move(layout);
    request->dialect = multichunk::dialect_of(call.request);
  }
  Opened opened = co_await opener_.open(call, grant, *std::move(request));
  if (!opened) {
    co_return std::move(opened.error());
  }
  call.headers.set("Want-Content-Digest", wanted_digests);
  co_return (this->*answer)(call, **opened);
}

http::Response PandaSessions::session_answer(const Call& call,
                                             const upload::Snapshot& snapshot) const {
  if (snapshot.layout) {
    return multichunk::session_answer(snapshot.id, upload_location(call, settings_, snapshot.token),
                                      *snapshot.layout, settings_.part_connections);
  }
  boost::json::object document;
  document["id"] = snapshot.id;
  document["location"] = upload_location(call, settings_, snapshot.token);
  return http::json_response(201, boost::json::serialize(document));
}

http::Response PandaSessions::page_session_answer(const Call& call,
                                                  const upload::Snapshot& snapshot) const {
  boost::json::object document;
  document["upload_url"] = upload_location(call, settings_, snapshot.token);
  return http::json_response(200, boost::json::serialize(document));
}

}  // namespace sluice::protocol::panda
