// SPDX-License-Identifier: MIT
#include "protocol/location_resources.h"

#include "protocol/download.h"
#include "protocol/upload_answer.h"
#include "protocol/upload_location.h"

namespace sluice::protocol {

using runtime::Task;

std::vector<Route> LocationResources::routes() {
  std::vector<Route> routes{{Route::Kind::location,
                             "answer",
                             PathPattern("/uploads/{}/answer"),
                             {{http::Method::get, action_of(*this, &LocationResources::answer)}}}};
  if (settings_.downloads == Downloads::capability) {
    routes.push_back({Route::Kind::location,
                      "content",
                      PathPattern("/uploads/{}/content"),
                      {{http::Method::get, action_of(*this, &LocationResources::content)}}});
  }
  return routes;
}

Task<Result<upload::SnapshotPtr>> LocationResources::find(Call& call) {
  if (!is_upload_token(call.capture)) {
    co_return fail(Errc::not_found, "there is no upload here");
  }
  Result<upload::SnapshotPtr> snapshot = co_await engine_.peek(call.capture);
  if (snapshot) {
    call.upload_id = (*snapshot)->id;
  }
  co_return snapshot;
}

Task<Answer> LocationResources::answer(Call& call) {
  const Result<upload::SnapshotPtr> snapshot = co_await find(call);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  if (!is_decided(**snapshot)) {
    co_return fail(Errc::delivery_pending,
                   is_whole(**snapshot)
                       ? "all bytes are stored, the backend has not answered yet: ask again"
                       : "there is no answer before all bytes are stored");
  }
  if (!(*snapshot)->answer) {
    co_return fail(failure_of(**snapshot));
  }
  co_return co_await with_whole_body(engine_, **snapshot, final_answer(*(*snapshot)->answer));
}

Task<Answer> LocationResources::content(Call& call) {
  const Result<upload::SnapshotPtr> snapshot = co_await find(call);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  co_return co_await download(engine_, call.request, **snapshot);
}

}  // namespace sluice::protocol
