// SPDX-License-Identifier: MIT
#include "store/local/blob_split.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <ranges>
#include <utility>

#include "base/limits.h"
#include "store/local/whole_file.h"

namespace sluice::store::local {

BlobSplit::BlobSplit(runtime::Disk& disk, std::string blob_path, Durability durability)
    : disk_(disk), blob_path_(std::move(blob_path)), is_durable_(durability != Durability::none) {}

Result<> BlobSplit::run(std::uint64_t main_size, const std::vector<SplitOff>& extra_files) {
  for (const SplitOff& extra : extra_files | std::views::reverse) {
    if (const Result<> out = put_out(extra); !out) {
      return out;
    }
    if (const Result<> shorter = shorten(extra.range.begin); !shorter) {
      return shorter;
    }
  }
  return shorten(main_size);
}

Result<> BlobSplit::put_out(const SplitOff& extra) {
  const Result<bool> there = is_there(extra);
  if (!there) {
    return fail(there.error());
  }
  if (!*there) {
    const std::string partial = extra.path + partial_suffix;
    Result<> done = copy(extra.range, partial);
    if (done) {
      done = disk_.rename(partial, extra.path);
    }
    if (!done) {
      return done;
    }
  }
  // Also for a file that an earlier attempt has put there, whose name may not be durable yet.
  const std::string directory = std::filesystem::path(extra.path).parent_path().string();
  return is_durable_ ? disk_.sync_directory(directory) : Result<>();
}

Result<bool> BlobSplit::is_there(const SplitOff& extra) {
  const auto file = open_whole(disk_, extra.path, extra.range.size());
  if (!file && file.error().code() != Errc::file_missing) {
    return fail(file.error());
  }
  return file.has_value();
}

// A partial file of an earlier attempt holds the same bytes, or the beginning of them.
Result<> BlobSplit::copy(ByteRange range, const std::string& path) {
  const auto target = disk_.open(path, runtime::OpenMode::create);
  if (!target) {
    return fail(target.error());
  }
  if (!range.empty()) {
    const auto blob = disk_.open(blob_path_, runtime::OpenMode::read_only);
    if (!blob) {
      return fail(blob.error());
    }
    std::vector<std::byte> buffer(std::min<std::uint64_t>(range.size(), limits::buffer_bytes));
    for (std::uint64_t at = range.begin; at < range.end;) {
      const MutableBytes wanted =
          MutableBytes(buffer).first(std::min<std::uint64_t>(buffer.size(), range.end - at));
      const Result<std::size_t> count = (*blob)->read_at(at, wanted);
      if (!count) {
        return fail(count.error());
      }
      if (*count != wanted.size()) {
        return fail(Errc::storage_failed,
                    fmt::format("{} ends before byte {}", blob_path_, range.end));
      }
      if (const Result<> written = (*target)->write_at(at - range.begin, wanted); !written) {
        return written;
      }
      at += wanted.size();
    }
  }
  return is_durable_ ? (*target)->sync() : Result<>();
}

// Synced before the blob gets its final name: a file that is there under that name is complete.
Result<> BlobSplit::shorten(std::uint64_t size) {
  const auto blob = disk_.open(blob_path_, runtime::OpenMode::read_write);
  if (!blob && blob.error().code() == Errc::file_missing) {
    return {};
  }
  if (!blob) {
    return fail(blob.error());
  }
  if (const Result<> done = (*blob)->shorten(size); !done) {
    return done;
  }
  return is_durable_ ? (*blob)->sync() : Result<>();
}

}  // namespace sluice::store::local
