// SPDX-License-Identifier: MIT
#include "simulation/nodes_node.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/limits.h"
#include "support/forwarding_store.h"
#include "support/run.h"

namespace sluice::simulation {

using runtime::Task;

namespace {

// No renewal is needed within a run: real time does not pass.
constexpr std::chrono::hours lease_duration{1};
constexpr std::uint64_t scratch_bytes = std::uint64_t{64} << 20U;
constexpr std::size_t sector_bytes = 512;
constexpr const char* scratch_directory = "/scratch";
constexpr const char* bucket_prefix = "nodes";

delivery::OutboxSettings outbox_settings(const std::string& name) {
  delivery::OutboxSettings settings;
  settings.delays = {Duration::zero(), Duration::zero()};
  settings.lease = {name, lease_duration};
  return settings;
}

upload::EngineSettings engine_settings(const upload::Expiry& expiry) {
  upload::EngineSettings settings;
  settings.admission = {std::uint64_t{1} << 30U, 0};
  settings.expiry = expiry;
  settings.answer_wait = Duration::zero();
  settings.status_wait = std::chrono::minutes(1);
  settings.arrival_wait = Duration::zero();
  return settings;
}

std::vector<std::string> objects_of(const std::vector<model::Extent>& extents) {
  std::vector<std::string> names;
  names.reserve(extents.size());
  for (const model::Extent& extent : extents) {
    names.push_back(extent.object);
  }
  return names;
}

// As its name has it.
ByteRange range_of(const std::string& object) {
  const std::size_t end = object.rfind('-') + 1;
  const std::size_t begin = object.rfind('-', end - 2) + 1;
  return {std::stoull(object.substr(begin)), std::stoull(object.substr(end))};
}

// Some extents that lie behind each other, two at least, or none.
std::vector<model::Extent> adjacent(const std::vector<model::Extent>& all, Dice& dice) {
  if (all.size() < 2) {
    return {};
  }
  const std::size_t first = dice.below(all.size() - 1);
  const std::size_t most = dice.between(2, all.size() - first);
  std::vector<model::Extent> some{all[first]};
  while (some.size() < most && all[first + some.size()].range.begin == some.back().range.end) {
    some.push_back(all[first + some.size()]);
  }
  return some.size() < 2 ? std::vector<model::Extent>() : some;
}

}  // namespace

// As if no other node ever stored other bytes, and none came late.
class Node::TrustingStore final : public testing::ForwardingStore {
 public:
  TrustingStore(store::Store& store, NodesDefect defect)
      : ForwardingStore(store), defect_(defect) {}

  std::unique_ptr<store::Blob> open(const store::BlobRef& blob) override {
    std::unique_ptr<store::Blob> opened = ForwardingStore::open(blob);
    return defect_ == NodesDefect::compares_nothing ? std::make_unique<Blob>(std::move(opened))
                                                    : std::move(opened);
  }
  Duration late_bytes_max() const noexcept override {
    return defect_ == NodesDefect::forgets_what_comes_late ? Duration::zero()
                                                           : ForwardingStore::late_bytes_max();
  }

 private:
  class Blob final : public testing::ForwardingBlob {
   public:
    explicit Blob(std::unique_ptr<store::Blob> blob) : ForwardingBlob(std::move(blob)) {}

    Task<Result<bool>> is_stored_so(RangeSet /*ranges*/) override { co_return true; }
  };

