// SPDX-License-Identifier: MIT
#include "delivery/outbox.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <random>
#include <utility>

#include "base/limits.h"

namespace sluice::delivery {
namespace {

double random_fraction() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

constexpr Duration a_long_time = std::chrono::hours(24 * 365);

}  // namespace

Outbox::Outbox(journal::Journal& journal, Backend& backend, runtime::Executor executor,
               Clock& clock, Metrics& metrics, Log& log, RetryDelays delays)
    : journal_(journal),
      backend_(backend),
      executor_(std::move(executor)),
      clock_(clock),
      metrics_(metrics),
      log_(log),
      delays_(delays),
      tasks_(executor_, log) {}

Outbox::~Outbox() = default;

void Outbox::open(Ledger& ledger) {
  ledger_ = &ledger;
  boost::asio::post(executor_, [this] {
    more_in_journal_ = true;
    tasks_.spawn("outbox journal", take_up_undelivered());
  });
}

void Outbox::submit(journal::UploadRecord record) {
  boost::asio::post(executor_, [this, record = std::move(record)]() mutable {
    if (closing_->is_set() || in_memory_.size() >= limits::deliveries_in_memory_max) {
      more_in_journal_ = true;
      return;
    }
    take_up(std::move(record));
  });
}

runtime::Task<bool> Outbox::close(Duration timeout) {
  closing_->set();
  for (const std::shared_ptr<runtime::Event>& waiting : waiting_for_slot_) {
    waiting->set();
  }
  co_return co_await tasks_.wait(timeout);
}

// Reads page after page while there is room; the rest is read when half of what is in memory has
// been answered.
runtime::Task<> Outbox::take_up_undelivered() {
  if (taking_up_) {
    co_return;
  }
  taking_up_ = true;
  more_in_journal_ = false;
  std::uint64_t after = 0;
  while (!closing_->is_set()) {
    if (in_memory_.size() >= limits::deliveries_in_memory_max) {
      more_in_journal_ = true;
      break;
    }
    auto page = co_await journal_.undelivered(after, limits::deliveries_page_count);
    if (!page) {
      log_.error("outbox cannot read the journal", {{"reason", page.error().message()}});
      more_in_journal_ = true;
      break;
    }
    if (page->empty()) {
      break;
    }
    after = page->back().id;
    for (journal::UploadRecord& record : *page) {
      take_up(std::move(record));
    }
  }
  taking_up_ = false;
}

void Outbox::take_up(journal::UploadRecord record) {
  if (in_memory_.insert(record.id).second) {
    tasks_.spawn("delivery", deliver_until_answered(std::move(record)));
  }
}

runtime::Task<> Outbox::deliver_until_answered(journal::UploadRecord record) {
  unsigned attempts = record.progress.attempts;
  Timestamp not_before = record.progress.next_attempt_at;
  bool answered = false;
  while (!answered) {
    const Duration pause = std::max(not_before - clock_.now(), Duration::zero());
    if (pause > Duration::zero()) {
      co_await closing_->wait(pause);
    }
    if (!closing_->is_set()) {
      co_await take_slot();
    }
    if (closing_->is_set()) {
      break;
    }
    answered = co_await attempt(record, attempts);
    give_slot_back();
    if (!answered) {
      ++attempts;
      not_before = clock_.now() + retry_delay(delays_, attempts, random_fraction());
      metrics_.deliveries_retried.add();
      // Lost by a crash, the count starts again from what was written before: no harm.
      (void)co_await ledger_->failed(record.token, attempts, not_before);
    }
  }
  in_memory_.erase(record.id);
  if (more_in_journal_ && in_memory_.size() < limits::deliveries_in_memory_max / 2 &&
      !closing_->is_set()) {
    tasks_.spawn("outbox journal", take_up_undelivered());
  }
}

// True when there is an answer and it is durable.
runtime::Task<bool> Outbox::attempt(const journal::UploadRecord& record, unsigned attempts) {
  ledger_->began(record.token);
  const Handoff handoff = handoff_of(record, attempts + 1);
  Result<Delivery> delivery = co_await ask_backend(handoff);
  if (delivery && delivery->answer.status >= 500) {
    delivery = fail(Errc::delivery_failed,
                    "the backend answered " + std::to_string(delivery->answer.status));
  }
  if (!delivery) {
    log_.warn("delivery failed", {{"upload", record.id},
                                  {"attempt", std::uint64_t{attempts} + 1},
                                  {"reason", delivery.error().message()}});
    co_return false;
  }
  const int status = delivery->answer.status;
  const Result<> kept = co_await ledger_->answered(record.token, std::move(*delivery));
  if (!kept) {
    log_.error("answer of the backend could not be kept",
               {{"upload", record.id}, {"reason", kept.error().message()}});
    co_return false;
  }
  const bool refused = status >= 400;
  (refused ? metrics_.deliveries_refused : metrics_.deliveries_delivered).add();
  log_.info(refused ? "refused by the backend" : "delivered",
            {{"upload", record.id}, {"status", status}});
  co_return true;
}

runtime::Task<Result<Delivery>> Outbox::ask_backend(const Handoff& handoff) {
  try {
    co_return co_await backend_.deliver(handoff);
  } catch (const std::exception& e) {
    co_return fail(Errc::delivery_failed, e.what());
  }
}

runtime::Task<> Outbox::take_slot() {
  if (attempts_running_ < limits::deliveries_at_once_max) {
    ++attempts_running_;
    co_return;
  }
  // Whoever ends an attempt passes its slot on, so that it is never free for a newcomer in between.
  const auto turn = std::make_shared<runtime::Event>();
  waiting_for_slot_.push_back(turn);
  co_await turn->wait(a_long_time);
}

void Outbox::give_slot_back() {
  if (waiting_for_slot_.empty()) {
    --attempts_running_;
    return;
  }
  waiting_for_slot_.front()->set();
  waiting_for_slot_.pop_front();
}

}  // namespace sluice::delivery
