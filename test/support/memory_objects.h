// SPDX-License-Identifier: MIT
// An object store in memory, behind a network that loses, delays and doubles requests as a test
// says. One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/limits.h"
#include "s3/object_store.h"

namespace sluice::testing {

enum class NetworkFault {
  none,
  lost,        // The request never arrives.
  late,        // It arrives at let_late_arrive(), when the caller has long given up.
  reply_lost,  // It is done, and the caller does not hear of it.
  doubled,     // It is done, and once more at let_late_arrive().
};

class MemoryObjects final : public s3::ObjectStore {
 public:
  runtime::Task<Result<>> put(std::string key, s3::Payload payload) override;
  runtime::Task<Result<std::string>> get_range(std::string key, ByteRange range) override;
  runtime::Task<Result<std::optional<s3::ObjectFacts>>> head(std::string key) override;
  runtime::Task<Result<s3::ListPage>> list(std::string prefix, std::string next) override;
  runtime::Task<Result<>> remove(std::vector<std::string> keys) override;
  runtime::Task<Result<s3::Multipart>> create_multipart(std::string key) override;
  runtime::Task<Result<s3::UploadedPart>> upload_part(s3::Multipart upload, unsigned number,
                                                      s3::Payload payload) override;
  runtime::Task<Result<s3::UploadedPart>> upload_part_copy(s3::Multipart upload, unsigned number,
                                                           s3::ObjectRange source) override;
  runtime::Task<Result<>> complete(s3::Multipart upload,
                                   std::vector<s3::UploadedPart> parts) override;
  runtime::Task<Result<>> abort(s3::Multipart upload) override;
  std::string presigned_get(const std::string& key, std::chrono::seconds valid) override;
  Duration time_ahead() const override { return ahead; }
  runtime::Task<Result<>> ping() override;
  runtime::Task<Result<s3::BucketRules>> bucket_rules() override;

  // What was late arrives, in its order.
  void let_late_arrive();

  // The next requests meet one of these each, those behind them none.
  std::deque<NetworkFault> faults;
  std::size_t requests = 0;  // So far.
  std::map<std::string, std::string> objects;
  s3::BucketRules rules;
  Duration ahead{0};
  std::size_t page_count = limits::s3_list_page_count;
  std::uint64_t part_bytes_min = limits::s3_part_bytes_min;
  std::uint64_t capacity_bytes = std::uint64_t{1} << 50U;  // Of objects; disk_full beyond.
  // Those that parts can be copied from, by their names.
  std::map<std::string, MemoryObjects*> buckets;
  // Defects of stores.
  bool takes_any_hash = false;
  bool lists_nothing = false;
  bool answers_ranges = true;
  bool copies_parts = true;

 private:
  struct OpenMultipart {
    std::string key;
    std::map<unsigned, std::string> parts;
  };

  template <class T>
  Result<T> meet(const std::function<Result<T>()>& effect);

  Result<std::string> accepted(const s3::Payload& payload) const;
  Result<> put_now(const std::string& key, const std::string& bytes);
  Result<std::string> range_of(const std::string& key, ByteRange range) const;
  Result<s3::UploadedPart> put_part(const s3::Multipart& upload, unsigned number,
                                    std::string bytes);
  Result<> complete_now(const s3::Multipart& upload, const std::vector<s3::UploadedPart>& parts);

  std::map<std::string, OpenMultipart> multiparts_;
  std::size_t multiparts_made_ = 0;
  std::vector<std::function<void()>> late_;
};

}  // namespace sluice::testing
