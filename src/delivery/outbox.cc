// SPDX-License-Identifier: MIT
#include "delivery/outbox.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/limits.h"
#include "base/random.h"

namespace sluice::delivery {
namespace {

// 2xx: delivered. 4xx: refused. A redirect is followed by nobody and decides nothing.
bool is_final(int status) {
  return (status >= 200 && status < 300) || (status >= 400 && status < 500);
}

constexpr Duration a_long_time = std::chrono::hours(24 * 365);

}  // namespace

Outbox::Outbox(journal::Journal& journal, Backend& backend, runtime::Executor executor,
               Clock& clock, Metrics& metrics, Log& log, const OutboxSettings& settings)
    : journal_(journal),
      backend_(backend),
      executor_(std::move(executor)),
      clock_(clock),
      metrics_(metrics),
      log_(log),
      settings_(settings),
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
    if (const auto errand = errands_.find(record.id); errand != errands_.end()) {
      errand->second.renewed = std::move(record);
      return;
    }
    if (closing_->is_set() || errands_.size() >= limits::deliveries_in_memory_max) {
      more_in_journal_ = true;
      return;
    }
    take_up(std::move(record));
  });
}

void Outbox::hurry(std::uint64_t upload_id) {
  boost::asio::post(executor_, [this, upload_id] {
    if (const auto errand = errands_.find(upload_id); errand != errands_.end()) {
      errand->second.hurry->set();
    }
  });
}

runtime::Task<bool> Outbox::close(Duration timeout) {
  closing_->set();
  for (const auto& [id, errand] : errands_) {
    errand.hurry->set();
  }
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
    if (errands_.size() >= limits::deliveries_in_memory_max) {
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
  const auto [errand, is_new] = errands_.try_emplace(record.id);
  if (is_new) {
    errand->second.hurry = std::make_shared<runtime::Event>();
    tasks_.spawn("delivery", deliver_until_answered(std::move(record)));
  }
}

runtime::Task<> Outbox::deliver_until_answered(journal::UploadRecord record) {
  unsigned attempts = record.progress.attempts;
  Timestamp not_before = record.progress.next_attempt_at;
  const Timestamp last = record.progress.handoff_since + settings_.give_up_after;
  for (;;) {
    co_await pause_until(record.id, not_before);
    if (!closing_->is_set()) {
      co_await take_slot();
    }
    if (closing_->is_set()) {
      break;
    }
    const Result<> answered = co_await attempt(record, attempts);
    give_slot_back();
    if (answered) {
      break;
    }
    ++attempts;
    const Timestamp now = clock_.now();
    if (now >= last && co_await give_up(record, attempts, answered.error())) {
      break;
    }
    not_before = now + retry_delay(settings_.delays, attempts, random_fraction());
    if (now < last) {
      not_before = std::min(not_before, last);
    }
    metrics_.deliveries_retried.add();
    // Lost by a crash, the count starts again from what was written before: no harm.
    (void)co_await ledger_->failed(record.token, attempts, not_before);
  }
  end_errand(record);
}

runtime::Task<> Outbox::pause_until(std::uint64_t upload_id, Timestamp not_before) {
  const Duration pause = std::max(not_before - clock_.now(), Duration::zero());
  if (pause == Duration::zero() || closing_->is_set()) {
    co_return;
  }
  const auto hurry = std::make_shared<runtime::Event>();
  errands_.at(upload_id).hurry = hurry;
  co_await hurry->wait(pause);
}

// What was submitted in the meantime is another round of attempts, or this one once more.
void Outbox::end_errand(const journal::UploadRecord& record) {
  const auto errand = errands_.find(record.id);
  std::optional<journal::UploadRecord> renewed = std::move(errand->second.renewed);
  errands_.erase(errand);
  if (closing_->is_set()) {
    return;
  }
  if (renewed && renewed->progress.handoff_since > record.progress.handoff_since) {
    take_up(std::move(*renewed));
  }
  if (more_in_journal_ && errands_.size() < limits::deliveries_in_memory_max / 2) {
    tasks_.spawn("outbox journal", take_up_undelivered());
  }
}

runtime::Task<Result<>> Outbox::attempt(const journal::UploadRecord& record, unsigned attempts) {
  ledger_->began(record.token);
  const Handoff handoff = handoff_of(record, attempts + 1);
  Result<Delivery> delivery = co_await ask_backend(handoff);
  if (delivery && !is_final(delivery->answer.status)) {
    delivery = fail(Errc::delivery_failed,
                    "the backend answered " + std::to_string(delivery->answer.status));
  }
  if (!delivery) {
    log_.warn("delivery failed", {{"upload", record.id},
                                  {"attempt", std::uint64_t{attempts} + 1},
                                  {"reason", delivery.error().message()}});
    co_return fail(delivery.error());
  }
  const int status = delivery->answer.status;
  const Result<> kept = co_await ledger_->answered(record.token, std::move(*delivery));
  if (!kept) {
    log_.error("answer of the backend could not be kept",
               {{"upload", record.id}, {"reason", kept.error().message()}});
    co_return kept;
  }
  const bool refused = status >= 400;
  (refused ? metrics_.deliveries_refused : metrics_.deliveries_delivered).add();
  log_.info(refused ? "refused by the backend" : "delivered",
            {{"upload", record.id}, {"status", status}});
  co_return Result<>();
}

// False when that could not be written down.
runtime::Task<bool> Outbox::give_up(const journal::UploadRecord& record, unsigned attempts,
                                    Error reason) {
  std::string text = reason.message().substr(0, limits::failure_bytes_max);
  const Result<> kept = co_await ledger_->gave_up(record.token, attempts, std::move(text));
  if (kept) {
    log_.error("delivery given up", {{"upload", record.id},
                                     {"attempts", std::uint64_t{attempts}},
                                     {"reason", reason.message()}});
  }
  co_return kept.has_value();
}

runtime::Task<Result<Delivery>> Outbox::ask_backend(const Handoff& handoff) {
  try {
    co_return co_await backend_.deliver(handoff);
  } catch (const std::exception& e) {
    co_return fail(Errc::delivery_failed, e.what());
  }
}

runtime::Task<> Outbox::take_slot() {
  if (attempts_running_ < settings_.at_once) {
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
