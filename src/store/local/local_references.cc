// SPDX-License-Identifier: MIT
#include "store/local/local_references.h"

namespace sluice::store::local {

using runtime::Task;

Task<Result<Reference>> LocalReferences::refer(FinishedUpload upload) {
  if (directory_.empty()) {
    Result<std::string> path = co_await store_.path_of_finished(upload.id, upload.size);
    if (!path) {
      co_return fail(path.error());
    }
    co_return FileReference{*std::move(path)};
  }
  std::string path = link_path(upload);
  const Result<> linked = co_await store_.link_finished(upload.id, upload.size, path);
  if (!linked) {
    co_return fail(linked.error());
  }
  co_return FileReference{std::move(path)};
}

Task<> LocalReferences::withdraw(FinishedUpload upload) {
  if (!directory_.empty()) {
    std::ignore = co_await store_.unlink_finished(link_path(upload));
  }
}

}  // namespace sluice::store::local
