// SPDX-License-Identifier: MIT
#include "simulation/faulty_disk.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace sluice::simulation {

using runtime::OpenMode;

namespace {

std::unexpected<Error> input_output_error() {
  return fail(Errc::storage_failed, "planted input/output error");
}

}  // namespace

std::string parent_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

class FaultyDisk::File final : public runtime::DiskFile {
 public:
  File(FaultyDisk& disk, NodePointer node)
      : disk_(disk), node_(std::move(node)), lost_batches_known_(node_->heard_batches) {}

  Result<> write_at(std::uint64_t offset, Bytes data) override {
    if (Result<> begun = disk_.begin_call(); !begun) {
      return begun;
    }
    const bool fails = disk_.dice_.chance(disk_.rates_.write_error);
    const bool is_partial = fails || !disk_.process_.alive;
    const auto count =
        is_partial ? static_cast<std::size_t>(disk_.dice_.below(data.size() + 1)) : data.size();
    disk_.write_cache(*node_, offset, data.first(count));
    if (fails) {
      return disk_.dice_.chance(0.5) ? fail(Errc::disk_full, "planted full disk")
                                     : input_output_error();
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
    if (Result<> begun = disk_.begin_call(disk_.rates_.read_error); !begun) {
      return fail(begun.error());
    }
    if (offset >= node_->cache.size()) {
      return 0;
    }
    const Bytes from = as_bytes(node_->cache).subspan(offset);
    const std::size_t count = std::min(from.size(), buffer.size());
    std::ranges::copy(from.first(count), buffer.begin());
    return count;
  }

  Result<> preallocate(std::uint64_t /*size*/) override {
    if (Result<> begun = disk_.begin_call(); !begun) {
      return begun;
    }
    return disk_.dice_.chance(disk_.rates_.write_error) ? fail(Errc::disk_full, "planted full disk")
                                                        : Result<>();
  }

  void start_writeback(ByteRange /*range*/) override {}

  Result<> sync() override {
    if (Result<> begun = disk_.begin_call(); !begun) {
      return begun;
    }
    const bool fails = disk_.dice_.chance(disk_.rates_.sync_error);
    if (fails) {
      disk_.lose_dirty(*node_);
    } else if (!disk_.process_.alive) {
      disk_.write_back(*node_);
      return input_output_error();
    }
    if (node_->lost_batches != lost_batches_known_) {
      lost_batches_known_ = node_->lost_batches;
      node_->heard_batches = node_->lost_batches;
      ++disk_.failed_syncs_;
      return input_output_error();
    }
    disk_.persist_all(*node_);
    return {};
  }

  Result<std::uint64_t> size() override {
    if (Result<> begun = disk_.begin_call(); !begun) {
      return fail(begun.error());
    }
    return node_->cache.size();
  }

  // The platter learns of it with the next sync.
  Result<> shorten(std::uint64_t size) override {
    if (Result<> begun = disk_.begin_call(disk_.rates_.name_error); !begun) {
      return begun;
    }
    if (node_->cache.size() > size) {
      node_->cache.resize(size);
      const std::size_t sectors = (size + disk_.sector_bytes_ - 1) / disk_.sector_bytes_;
      node_->dirty.erase(node_->dirty.lower_bound(sectors), node_->dirty.end());
    }
    return {};
  }

  int descriptor() const noexcept override { return -1; }

 private:
  FaultyDisk& disk_;
  const NodePointer node_;
  std::uint64_t lost_batches_known_;
};

FaultyDisk::FaultyDisk(Dice& dice, Process& process, std::size_t sector_bytes)
    : dice_(dice), process_(process), sector_bytes_(sector_bytes) {}

void FaultyDisk::add_directory(const std::string& path) {
  const auto node = std::make_shared<Node>();
  node->is_directory = true;
  names_[path] = node;
  durable_names_[path] = node;
}

void FaultyDisk::add_directory_and_parents(const std::string& path) {
  for (std::string at = path; at != "/"; at = parent_of(at)) {
    add_directory(at);
  }
}

Result<> FaultyDisk::begin_call() {
  if (!process_.alive) {
    return fail(Errc::storage_failed, "the process has died");
  }
  ++calls_;
  write_back_somewhere();
  if (calls_to_live_ && --*calls_to_live_ == 0) {
    calls_to_live_.reset();
    process_.alive = false;
    if (dice_.chance(0.5)) {
      return fail(Errc::storage_failed, "the process has died");
    }
  }
  return {};
}

Result<> FaultyDisk::begin_call(double error_rate) {
  Result<> begun = begin_call();
  return begun && dice_.chance(error_rate) ? input_output_error() : begun;
}

void FaultyDisk::write_back_somewhere() {
  if (names_.empty() || !dice_.chance(rates_.writeback)) {
    return;
  }
  const auto index = static_cast<std::ptrdiff_t>(dice_.below(names_.size()));
  Node& node = *std::next(names_.begin(), index)->second;
  if (dice_.chance(rates_.writeback_error) && !node.dirty.empty()) {
    lose_dirty(node);
    return;
  }
  write_back(node);
}

// Some of the dirty sectors reach the platter.
void FaultyDisk::write_back(Node& node) {
  std::erase_if(node.dirty, [&](std::size_t sector) {
    const bool reached = dice_.chance(0.5);
    if (reached) {
      persist(node, sector);
    }
    return reached;
  });
}

void FaultyDisk::write_cache(Node& node, std::uint64_t offset, Bytes data) const {
  if (data.empty()) {
    return;
  }
  const auto begin = static_cast<std::size_t>(offset);
  const std::size_t end = begin + data.size();
  // Behind the end of a file that was cut there may be old bytes on the platter.
  const std::size_t changed_from = std::min(begin, node.cache.size());
  if (node.cache.size() < end) {
    node.cache.resize(end);
  }
  node.cache.replace(begin, data.size(), as_text(data));
  for (std::size_t sector = changed_from / sector_bytes_; sector * sector_bytes_ < end; ++sector) {
    node.dirty.insert(sector);
  }
}

void FaultyDisk::persist(Node& node, std::size_t sector) const {
  const std::size_t begin = sector * sector_bytes_;
  const std::size_t end = std::min(begin + sector_bytes_, node.cache.size());
  if (node.platter.size() < end) {
    node.platter.resize(end);
  }
  node.platter.replace(begin, end - begin, node.cache, begin, end - begin);
}

void FaultyDisk::persist_all(Node& node) const {
  for (const std::size_t sector : node.dirty) {
    persist(node, sector);
  }
  node.dirty.clear();
  node.platter.resize(node.cache.size());
}

// The page cache may keep lost bytes readable until the kernel needs the memory.
void FaultyDisk::lose_dirty(Node& node) {
  const bool stays_readable = dice_.chance(0.5);
  for (const std::size_t sector : node.dirty) {
    if (dice_.chance(0.3)) {
      persist(node, sector);
    }
  }
  node.dirty.clear();
  ++node.lost_batches;
  if (!stays_readable) {
    const std::size_t size = node.cache.size();
    node.cache = node.platter;
    node.cache.resize(size);
  }
}

void FaultyDisk::change_names(NameChange change) {
  for (const auto& [path, node] : change.entries) {
    if (node) {
      names_[path] = node;
    } else {
      names_.erase(path);
    }
  }
  pending_.push_back(std::move(change));
}

// Earlier changes of the same names become durable first. Returns the number of changes.
std::size_t FaultyDisk::make_durable(std::size_t index) {
  const NameChange change = pending_[index];
  std::size_t count = 1;
  for (std::size_t i = 0; i < index;) {
    const bool is_related = std::ranges::any_of(pending_[i].entries, [&](const auto& earlier) {
      return std::ranges::any_of(change.entries,
                                 [&](const auto& entry) { return entry.first == earlier.first; });
    });
    if (!is_related) {
      ++i;
      continue;
    }
    const std::size_t gone = make_durable(i);
    index -= gone;
    count += gone;
    i = 0;
  }
  for (const auto& [path, node] : change.entries) {
    if (node) {
      durable_names_[path] = node;
    } else {
      durable_names_.erase(path);
    }
  }
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(index));
  return count;
}