  const NodesDefect defect_;
};

Node::Node(std::string name, NodesShared& shared, boost::asio::io_context& context, Clock& clock)
    : name_(std::move(name)),
      shared_(shared),
      gate_(shared),
      buffers_(3 * limits::buffer_bytes, metrics_.buffers_in_use),
      disk_(shared.dice, process_, sector_bytes),
      scratch_(disk_, scratch_directory, scratch_bytes),
      journal_(name_, gate_, shared),
      objects_(gate_, shared),
      reader_(objects_, [this](std::uint64_t id, std::uint64_t from,
                               std::size_t count) { return journal_.extents(id, from, count); }),
      names_(bucket_prefix),
      extents_({objects_,
                [this](std::uint64_t id, std::uint64_t from, std::size_t count) {
                  return journal_.extents(id, from, count);
                },
                scratch_, pool_, buffers_, context.get_executor(), log_, metrics_},
               bucket_prefix),
      store_(std::make_unique<TrustingStore>(extents_, shared.defect)),
      answers_(files_),
      application_(name_, gate_, shared, extents_, reader_),
      tasks_(context.get_executor(), log_) {
  disk_.add_directory(scratch_directory);
  FaultRates rates;
  rates.write_error = rates.read_error = rates.name_error = shared.faults.scratch;
  disk_.set_faults(rates);
  outbox_ = std::make_unique<delivery::Outbox>(journal_, application_, context.get_executor(),
                                               clock, metrics_, log_, outbox_settings(name_));
  engine_ = std::make_unique<upload::UploadEngine>(
      upload::EngineParts{journal_, *store_, answers_, announcer_, buffers_, clock, metrics_, log_},
      *outbox_, engine_settings(shared.expiry), *testing::run(shared.journal.promises()));
  outbox_->open(engine_->ledger());
}

Node::~Node() = default;

Task<> Node::close() {
  std::erase_if(shared_.attempts,
                [this](const auto& attempt) { return attempt.second.node == name_; });
  gate_.end();
  (void)co_await outbox_->close(std::chrono::minutes(1));
  std::erase_if(shared_.claims, [this](const auto& claim) { return claim.first.first == name_; });
}

// Nothing is removed before the swap is known.
Task<> Node::fold(std::uint64_t upload_id) {
  const auto all = co_await journal_.extents(upload_id, 0, limits::extents_page_count);
  const std::vector<model::Extent> old =
      all ? adjacent(*all, shared_.dice) : std::vector<model::Extent>();
  if (old.empty()) {
    co_return;
  }
  std::string text;
  for (const model::Extent& extent : old) {
    const Result<std::string> part = co_await reader_.read_part(extent);
    if (!part) {
      co_return;
    }
    text += *part;
  }
  const ByteRange whole{old.front().range.begin, old.back().range.end};
  const std::string object = names_.next(upload_id, whole);
  if (const Result<> put = co_await objects_.put(object, s3::payload_of(std::move(text))); !put) {
    co_return;
  }
  if (shared_.defect == NodesDefect::folds_before_it_knows) {
    (void)co_await objects_.remove(objects_of(old));
  }
  std::vector<journal::Change> changes;
  changes.emplace_back(journal::ReplaceExtents{upload_id, old, {{whole, object}}});
  if (const Result<> swapped = co_await journal_.commit(std::move(changes)); swapped) {
    ++shared_.folds;
    co_await remove_folded(upload_id, old);
  }
}

// An object of which a byte has no extent may still be named by a commit under way.
Task<> Node::remove_folded(std::uint64_t upload_id, std::vector<model::Extent> old) {
  const auto all = co_await journal_.extents(upload_id, 0, limits::extents_page_count);
  if (!all) {
    co_return;
  }
  const std::vector<std::string> named = objects_of(*all);
  RangeSet covered;
  for (const model::Extent& extent : *all) {
    covered.add(extent.range);
  }
  std::vector<std::string> over = objects_of(old);
  std::erase_if(over, [&](const std::string& object) {
    return std::ranges::find(named, object) != named.end() || !covered.contains(range_of(object));
  });
  if (!over.empty()) {
    (void)co_await objects_.remove(std::move(over));
  }
}

Task<> Node::collect(std::uint64_t upload_id) {
  std::vector<std::string> over;
  std::string next;
  do {
    const Result<s3::ListPage> page = co_await objects_.list(names_.prefix_of(upload_id), next);
    if (!page) {
      co_return;
    }
    for (const s3::ListedObject& object : page->objects) {
      over.push_back(object.key);
    }
    next = page->next;
  } while (!next.empty());
  const auto all = co_await journal_.extents(upload_id, 0, limits::extents_page_count);
  if (!all) {
    co_return;
  }
  std::vector<std::string> named;
  for (const model::Extent& extent : *all) {
    named.push_back(shared_.name_of(extent.object));
  }
  std::erase_if(over, [&](const std::string& object) {
    return std::ranges::find(named, object) != named.end();
  });
  if (!over.empty()) {
    (void)co_await objects_.remove(std::move(over));
  }
}

}  // namespace sluice::simulation
