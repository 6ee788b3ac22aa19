// SPDX-License-Identifier: MIT
// An object store that speaks S3. The bucket stands in the path of each request.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "s3/exchange.h"
#include "s3/object_store.h"

namespace sluice::s3 {

// Requests are signed by the clock of this machine until an answer's Date shows that the store has
// another time.
class Client final : public ObjectStore {
 public:
  // Both outlive the client.
  Client(outgoing::Sender& sender, const Clock& clock, ClientSettings settings)
      : exchange_(sender, clock, std::move(settings)) {}

  runtime::Task<Result<>> put(std::string key, Payload payload) override;
  runtime::Task<Result<std::string>> get_range(std::string key, ByteRange range) override;
  runtime::Task<Result<std::optional<ObjectFacts>>> head(std::string key) override;
  runtime::Task<Result<ListPage>> list(std::string prefix, std::string next) override;
  runtime::Task<Result<>> remove(std::vector<std::string> keys) override;
  runtime::Task<Result<Multipart>> create_multipart(std::string key) override;
  runtime::Task<Result<UploadedPart>> upload_part(Multipart upload, unsigned number,
                                                  Payload payload) override;
  runtime::Task<Result<UploadedPart>> upload_part_copy(Multipart upload, unsigned number,
                                                       ObjectRange source) override;
  runtime::Task<Result<>> complete(Multipart upload, std::vector<UploadedPart> parts) override;
  runtime::Task<Result<>> abort(Multipart upload) override;
  std::string presigned_get(const std::string& key, std::chrono::seconds valid) override {
    return exchange_.presigned_url(key, valid);
  }
  Duration time_ahead() const override { return exchange_.time_ahead(); }
  // Any thread. For every request from now on, and every try.
  void change_key(SigningKey key) { exchange_.change_key(std::move(key)); }
  runtime::Task<Result<>> ping() override;
  runtime::Task<Result<BucketRules>> bucket_rules() override;

 private:
  runtime::Task<Result<>> remove_some(std::vector<std::string> keys);
  // The document that answers a question about the bucket; unset: the store does not know the
  // question, or has nothing to say.
  runtime::Task<Result<std::optional<std::string>>> ask_bucket(std::string question);

  Exchange exchange_;
};

}  // namespace sluice::s3
