// SPDX-License-Identifier: MIT
#include "simulation/two_engines_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <type_traits>

#include "base/limits.h"
#include "simulation/turns.h"
#include "support/forwarding_journal.h"
#include "support/forwarding_store.h"
#include "support/run.h"

namespace sluice::simulation {

using runtime::Task;

namespace {

// No renewal is needed within a run: real time does not pass.
constexpr std::chrono::hours lease_duration{1};

Error dead() {
  return Error(Errc::storage_failed, "the node has died");
}

}  // namespace

Shared::Shared(Dice& the_dice, SharingDefect the_defect) : dice(the_dice), defect(the_defect) {
  journal.shared = true;
}

void Shared::violate(const std::string& what) {
  if (!violation) {
    violation = what;
  }
}

Task<bool> Gate::pass() {
  co_await wait_some_turns(dice_);
  while (const std::shared_ptr<runtime::Event> frozen = frozen_) {
    co_await frozen->wait(std::chrono::minutes(1));
  }
  while (!alive_ && !co_await end_->wait(std::chrono::minutes(1))) {
  }
  co_return alive_;
}

void Gate::freeze() {
  if (alive_ && !frozen_) {
    frozen_ = std::make_shared<runtime::Event>();
  }
}

void Gate::thaw() {
  if (const auto frozen = std::exchange(frozen_, nullptr)) {
    frozen->set();
  }
}

void Gate::die() {
  alive_ = false;
  thaw();
}

void Gate::end() {
  end_->set();
}

class Node::Journal final : public testing::ForwardingJournal<Node::Journal> {
 public:
  Journal(Node& node, Shared& shared) : node_(node), shared_(shared) {}

  template <class Call>
  std::invoke_result_t<Call&, journal::Journal&> forward(Call call) {
    if (!co_await node_.gate_.pass()) {
      co_return fail(dead());
    }
    co_return co_await call(shared_.journal);
  }

  Task<Result<>> commit(std::vector<journal::Change> changes) override {
    stumble();
    if (!co_await node_.gate_.pass()) {
      co_return fail(dead());
    }
    if (shared_.defect == SharingDefect::changes_without_versions) {
      forget_versions(changes);
    }
    if (shared_.dice.chance(shared_.faults.late)) {
      shared_.late.push_back(std::move(changes));
      co_return fail(Errc::storage_failed, "the outcome of the commit is unknown");
    }
    Result<> done = co_await shared_.journal.commit(std::move(changes));
    shared_.conflicts += !done && done.error().code() == Errc::conflict ? 1 : 0;
    if (shared_.dice.chance(shared_.faults.lost_reply)) {
      done = fail(Errc::storage_failed, "the outcome of the commit is unknown");
    }
    stumble();
    if (!co_await node_.gate_.pass()) {
      co_return fail(dead());
    }
    co_return done;
  }

  Task<Result<std::vector<std::uint64_t>>> claim(journal::Work work, std::vector<std::uint64_t> ids,
                                                 journal::Lease lease) override {
    Result<std::vector<std::uint64_t>> held = ids;
    if (shared_.defect != SharingDefect::delivers_without_claims) {
      held = co_await ForwardingJournal::claim(work, std::move(ids), lease);
    }
    if (held) {
      for (const std::uint64_t id : *held) {
        shared_.claims[{node_.name_, id}] = shared_.now() + lease.duration;
      }
    }
    co_return held;
  }
  Task<Result<>> release(journal::Work work, std::vector<std::uint64_t> ids,
                         std::string node) override {
    for (const std::uint64_t id : ids) {
      shared_.claims.erase({node, id});
    }
    return ForwardingJournal::release(work, std::move(ids), std::move(node));
  }
  bool is_shared() const noexcept override {
    return shared_.defect != SharingDefect::answers_from_its_cache;
  }
  bool healthy() const noexcept override { return shared_.journal.healthy(); }

 private:
  void stumble() {
    if (shared_.dice.chance(shared_.faults.freeze)) {
      node_.gate_.freeze();
    }
    if (shared_.dice.chance(shared_.faults.death)) {
      node_.gate_.die();
    }
  }
  void forget_versions(std::vector<journal::Change>& changes) {
    for (journal::Change& change : changes) {
      auto* const update = std::get_if<journal::UpdateUpload>(&change);
      const auto known = update == nullptr ? shared_.journal.uploads.end()
                                           : shared_.journal.uploads.find(update->id);
      if (known != shared_.journal.uploads.end()) {
        update->progress.version = known->second.progress.version;
      }
    }
  }

  Node& node_;
  Shared& shared_;
};

// Both nodes may write the same blob: all clients of an upload send the same file.
class Node::Store final : public testing::ForwardingStore {
 public:
  Store(Gate& gate, store::Store& store) : ForwardingStore(store), gate_(gate) {}

  std::unique_ptr<store::Blob> open(const store::BlobRef& blob) override {
    return std::make_unique<Blob>(gate_, ForwardingStore::open(blob));
  }

 protected:
  Task<Result<>> before_change() override {
    co_return co_await gate_.pass() ? Result<>() : fail(dead());
  }

