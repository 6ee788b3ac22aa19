// SPDX-License-Identifier: MIT
#include "support/memory_store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "store/file_source.h"

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

  Task<Result<std::vector<model::Extent>>> settle(RangeSet named, RangeSet /*unsynced*/) override {
    if (store_.failing_syncs) {
      co_return fail(store_.failure_of_syncs, "sync failed on purpose");
    }
    const Result<MemoryStore::File*> file = open();
    if (!file) {
      co_return fail(file.error());
    }
    (*file)->durable = (*file)->bytes;
    std::vector<model::Extent> extents;
    for (const ByteRange& range : named.ranges()) {
      extents.push_back({range, "object " + std::to_string(++store_.objects)});
    }
    co_return extents;
  }

  Task<Result<bool>> is_stored_so(RangeSet /*ranges*/) override { co_return !store_.others_differ; }

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

class MemoryFile final : public runtime::ReadableFile {
 public:
  explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
    const Bytes rest = as_bytes(bytes_).subspan(std::min<std::uint64_t>(offset, bytes_.size()));
    const Bytes some = rest.first(std::min(rest.size(), buffer.size()));
    std::ranges::copy(some, buffer.begin());
    return some.size();
  }
  int descriptor() const noexcept override { return MemoryStore::descriptor; }

 private:
  const std::string bytes_;
};

class MemoryNewFile final : public store::NewFile {
 public:
  explicit MemoryNewFile(std::string& bytes) : bytes_(bytes) { bytes_.clear(); }

  Result<> append(Bytes bytes) override {
    bytes_ += as_text(bytes);
    return {};
  }
  Result<std::string> finish() override { return {}; }

 private:
  std::string& bytes_;
};

Result<std::shared_ptr<runtime::ReadableFile>> open_file(const std::string& bytes,
                                                         std::uint64_t size) {
  if (bytes.size() != size) {
    return fail(Errc::storage_failed, "the store has lost bytes of a file");
  }
  return std::make_shared<MemoryFile>(bytes);
}

}  // namespace

std::unique_ptr<store::Blob> MemoryStore::open(const store::BlobRef& blob) {
  return std::make_unique<MemoryBlob>(*this, blob);
}

Task<Result<>> MemoryStore::remove(std::uint64_t upload_id) {
  blobs.erase(upload_id);
  co_return Result<>();
}

Task<Result<>> MemoryStore::release_room(std::uint64_t upload_id, std::uint64_t size) {
  if (const auto found = blobs.find(upload_id); found != blobs.end()) {
    found->second.bytes.resize(std::min<std::size_t>(found->second.bytes.size(), size));
    found->second.durable.resize(std::min<std::size_t>(found->second.durable.size(), size));
  }
  co_return Result<>();
}

Task<Result<std::shared_ptr<runtime::ReadableFile>>> MemoryStore::open_finished(
    std::uint64_t upload_id, std::uint64_t size) {
  const auto found = blobs.find(upload_id);
  co_return open_file(found == blobs.end() ? "" : found->second.durable, size);
}

Task<Result<std::unique_ptr<runtime::ByteSource>>> MemoryStore::read_finished(
    std::uint64_t upload_id, std::uint64_t size, std::uint64_t begin) {
  auto file = co_await open_finished(upload_id, size);
  if (!file) {
    co_return fail(file.error());
  }
  co_return std::make_unique<store::FileSource>(*inline_pool_, *std::move(file),
                                                ByteRange{begin, size}, "a blob");
}

Task<Result<bool>> MemoryStore::finish(std::uint64_t upload_id,
                                       std::vector<store::NamedRange> named) {
  const auto found = blobs.find(upload_id);
  const bool is_here = found != blobs.end();
  const bool is_made = copies_finished && std::ranges::all_of(named, [this](const auto& file) {
                         return files.contains(file.name);
                       });
  for (const auto& [range, name] : named) {
    if (is_here && !is_made && found->second.durable.size() >= range.end) {
      files[name] = found->second.durable.substr(range.begin, range.size());
    } else if (range.empty()) {
      files.try_emplace(name);
    }
    if (!files.contains(name) || files[name].size() != range.size()) {
      co_return fail(Errc::storage_failed, "the store has lost bytes of this upload");
    }
  }
  if (is_here && !copies_finished) {
    blobs.erase(found);
  }
  co_return is_here && !is_made;
}

Task<Result<>> MemoryStore::ping() {
  co_return is_away ? fail(Errc::unavailable, "no answer") : Result<>();
}

Task<Result<store::Space>> MemoryStore::space() {
  if (failing_space) {
    co_return fail(Errc::storage_failed, "statvfs: gone");
  }
  co_return store::Space{free_bytes, free_bytes, free_files};
}

Result<std::unique_ptr<store::NewFile>> MemoryStore::create(const std::string& name) {
  return std::make_unique<MemoryNewFile>(files[name]);
}

Task<Result<bool>> MemoryStore::exists(std::string name) {
  co_return files.contains(name);
}

Task<Result<std::shared_ptr<runtime::ReadableFile>>> MemoryStore::open(std::string name,
                                                                       std::uint64_t size) {
  const auto found = files.find(name);
  if (found == files.end()) {
    co_return fail(Errc::storage_failed, name + " is not there");
  }
  co_return open_file(found->second, size);
}

Task<Result<std::shared_ptr<runtime::ByteSource>>> MemoryStore::read(std::string name,
                                                                     std::uint64_t size,
                                                                     ByteRange range) {
  auto file = co_await open(name, size);
  if (!file) {
    co_return fail(file.error());
  }
  co_return std::make_shared<store::FileSource>(*inline_pool_, *std::move(file), range, name);
}

Task<Result<>> MemoryStore::remove(std::vector<std::string> names) {
  for (const std::string& name : names) {
    files.erase(name);
  }
  co_return Result<>();
}

void MemoryStore::cut_power() {
  for (auto& [id, file] : blobs) {
    file.bytes = file.durable;
  }
}

}  // namespace sluice::testing
