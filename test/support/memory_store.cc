// SPDX-License-Identifier: MIT
#include "support/memory_store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace sluice::testing {

using runtime::Task;

namespace {

class MemoryBlob final : public store::Blob {
 public:
  MemoryBlob(MemoryStore& store, const store::BlobRef& blob) : store_(store), blob_(blob) {}

  Task<store::Received> receive(ByteRange range, runtime::ByteSource& source,
                                store::AtEnd /*at_end*/) override {
    std::vector<std::byte> buffer(std::min<std::uint64_t>(range.size(), limits::buffer_bytes));
    const Result<std::size_t> count = co_await source.read(buffer, limits::buffer_fill_patience);
    if (!count) {
      co_return store::Received{0, fail(count.error())};
    }
    const Result<> written = write(range.begin, Bytes(buffer).first(*count));
    co_return store::Received{written ? *count : 0, written};
  }

  Task<Result<std::size_t>> count_equal(std::uint64_t offset, Bytes bytes) override {
    const Result<MemoryStore::File*> file = open();
    if (!file) {
      co_return fail(file.error());
    }
    if ((*file)->bytes.size() < offset + bytes.size()) {
      co_return fail(Errc::storage_failed, "the store has lost bytes of this upload");
    }
    const auto stored = as_bytes((*file)->bytes).subspan(offset, bytes.size());
    co_return std::ranges::mismatch(bytes, stored).in1 - bytes.begin();
  }

  Task<Result<>> settle(RangeSet /*unsynced*/) override {
    if (store_.failing_syncs) {
      co_return fail(Errc::storage_failed, "sync failed on purpose");
    }
    const Result<MemoryStore::File*> file = open();
    if (!file) {
      co_return fail(file.error());
    }
    (*file)->durable = (*file)->bytes;
    co_return Result<>();
  }

 private:
  Result<MemoryStore::File*> open() {
    MemoryStore::File& file = store_.blobs[blob_.upload_id];
    if (file.bytes.size() < blob_.stored_end) {
      return fail(Errc::storage_failed, "the blob is shorter than the journal says");
    }
    return &file;
  }

  Result<> write(std::uint64_t offset, Bytes data) {
    const Result<MemoryStore::File*> file = open();
    if (!file) {
      return fail(file.error());
    }
    const std::uint64_t end = offset + data.size();
    if (end > store_.capacity_bytes) {
      return fail(Errc::disk_full, "the store is full on purpose");
    }
    std::string& bytes = (*file)->bytes;
    if (bytes.size() < end) {
      bytes.resize(end);
    }
    bytes.replace(offset, data.size(), as_text(data));
    return {};
  }

  MemoryStore& store_;
  const store::BlobRef blob_;
};

}  // namespace

std::unique_ptr<store::Blob> MemoryStore::open(const store::BlobRef& blob) {
  return std::make_unique<MemoryBlob>(*this, blob);
}

Task<Result<>> MemoryStore::remove(std::uint64_t upload_id) {
  blobs.erase(upload_id);
  co_return Result<>();
}

Task<Result<bool>> MemoryStore::move_to(std::uint64_t upload_id, std::uint64_t file_size,
                                        std::string path) {
  const auto found = blobs.find(upload_id);
  const bool is_here = found != blobs.end();
  if (is_here) {
    moved[path] = found->second.durable;
    blobs.erase(found);
  } else if (file_size == 0) {
    moved.try_emplace(path, "");
  }
  if (!moved.contains(path) || moved[path].size() != file_size) {
    co_return fail(Errc::storage_failed, "the store has lost bytes of this upload");
  }
  co_return is_here;
}

Task<Result<>> MemoryStore::split(std::uint64_t upload_id, std::uint64_t main_size,
                                  std::vector<store::SplitOff> extra_files) {
  const auto found = blobs.find(upload_id);
  for (const store::SplitOff& extra : extra_files) {
    if (moved.contains(extra.path)) {
      continue;
    }
    const bool has_bytes = found != blobs.end() && found->second.durable.size() >= extra.range.end;
    if (!has_bytes && !extra.range.empty()) {
      co_return fail(Errc::storage_failed, "the store has lost bytes of this upload");
    }
    moved[extra.path] =
        has_bytes ? found->second.durable.substr(extra.range.begin, extra.range.size()) : "";
  }
  if (found != blobs.end() && found->second.durable.size() > main_size) {
    found->second.bytes.resize(main_size);
    found->second.durable.resize(main_size);
  }
  co_return Result<>();
}

Task<Result<store::Space>> MemoryStore::space() {
  co_return store::Space{free_bytes, free_bytes, free_files};
}

void MemoryStore::cut_power() {
  for (auto& [id, file] : blobs) {
    file.bytes = file.durable;
  }
}

}  // namespace sluice::testing
