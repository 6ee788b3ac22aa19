// SPDX-License-Identifier: MIT
// A blob that is a file of the local store.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "store/local/open_file.h"
#include "store/receiver.h"
#include "store/store.h"

namespace sluice::store::local {

// The parts that the blobs of one store work with; outlives them.
struct BlobTools {
  FileTools files;
  ReceiveTools receiving;
};

class LocalBlob final : public Blob {
 public:
  LocalBlob(BlobTools& tools, const BlobRef& blob, std::shared_ptr<OpenFile> file)
      : tools_(tools), blob_(blob), file_(std::move(file)), receiver_(tools.receiving) {}

  runtime::Task<Received> receive(ByteRange range, runtime::ByteSource& source,
                                  AtEnd at_end) override;
  runtime::Task<Result<std::size_t>> count_equal(std::uint64_t offset, Bytes bytes) override;
  // No extents: the upload's number names the file.
  runtime::Task<Result<std::vector<model::Extent>>> settle(RangeSet named,
                                                           RangeSet unsynced) override;

 private:
  class Writing;

  // These block.
  // Opens the file for `count` bytes at `offset`.
  Result<> open(std::uint64_t offset, std::uint64_t count);
  Result<std::size_t> count_equal_now(std::uint64_t offset, Bytes bytes);

  BlobTools& tools_;
  const BlobRef blob_;
  const std::shared_ptr<OpenFile> file_;
  Receiver receiver_;
};

}  // namespace sluice::store::local