void FaultyDisk::drop_files_without_directory() {
  // Sorted: a directory comes before what is in it.
  for (auto at = durable_names_.begin(); at != durable_names_.end();) {
    const std::string parent = parent_of(at->first);
    const bool is_lost = parent != "/" && !durable_names_.contains(parent);
    at = is_lost ? durable_names_.erase(at) : std::next(at);
  }
}

void FaultyDisk::cut_power() {
  // A journal of the file system keeps the order; a stricter disk keeps any subset.
  const bool in_order = dice_.chance(0.5);
  if (in_order) {
    for (std::uint64_t kept = dice_.below(pending_.size() + 1); kept > 0; --kept) {
      make_durable(0);
    }
  } else {
    std::erase_if(pending_, [&](const NameChange&) { return dice_.chance(0.5); });
    while (!pending_.empty()) {
      make_durable(0);
    }
  }
  pending_.clear();
  for (const Names* names : {&names_, &durable_names_}) {
    for (const auto& [path, node] : *names) {
      const double luck = static_cast<double>(dice_.below(3)) / 2;
      for (const std::size_t sector : node->dirty) {
        if (dice_.chance(luck)) {
          persist(*node, sector);
        }
      }
      if (node->platter.size() != node->cache.size() && dice_.chance(luck)) {
        node->platter.resize(node->cache.size());
      }
      node->dirty.clear();
      node->cache = node->platter;
      node->heard_batches = node->lost_batches;
    }
  }
  drop_files_without_directory();
  names_ = durable_names_;
}

