// SPDX-License-Identifier: MIT
// Finished uploads as objects for an application that reads them in the store.
#pragma once

#include <string>
#include <utility>

#include "s3/object_store.h"
#include "store/objects/merger.h"
#include "store/references.h"

namespace sluice::store::objects {

// A bucket that a client speaks to.
struct Bucket {
  s3::ObjectStore& objects;
  std::string name;
};

// In the bucket of the store: the object is the upload's only one then, and goes with it.
class ObjectReferences final : public References {
 public:
  // The merger and the client outlive this.
  ObjectReferences(Merger& merger, Bucket bucket) : merger_(merger), bucket_(std::move(bucket)) {}

  runtime::Task<Result<Reference>> refer(FinishedUpload upload) override;
  runtime::Task<> withdraw(FinishedUpload upload) override;

 private:
  Merger& merger_;
  const Bucket bucket_;
};

// In a bucket of the application, which a copy is written to: PREFIX<name>-<16 hex digits>. It is
// the application's once it has been referred to, unless it is refused.
class CopiedReferences final : public References {
 public:
  // `own` is the name of the store's bucket, from which `theirs` copies: both are of one store, and
  // of one key to it. `prefix` may be empty. The merger and the client outlive this.
  CopiedReferences(Merger& merger, std::string own, Bucket theirs, std::string prefix)
      : merger_(merger),
        own_(std::move(own)),
        theirs_(std::move(theirs)),
        prefix_(std::move(prefix)) {}

  // The copy of an earlier attempt, where there is one: also of one that had not been heard of.
  runtime::Task<Result<Reference>> refer(FinishedUpload upload) override;
  runtime::Task<> withdraw(FinishedUpload upload) override;

 private:
  runtime::Task<Result<std::string>> copy(const FinishedUpload& upload);
  std::string prefix_of(const FinishedUpload& upload) const { return prefix_ + upload.name + "-"; }

  Merger& merger_;
  const std::string own_;
  const Bucket theirs_;
  const std::string prefix_;
};

}  // namespace sluice::store::objects