 private:
  class Blob final : public testing::ForwardingBlob {
   public:
    Blob(Gate& gate, std::unique_ptr<store::Blob> blob)
        : ForwardingBlob(std::move(blob)), gate_(gate) {}

   protected:
    Task<Result<>> before_call() override {
      co_return co_await gate_.pass() ? Result<>() : fail(dead());
    }

   private:
    Gate& gate_;
  };

  Gate& gate_;
};

// Acts once for each Idempotency-Key, and repeats the answer for a repeated key.
class Node::Application final : public delivery::Backend {
 public:
  Application(Node& node, Shared& shared) : node_(node), shared_(shared) {}

  Task<Result<delivery::Delivery>> deliver(const delivery::Handoff& handoff) override {
    const std::uint64_t number = begin(handoff.upload_id);
    Result<delivery::Delivery> delivery = co_await attempt(handoff, number);
    shared_.attempts.erase(number);
    co_return delivery;
  }

 private:
  std::uint64_t begin(std::uint64_t upload_id) {
    const bool holds_it = shared_.claims[{node_.name_, upload_id}] > shared_.now();
    for (const auto& [number, other] : shared_.attempts) {
      if (other.upload_id != upload_id || other.node == node_.name_) {
        continue;
      }
      if (holds_it && shared_.claims[{other.node, upload_id}] > shared_.now()) {
        shared_.violate(fmt::format("two nodes hand upload {} over at once", upload_id));
      }
      ++shared_.overlapping_attempts;
    }
    const std::uint64_t number = ++shared_.attempts_begun;
    shared_.attempts[number] = {node_.name_, upload_id};
    return number;
  }

  Task<Result<delivery::Delivery>> attempt(const delivery::Handoff& handoff, std::uint64_t number) {
    if (shared_.dice.chance(shared_.faults.freeze)) {
      node_.gate_.freeze();
    }
    if (!co_await node_.gate_.pass() || shared_.dice.chance(shared_.faults.backend_failure)) {
      co_return fail(Errc::delivery_failed, "planted failure of the backend");
    }
    if (!has_whole_file(handoff)) {
      co_return fail(Errc::delivery_failed, "the file is gone");
    }
    const auto answer =
        shared_.application.try_emplace(handoff.idempotency_key, fmt::format("answer {}", number));
    delivery::Delivery delivery;
    delivery.answer.status = 200;
    delivery.answer.body = answer.first->second;
    model::VideoRecord video;
    video.id = fmt::format("{}", number);
    video.upload_id = handoff.upload_id;
    video.status = "success";
    delivery.changes.emplace_back(journal::PutVideo{std::move(video)});
    if (!co_await node_.gate_.pass()) {
      co_return fail(Errc::delivery_failed, "the node has died");
    }
    co_return delivery;
  }

  // Another node may have handed the upload over meanwhile, and removed its blob.
  bool has_whole_file(const delivery::Handoff& handoff) {
    const auto record = shared_.journal.uploads.find(handoff.upload_id);
    const bool is_wanted = record != shared_.journal.uploads.end() &&
                           upload::awaits_answer(record->second.progress.state);
    const std::string& found = shared_.store.blobs[handoff.upload_id].durable;
    const bool is_whole = found == shared_.sources[handoff.upload_id];
    if (is_wanted && !is_whole) {
      shared_.violate(
          fmt::format("the backend gets another file for upload {}", handoff.upload_id));
    }
    return is_whole;
  }

  Node& node_;
  Shared& shared_;
};

Node::Node(std::string name, Shared& shared, boost::asio::io_context& context, Clock& clock)
    : name_(std::move(name)),
      shared_(shared),
      gate_(shared.dice),
      buffers_(3 * limits::buffer_bytes, metrics_.buffers_in_use),
      answers_(shared.store),
      journal_(std::make_unique<Journal>(*this, shared)),
      store_(std::make_unique<Store>(gate_, shared.store)),
      application_(std::make_unique<Application>(*this, shared)),
      tasks_(context.get_executor(), log_) {
  delivery::OutboxSettings outbox;
  outbox.delays = {Duration::zero(), Duration::zero()};
  outbox.lease = {name_, lease_duration};
  outbox_ = std::make_unique<delivery::Outbox>(*journal_, *application_, context.get_executor(),
                                               clock, metrics_, log_, outbox);
  upload::EngineSettings settings;
  settings.admission = {std::uint64_t{1} << 30U, 0};
  const std::chrono::hours kept(10'000);
  settings.expiry = {kept, kept, kept, kept, kept, kept};
  settings.answer_wait = Duration::zero();
  settings.status_wait = std::chrono::minutes(1);
  settings.arrival_wait = Duration::zero();
  engine_ = std::make_unique<upload::UploadEngine>(
      upload::EngineParts{*journal_, *store_, answers_, announcer_, buffers_, clock, metrics_,
                          log_},
      *outbox_, settings, *sluice::testing::run(shared.journal.promises()));
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

}  // namespace sluice::simulation
