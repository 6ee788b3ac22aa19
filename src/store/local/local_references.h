// SPDX-License-Identifier: MIT
// Finished uploads as files for an application beside Sluice.
#pragma once

#include <string>
#include <utility>

#include "store/local/local_store.h"
#include "store/references.h"

namespace sluice::store::local {

class LocalReferences final : public References {
 public:
  // `directory`, which is the application's and on the file system of the store, gets a second name
  // of each file (a hard link), durably; empty: the path in the data directory is told, which is
  // true until the blob is removed. The store outlives this.
  LocalReferences(LocalStore& store, std::string directory)
      : store_(store), directory_(std::move(directory)) {}

  runtime::Task<Result<Reference>> refer(FinishedUpload upload) override;
  runtime::Task<> withdraw(FinishedUpload upload) override;

 private:
  std::string link_path(const FinishedUpload& upload) const {
    return directory_ + "/" + upload.name;
  }

  LocalStore& store_;
  const std::string directory_;
};

}  // namespace sluice::store::local
