// SPDX-License-Identifier: MIT
// For a test that steps in between a program and its object store.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "s3/object_store.h"

namespace sluice::testing {

class ForwardingObjects : public s3::ObjectStore {
 public:
  // `inner` outlives this.
  explicit ForwardingObjects(s3::ObjectStore& inner) : inner_(inner) {}

  runtime::Task<Result<>> put(std::string key, s3::Payload payload) override {
    return inner_.put(std::move(key), std::move(payload));
  }
  runtime::Task<Result<std::string>> get_range(std::string key, ByteRange range) override {
    return inner_.get_range(std::move(key), range);
  }
  runtime::Task<Result<std::optional<s3::ObjectFacts>>> head(std::string key) override {
    return inner_.head(std::move(key));
  }
  runtime::Task<Result<s3::ListPage>> list(std::string prefix, std::string next) override {
    return inner_.list(std::move(prefix), std::move(next));
  }
  runtime::Task<Result<>> remove(std::vector<std::string> keys) override {
    return inner_.remove(std::move(keys));
  }
  runtime::Task<Result<s3::Multipart>> create_multipart(std::string key) override {
    return inner_.create_multipart(std::move(key));
  }
  runtime::Task<Result<s3::UploadedPart>> upload_part(s3::Multipart upload, unsigned number,
                                                      s3::Payload payload) override {
    return inner_.upload_part(std::move(upload), number, std::move(payload));
  }
  runtime::Task<Result<s3::UploadedPart>> upload_part_copy(s3::Multipart upload, unsigned number,
                                                           s3::ObjectRange source) override {
    return inner_.upload_part_copy(std::move(upload), number, std::move(source));
  }
  runtime::Task<Result<>> complete(s3::Multipart upload,
                                   std::vector<s3::UploadedPart> parts) override {
    return inner_.complete(std::move(upload), std::move(parts));
  }
  runtime::Task<Result<>> abort(s3::Multipart upload) override {
    return inner_.abort(std::move(upload));
  }
  std::string presigned_get(const std::string& key, std::chrono::seconds valid) override {
    return inner_.presigned_get(key, valid);
  }
  Duration time_ahead() const override { return inner_.time_ahead(); }
  runtime::Task<Result<>> ping() override { return inner_.ping(); }
  runtime::Task<Result<s3::BucketRules>> bucket_rules() override { return inner_.bucket_rules(); }

 private:
  s3::ObjectStore& inner_;
};

}  // namespace sluice::testing
