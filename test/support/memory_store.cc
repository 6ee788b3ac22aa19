// SPDX-License-Identifier: MIT
#include "support/memory_store.h"

#include <algorithm>
#include <utility>

namespace sluice::testing {

using runtime::Task;

namespace {

class MemoryBlob final : public store::Blob {
 public:
  MemoryBlob(MemoryStore& store, MemoryStore::File& file) : store_(store), file_(file) {}

  Task<Result<>> write(std::uint64_t offset, Bytes data) override {
    const std::uint64_t end = offset + data.size();
    if (end > store_.capacity_bytes) {
      co_return fail(Errc::disk_full, "the store is full on purpose");
    }
    if (file_.bytes.size() < end) {
      file_.bytes.resize(end);
    }
    file_.bytes.replace(offset, data.size(), as_text(data));
    co_return Result<>();
  }

  Task<Result<std::size_t>> read(std::uint64_t offset, MutableBytes buffer) override {
    if (offset >= file_.bytes.size()) {
      co_return 0;
    }
    const Bytes from = as_bytes(file_.bytes).subspan(offset);
    const std::size_t count = std::min(from.size(), buffer.size());
    std::ranges::copy(from.first(count), buffer.begin());
    co_return count;
  }

  Task<Result<>> sync() override {
    if (store_.failing_syncs) {
      co_return fail(Errc::storage_failed, "sync failed on purpose");
    }
    file_.durable = file_.bytes;
    co_return Result<>();
  }

 private:
  MemoryStore& store_;
  MemoryStore::File& file_;
};

}  // namespace

Task<Result<std::unique_ptr<store::Blob>>> MemoryStore::open(std::uint64_t upload_id,
                                                             std::uint64_t /*file_size*/,
                                                             std::uint64_t stored_end) {
  File& file = blobs[upload_id];
  if (file.bytes.size() < stored_end) {
    co_return fail(Errc::storage_failed, "the blob is shorter than the journal says");
  }
  std::unique_ptr<store::Blob> blob = std::make_unique<MemoryBlob>(*this, file);
  co_return blob;
}

Task<Result<std::uint64_t>> MemoryStore::size(std::uint64_t upload_id) {
  if (upload_id == without_size) {
    co_return fail(Errc::storage_failed, "its size is not told on purpose");
  }
  const auto found = blobs.find(upload_id);
  co_return found == blobs.end() ? 0 : found->second.bytes.size();
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

Task<Result<runtime::DiskSpace>> MemoryStore::space() {
  co_return runtime::DiskSpace{free_bytes, free_bytes, free_files};
}

void MemoryStore::cut_power() {
  for (auto& [id, file] : blobs) {
    file.bytes = file.durable;
  }
}

}  // namespace sluice::testing
