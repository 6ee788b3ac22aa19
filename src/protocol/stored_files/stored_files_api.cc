// SPDX-License-Identifier: MIT
#include "protocol/stored_files/stored_files_api.h"

#include <string>
#include <utility>

#include "protocol/download.h"
#include "protocol/paging.h"
#include "protocol/parameters.h"

namespace sluice::protocol::stored_files {
namespace {

using runtime::Task;
// The file's digest is its entity tag.
Task<Answer> download_opened(const http::Request& request,
                             const Result<files::OpenedFilePtr>& opened) {
  if (!opened) {
    co_return fail(opened.error());
  }
  const files::OpenedFile& stored = **opened;
  FileToDownload file;
  file.name = stored.name();
  file.content_type = stored.content_type();
  file.etag = '"' + stored.sha256() + '"';
  file.size = stored.size();
  file.open = [&stored](ByteRange range) { return stored.bytes(range); };
  co_return co_await protocol::download(request, file);
}

}  // namespace

// The first pattern that fits wins.
std::vector<Route> StoredFilesApi::routes() {
  using Kind = Route::Kind;
  using http::Method;
  const auto action = [this](Task<Answer> (StoredFilesApi::*handler)(Call&)) {
    return action_of(*this, handler);
  };
  return {{Kind::api,
           "stored_files",
           PathPattern("/stored-files.json"),
           {{Method::get, action(&StoredFilesApi::list)}}},
          {Kind::api,
           "stored_file",
           PathPattern("/stored-files/{}.json"),
           {{Method::get, action(&StoredFilesApi::find)},
            {Method::delete_, action(&StoredFilesApi::remove)}}},
          {Kind::api,
           "stored_file_content",
           PathPattern("/stored-files/{}/content"),
           {{Method::get, action(&StoredFilesApi::download)}}},
          {Kind::capability,
           "shared_file",
           PathPattern("/stored-files/{}"),
           {{Method::get, action(&StoredFilesApi::download_shared)}}}};
}

Task<Answer> StoredFilesApi::list(Call& call) {
  const Result<Parameters> parameters = Parameters::from_query(call.request);
  if (!parameters) {
    co_return fail(parameters.error());
  }
  const Result<Paging> paging = parse_paging(*parameters);
  if (!paging) {
    co_return fail(paging.error());
  }
  library::Filter filter;
  filter.page = paging->page;
  filter.per_page = paging->per_page;
  filter.viewer = call.viewer;
  const Result<library::DocumentList> list = co_await files_.list(std::move(filter));
  if (!list) {
    co_return fail(list.error());
  }
  co_return http::json_response(200, page_text("files", list->documents, *paging, list->total));
}

Task<Answer> StoredFilesApi::find(Call& call) {
  Result<std::string> document = co_await files_.find(call.capture, call.viewer);
  if (!document) {
    co_return fail(document.error());
  }
  co_return http::json_response(200, *std::move(document));
}

Task<Answer> StoredFilesApi::remove(Call& call) {
  const Result<> removed = co_await files_.remove(call.capture, call.viewer);
  if (!removed) {
    co_return fail(removed.error());
  }
  http::Response response;
  response.status = 204;
  co_return response;
}

Task<Answer> StoredFilesApi::download(Call& call) {
  const auto opened = co_await files_.open(call.capture, call.viewer);
  co_return co_await download_opened(call.request, opened);
}

Task<Answer> StoredFilesApi::download_shared(Call& call) {
  const auto opened = co_await files_.open_shared(call.capture);
  co_return co_await download_opened(call.request, opened);
}

}  // namespace sluice::protocol::stored_files
