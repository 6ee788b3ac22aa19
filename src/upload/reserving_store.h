// SPDX-License-Identifier: MIT
// The store as one upload's requests see it: when the blob is there, its upload has its room.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "store/store.h"
#include "upload/live_upload.h"

namespace sluice::upload {

class ReservingStore final : public store::Store {
 public:
  ReservingStore(store::Store& store, LiveUpload& upload) : store_(store), upload_(upload) {}

  runtime::Task<Result<std::unique_ptr<store::Blob>>> open(std::uint64_t upload_id,
                                                           std::uint64_t file_size,
                                                           std::uint64_t stored_end) override {
    auto blob = co_await store_.open(upload_id, file_size, stored_end);
    if (blob) {
      upload_.room_taken();
    }
    co_return blob;
  }
  runtime::Task<Result<>> remove(std::uint64_t upload_id) override {
    return store_.remove(upload_id);
  }
  runtime::Task<Result<>> move_to(std::uint64_t upload_id, std::uint64_t file_size,
                                  std::string path) override {
    return store_.move_to(upload_id, file_size, std::move(path));
  }
  runtime::Task<Result<runtime::DiskSpace>> space() override { return store_.space(); }

 private:
  store::Store& store_;
  LiveUpload& upload_;
};

}  // namespace sluice::upload
