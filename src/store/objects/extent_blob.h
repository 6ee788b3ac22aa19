// SPDX-License-Identifier: MIT
// A blob whose bytes come into objects.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "store/objects/extent_writer.h"
#include "store/receiver.h"
#include "store/store.h"

namespace sluice::store::objects {

// What is under way when it goes ends by itself.
class ExtentBlob final : public Blob {
 public:
  ExtentBlob(ExtentTools& tools, const BlobRef& blob)
      : tools_(tools),
        upload_id_(blob.upload_id),
        writer_(std::make_shared<ExtentWriter>(tools, blob)),
        receiver_(tools.receiving) {}

  runtime::Task<Received> receive(ByteRange range, runtime::ByteSource& source,
                                  AtEnd at_end) override;
  runtime::Task<Result<std::size_t>> count_equal(std::uint64_t offset, Bytes bytes) override;
  runtime::Task<Result<std::vector<model::Extent>>> settle(RangeSet named,
                                                           RangeSet unsynced) override;
  runtime::Task<Result<bool>> is_stored_so(RangeSet ranges) override;

 private:
  class Writing;

  // Of the range, as far as the extent with its first byte goes: nullopt where others are stored.
  runtime::Task<Result<std::optional<std::uint64_t>>> count_stored_so(ByteRange range);

  ExtentTools& tools_;
  const std::uint64_t upload_id_;
  const std::shared_ptr<ExtentWriter> writer_;
  Receiver receiver_;
};

}  // namespace sluice::store::objects
