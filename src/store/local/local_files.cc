// SPDX-License-Identifier: MIT
#include "store/local/local_files.h"

#include <filesystem>
#include <set>
#include <utility>

#include "store/file_source.h"
#include "store/local/disk_space.h"
#include "store/local/open_file.h"
#include "store/local/whole_file.h"

namespace sluice::store::local {
namespace {

std::string parent_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

class LocalNewFile final : public NewFile {
 public:
  LocalNewFile(runtime::Disk& disk, std::string directory, Durability durability,
               std::unique_ptr<runtime::DiskFile> file)
      : disk_(disk),
        directory_(std::move(directory)),
        durability_(durability),
        file_(std::move(file)) {}

  Result<> append(Bytes bytes) override {
    Result<> written = file_->write_at(size_, bytes);
    size_ += bytes.size();
    return written;
  }

  Result<std::string> finish() override {
    if (durability_ == Durability::none) {
      return {};
    }
    Result<> synced = file_->sync();
    if (synced) {
      synced = disk_.sync_directory(directory_);
    }
    return synced ? Result<std::string>() : fail_as_broken(synced.error());
  }

 private:
  runtime::Disk& disk_;
  const std::string directory_;
  const Durability durability_;
  const std::unique_ptr<runtime::DiskFile> file_;
  std::uint64_t size_ = 0;
};

}  // namespace

LocalFiles::LocalFiles(runtime::Disk& disk, runtime::BlockingPool& pool, std::string directory,
                       Durability durability)
    : disk_(disk), pool_(pool), directory_(std::move(directory)), durability_(durability) {}

// A file that an interrupted attempt has left may be longer than the new one.
Result<std::unique_ptr<NewFile>> LocalFiles::create(const std::string& name) {
  const std::string path = path_of(name);
  if (const Result<> removed = disk_.remove(path); !removed) {
    return fail_as_broken(removed.error());
  }
  auto file = disk_.open(path, runtime::OpenMode::create);
  if (!file) {
    return fail_as_broken(file.error());
  }
  return std::make_unique<LocalNewFile>(disk_, parent_of(path), durability_, std::move(*file));
}

runtime::Task<Result<bool>> LocalFiles::exists(std::string name) {
  auto work = [this, &name] { return disk_.exists(path_of(name)); };
  co_return co_await runtime::offload(pool_, std::move(work));
}

runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> LocalFiles::open(std::string name,
                                                                               std::uint64_t size) {
  auto work = [this, &name, size]() -> Result<std::shared_ptr<runtime::ReadableFile>> {
    auto file = open_whole(disk_, path_of(name), size);
    if (!file) {
      return fail_as_broken(file.error());
    }
    return std::move(*file);
  };
  co_return co_await runtime::offload(pool_, std::move(work));
}

runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> LocalFiles::read(std::string name,
                                                                             std::uint64_t size,
                                                                             ByteRange range) {
  auto file = co_await open(name, size);
  if (!file) {
    co_return fail(file.error());
  }
  co_return std::make_shared<FileSource>(pool_, *std::move(file), range, path_of(name));
}

runtime::Task<Result<>> LocalFiles::remove(std::vector<std::string> names) {
  auto work = [this, &names] { return remove_now(names); };
  co_return co_await runtime::offload(pool_, std::move(work));
}

// A file that is gone already may have been removed by a process that died before its sync.
Result<> LocalFiles::remove_now(const std::vector<std::string>& names) {
  std::set<std::string> directories;
  for (const std::string& name : names) {
    const std::string path = path_of(name);
    if (const Result<> removed = disk_.remove(path); !removed) {
      return fail_as_broken(removed.error());
    }
    directories.insert(parent_of(path));
  }
  for (const std::string& directory : directories) {
    const Result<> synced =
        durability_ == Durability::none ? Result<>() : disk_.sync_directory(directory);
    if (!synced) {
      return fail_as_broken(synced.error());
    }
  }
  return {};
}

runtime::Task<Result<Space>> LocalFiles::space() {
  auto work = [this] { return space_of(disk_, directory_); };
  co_return co_await runtime::offload(pool_, std::move(work));
}

}  // namespace sluice::store::local
