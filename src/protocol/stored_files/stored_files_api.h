// SPDX-License-Identifier: MIT
// The files of the embedded backend over HTTP (docs/files.md): lists, records, removal, downloads.
#pragma once

#include <memory>
#include <vector>

#include "files/files.h"
#include "protocol/call.h"
#include "protocol/route.h"
#include "runtime/task.h"

namespace sluice::protocol::stored_files {

class StoredFilesApi {
 public:
  // `files` outlives this. Any thread may call.
  explicit StoredFilesApi(files::Files& files) : files_(files) {}

  // The actions live as long as this.
  std::vector<Route> routes();

 private:
  // The id of a file is the call's capture.
  runtime::Task<Answer> list(Call& call);      // GET /stored-files.json
  runtime::Task<Answer> find(Call& call);      // GET /stored-files/ID.json
  runtime::Task<Answer> remove(Call& call);    // DELETE /stored-files/ID.json
  runtime::Task<Answer> download(Call& call);  // GET /stored-files/ID/content
  // The capture is the file's capability.
  runtime::Task<Answer> download_shared(Call& call);  // GET /stored-files/CAPABILITY

  files::Files& files_;
};

}  // namespace sluice::protocol::stored_files