bool FaultyDisk::hides_failed_writes() const {
  return std::ranges::any_of(names_, [](const auto& name) {
    return name.second->heard_batches != name.second->lost_batches;
  });
}

std::optional<std::string> FaultyDisk::durable_bytes(const std::string& path) const {
  const auto found = durable_names_.find(path);
  if (found == durable_names_.end() || !durable_names_.contains(parent_of(path))) {
    return std::nullopt;
  }
  return found->second->platter;
}

std::optional<std::string> FaultyDisk::visible_bytes(const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? std::nullopt : std::optional(found->second->cache);
}

std::vector<std::string> FaultyDisk::visible_files() const {
  std::vector<std::string> files;
  for (const auto& [path, node] : names_) {
    if (!node->is_directory) {
      files.push_back(path);
    }
  }
  return files;
}

Result<> FaultyDisk::no_such_file(const std::string& path) const {
  return fail(Errc::file_missing, path + ": no such file");
}

Result<std::unique_ptr<runtime::DiskFile>> FaultyDisk::open(const std::string& path,
                                                            OpenMode mode) {
  if (Result<> begun = begin_call(rates_.name_error); !begun) {
    return fail(begun.error());
  }
  if (mode == OpenMode::unnamed) {
    return std::make_unique<File>(*this, std::make_shared<Node>());
  }
  auto found = names_.find(path);
  if (found == names_.end()) {
    if (mode != OpenMode::create || !names_.contains(parent_of(path))) {
      return fail(no_such_file(path).error());
    }
    change_names({{{path, std::make_shared<Node>()}}, parent_of(path), {}});
    found = names_.find(path);
  }
  return std::make_unique<File>(*this, found->second);
}

Result<> FaultyDisk::truncate(const std::string& path, std::uint64_t size) {
  if (Result<> begun = begin_call(rates_.write_error); !begun) {
    return begun;
  }
  const auto found = names_.find(path);
  if (found == names_.end()) {
    return no_such_file(path);
  }
  Node& node = *found->second;
  node.cache.resize(static_cast<std::size_t>(size));
  std::erase_if(node.dirty, [&](std::size_t sector) { return sector * sector_bytes_ >= size; });
  return {};
}

Result<> FaultyDisk::rename(const std::string& from, const std::string& to) {
  if (Result<> begun = begin_call(rates_.name_error); !begun) {
    return begun;
  }
  const auto found = names_.find(from);
  if (found == names_.end() || !names_.contains(parent_of(to))) {
    return no_such_file(from);
  }
  const NodePointer node = found->second;
  change_names({{{from, nullptr}, {to, node}}, parent_of(to), parent_of(from)});
  return {};
}

Result<> FaultyDisk::remove(const std::string& path) {
  if (Result<> begun = begin_call(rates_.name_error); !begun) {
    return begun;
  }
  if (names_.contains(path)) {
    change_names({{{path, nullptr}}, parent_of(path), {}});
  }
  return {};
}

Result<bool> FaultyDisk::exists(const std::string& path) {
  if (Result<> begun = begin_call(rates_.name_error); !begun) {
    return fail(begun.error());
  }
  return names_.contains(path);
}

Result<> FaultyDisk::make_directory(const std::string& path) {
  if (Result<> begun = begin_call(rates_.name_error); !begun) {
    return begun;
  }
  if (!names_.contains(path)) {
    const auto node = std::make_shared<Node>();
    node->is_directory = true;
    change_names({{{path, node}}, parent_of(path), {}});
  }
  return {};
}

Result<> FaultyDisk::sync_directory(const std::string& path) {
  if (Result<> begun = begin_call(rates_.directory_sync_error); !begun) {
    return begun;
  }
  if (!names_.contains(path)) {
    return no_such_file(path);
  }
  // The sync of the directory that a renamed file has left may make the rename durable.
  const bool is_lucky = dice_.chance(0.5);
  const auto is_meant = [&](const NameChange& change) {
    return change.directory == path || (is_lucky && change.left_directory == path);
  };
  for (auto next = std::ranges::find_if(pending_, is_meant); next != pending_.end();
       next = std::ranges::find_if(pending_, is_meant)) {
    make_durable(static_cast<std::size_t>(next - pending_.begin()));
  }
  return {};
}

// Without chance and uncounted: the engine remembers the answer for some real time.
Result<runtime::DiskSpace> FaultyDisk::space(const std::string& /*path*/) {
  return runtime::DiskSpace{std::uint64_t{1} << 40U, std::uint64_t{1} << 40U};
}

}  // namespace sluice::simulation
