// SPDX-License-Identifier: MIT
#include "delivery/outbox.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/random.h"

namespace sluice::delivery {
namespace {

// 2xx: delivered. 4xx: refused. A redirect is not followed and decides nothing.
bool is_final(const Delivery& delivery) {
  const int status = delivery.answer.status;
  return !delivery.is_trouble &&
         ((status >= 200 && status < 300) || (status >= 400 && status < 500));
}

// The beginning of the answer, for a line of the log.
std::string reason_of(const model::Answer& answer) {
  return answer.body.substr(0, limits::failure_bytes_max);
}

// As the upload's record keeps it.
std::string text_of(const Error& reason) {
  return reason.message().substr(0, limits::failure_bytes_max);
}

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
      tasks_(executor_, log),
      turns_(settings.at_once) {}

Outbox::~Outbox() = default;

void Outbox::open(Ledger& ledger) {
  ledger_ = &ledger;
  boost::asio::post(executor_, [this] {
    more_in_journal_ = true;
    tasks_.spawn("outbox journal", take_up_undelivered());
    if (journal_.is_shared()) {
      tasks_.spawn("outbox orphans", look_for_orphans());
    }
  });
}

// Takes up the deliveries of a node that has died.
runtime::Task<> Outbox::look_for_orphans() {
  while (!co_await closing_->wait(settings_->lease.duration)) {
    more_in_journal_ = true;
    co_await take_up_undelivered();
  }
}

void Outbox::submit(model::UploadRecord record) {
  boost::asio::post(executor_, [this, record = std::move(record)]() mutable {
    if (const auto errand = errands_.find(record.id); errand != errands_.end()) {
      errand->second.renewed = std::move(record);
      return;
    }
    if (!closing_->is_set()) {
      take_up(std::move(record));
    }
  });
}

runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> Outbox::read_delivered(
    model::UploadRecord record, ByteRange range) {
  const Handoff handoff = handoff_of(record);
  co_return co_await backend_.read_delivered(handoff, range);
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
  turns_.end();
  co_return co_await tasks_.wait(timeout);
}

// Reads while there is room; the rest is read when half of the uploads in memory have been
// answered, of an owner as of all. A page that cannot be read is asked for again, with growing
// pauses.
runtime::Task<> Outbox::take_up_undelivered() {
  if (taking_up_) {
    co_return;
  }
  taking_up_ = true;
  unsigned failed_reads = 0;
  for (std::optional<Backlog> next = next_backlog(); next; next = next_backlog()) {
    const Result<> read = co_await read_backlog(*std::move(next));
    failed_reads = read ? 0 : failed_reads + 1;
    if (!read) {
      log_.error("outbox cannot read the journal", {{"reason", read.error().message()}});
      more_in_journal_ = true;
      co_await closing_->wait(retry_delay(settings_->delays, failed_reads, random_fraction()));
    }
  }
  taking_up_ = false;
}

std::optional<Outbox::Backlog> Outbox::next_backlog() {
  if (closing_->is_set()) {
    return std::nullopt;
  }
  if (more_in_journal_ && errands_.size() < limits::deliveries_in_memory_max / 2) {
    more_in_journal_ = false;
    more_of_owner_.clear();
    return Backlog();
  }
  for (auto more = more_of_owner_.begin(); more != more_of_owner_.end(); ++more) {
    if (errands_of(more->first) < limits::deliveries_of_owner_in_memory_max / 2) {
      Backlog backlog{.after = more->second - 1, .owner = more->first};
      more_of_owner_.erase(more);
      return backlog;
    }
  }
  return std::nullopt;
}

runtime::Task<Result<>> Outbox::read_backlog(Backlog backlog) {
  const auto goes_on = [this, &backlog] {
    return !closing_->is_set() && !more_in_journal_ &&
           !(backlog.owner && more_of_owner_.contains(*backlog.owner));
  };
  while (goes_on()) {
    auto page = co_await journal_.undelivered(backlog.after, limits::deliveries_page_count);
    if (!page) {
      co_return fail(page.error());
    }
    if (page->empty()) {
      break;
    }
    backlog.after = page->back().id;
    for (model::UploadRecord& record : *page) {
      take_up(std::move(record));
    }
  }
  co_return Result<>();
}

void Outbox::take_up(model::UploadRecord record) {
  if (errands_.contains(record.id) || !has_room_for(record)) {
    return;
  }
  metrics_.deliveries_waiting.add(1);
  ++errands_of_owner_[record.owner];
  errands_[record.id].hurry = std::make_shared<runtime::Event>();
  tasks_.spawn("delivery", deliver_until_answered(std::move(record)));
}

// An owner's only errand has room beside those of all others, however many these are.
bool Outbox::has_room_for(const model::UploadRecord& record) {
  const std::size_t others_of_owner = errands_of(record.owner);
  if (others_of_owner >= limits::deliveries_of_owner_in_memory_max) {
    const auto more = more_of_owner_.try_emplace(record.owner, record.id).first;
    more->second = std::min(more->second, record.id);
    return false;
  }
  const std::size_t most = limits::deliveries_in_memory_max * (others_of_owner == 0 ? 2 : 1);
  more_in_journal_ = more_in_journal_ || errands_.size() >= most;
  return errands_.size() < most;
}

std::size_t Outbox::errands_of(const std::string& owner) const {
  const auto known = errands_of_owner_.find(owner);
  return known == errands_of_owner_.end() ? 0 : known->second;
}

runtime::Task<> Outbox::deliver_until_answered(model::UploadRecord record) {
  Round round{record.progress.attempts, record.progress.next_attempt_at,
              record.progress.is_cleared};
  for (bool is_over = false; !is_over;) {
    co_await pause_until(record.id, round.not_before);
    std::optional<Turns::Turn> turn = co_await turns_.take(record.owner);
    if (closing_->is_set()) {
      break;
    }
    const Next next = co_await claim(record, round);
    is_over = next == Next::end;
    if (next == Next::attempt) {
      is_over = co_await attempt_and_note(record, round, std::move(turn));
      co_await release(record.id);
    }
  }
  end_errand(record);
}

runtime::Task<bool> Outbox::attempt_and_note(const model::UploadRecord& record, Round& round,
                                             std::optional<Turns::Turn> turn) {
  const std::optional<Setback> setback = co_await attempt(record, round);
  turn.reset();
  if (!setback) {
    co_return true;
  }
  ++round.attempts;
  const Timestamp last = record.progress.handoff_since + settings_->give_up_after;
  const Timestamp now = clock_.now();
  if (now >= last && co_await give_up(record, round.attempts, setback->reason)) {
    co_return true;
  }
  round.not_before =
      now + std::max(retry_delay(settings_->delays, round.attempts, random_fraction()),
                     std::min(setback->wait, settings_->delays.longest));
  if (now < last) {
    round.not_before = std::min(round.not_before, last);
  }
  metrics_.deliveries_retried.add();
  // Lost by a crash, the count starts again from what was written before: no harm.
  (void)co_await ledger_->failed(record.token, round.attempts, round.not_before,
                                 text_of(setback->reason));
  co_return false;
}

runtime::Task<Outbox::Next> Outbox::claim(const model::UploadRecord& record, Round& round) {
  const auto held = co_await journal_.claim(journal::Work::delivery, {record.id}, settings_->lease);
  if (!held || held->empty()) {
    // A journal that does not answer may be back at once; another node keeps what it has claimed.
    round.not_before = clock_.now() + (held ? settings_->lease.duration
                                            : retry_delay(settings_->delays, round.attempts + 1,
                                                          random_fraction()));
    co_return Next::pause;
  }
  if (claimed_.empty()) {
    all_released_ = std::make_shared<runtime::Event>();
    tasks_.spawn("outbox leases", renew_claims(all_released_));
  }
  claimed_.insert(record.id);
  const auto found = co_await journal_.find_upload_by_id(record.id);
  if (!found) {
    log_.error("outbox cannot read an upload",
               {{"upload", record.id}, {"reason", found.error().message()}});
    round.not_before = clock_.now() + settings_->delays.longest;
    co_await release(record.id);
    co_return Next::pause;
  }
  const model::UploadProgress* const now = *found ? &(*found)->progress : nullptr;
  const bool is_due =
      now != nullptr && now->handoff_since == record.progress.handoff_since &&
      (now->state == model::UploadState::received || now->state == model::UploadState::delivering);
  if (is_due && now->attempts <= round.attempts) {
    round.is_cleared = now->is_cleared;
    co_return Next::attempt;
  }
  co_await release(record.id);
  if (!is_due) {
    co_return Next::end;
  }
  round = {now->attempts, now->next_attempt_at, now->is_cleared};
  co_return Next::pause;
}

runtime::Task<> Outbox::release(std::uint64_t upload_id) {
  claimed_.erase(upload_id);
  if (claimed_.empty()) {
    all_released_->set();
  }
  // An upload that stays claimed because of an error is free when the lease ends.
  (void)co_await journal_.release(journal::Work::delivery, {upload_id}, settings_->lease.node);
}

// A claim that is lost all the same leaves two attempts beside each other: the first answer counts.
runtime::Task<> Outbox::renew_claims(std::shared_ptr<runtime::Event> all_released) {
  while (!co_await all_released->wait(settings_->lease.duration / 3)) {
    std::vector<std::uint64_t> ids(claimed_.begin(), claimed_.end());
    (void)co_await journal_.claim(journal::Work::delivery, std::move(ids), settings_->lease);
  }
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

// An upload submitted in the meantime gets another round of attempts, or this one once more.
void Outbox::end_errand(const model::UploadRecord& record) {
  const auto errand = errands_.find(record.id);
  std::optional<model::UploadRecord> renewed = std::move(errand->second.renewed);
  errands_.erase(errand);
  metrics_.deliveries_waiting.add(-1);
  if (const auto owner = errands_of_owner_.find(record.owner); --owner->second == 0) {
    errands_of_owner_.erase(owner);
  }
  if (closing_->is_set()) {
    return;
  }
  if (renewed && renewed->progress.handoff_since > record.progress.handoff_since) {
    take_up(std::move(*renewed));
  }
  if (more_in_journal_ || !more_of_owner_.empty()) {
    tasks_.spawn("outbox journal", take_up_undelivered());
  }
}

runtime::Task<std::optional<Outbox::Setback>> Outbox::attempt(const model::UploadRecord& record,
                                                              Round& round) {
  ledger_->began(record.token);
  const Handoff handoff = handoff_of(record, round.attempts + 1);
  bool goes_on = true;
  std::optional<Setback> setback;
  if (settings_->checks != nullptr && !round.is_cleared &&
      settings_->checks->look_at_files_of(handoff.owner)) {
    setback = co_await check(record, handoff, round, goes_on);
  }
  if (setback || !goes_on) {
    co_return setback;
  }
  const auto begin = std::chrono::steady_clock::now();
  Result<Delivery> delivery = co_await ask_backend(handoff);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  if (!delivery) {
    setback = Setback{delivery.error()};
  } else if (!is_final(*delivery)) {
    setback = Setback{Error(Errc::delivery_failed,
                            "the backend answered " + std::to_string(delivery->answer.status)),
                      delivery->retry_after.value_or(Duration::zero())};
  }
  metrics_.delivery_seconds.observe(setback ? "failed" : "answered", "", spent.count());
  if (setback) {
    log_setback("delivery failed", record, round, setback->reason);
    co_return setback;
  }
  co_return co_await keep_answer(record, *std::move(delivery), "refused by the backend");
}

// That the file has passed is durable before the backend hears of it: an embedded one takes the
// bytes away, and none may have a file that a later look refuses.
runtime::Task<std::optional<Outbox::Setback>> Outbox::check(const model::UploadRecord& record,
                                                            const Handoff& handoff, Round& round,
                                                            bool& goes_on) {
  goes_on = false;
  const Result<Verdict> verdict = co_await ask_checks(handoff);
  if (!verdict) {
    log_setback("check failed", record, round, verdict.error());
    co_return Setback{verdict.error()};
  }
  const std::string words = verdict->words.substr(0, limits::failure_bytes_max);
  if (verdict->kind == Verdict::Kind::refuse) {
    Delivery delivery;
    delivery.answer = refusal_in_words(words);
    co_return co_await keep_answer(record, std::move(delivery), "refused by the checks");
  }
  const bool is_taken = verdict->kind == Verdict::Kind::take;
  Result<> kept;
  if (is_taken) {
    kept = co_await ledger_->cleared(record.token);
  } else {
    kept = co_await ledger_->set_aside(record.token, words);
  }
  if (!kept) {
    log_setback("verdict of the checks could not be kept", record, round, kept.error());
    co_return Setback{kept.error()};
  }
  if (!is_taken) {
    metrics_.deliveries_set_aside.add();
    log_.warn("set aside by the checks", {{"upload", record.id}, {"reason", words}});
  }
  round.is_cleared = goes_on = is_taken;
  co_return std::nullopt;
}

runtime::Task<std::optional<Outbox::Setback>> Outbox::keep_answer(const model::UploadRecord& record,
                                                                  Delivery delivery,
                                                                  const char* refused) {
  const int status = delivery.answer.status;
  const std::string reason = status >= 400 ? reason_of(delivery.answer) : std::string();
  const Result<> kept = co_await ledger_->answered(record.token, std::move(delivery));
  if (!kept) {
    log_.error("answer of the backend could not be kept",
               {{"upload", record.id}, {"reason", kept.error().message()}});
    co_return Setback{kept.error()};
  }
  log_end(record, status, reason, refused);
  co_return std::nullopt;
}

void Outbox::log_setback(const char* event, const model::UploadRecord& record, const Round& round,
                         const Error& reason) {
  log_.warn(event, {{"upload", record.id},
                    {"attempt", std::uint64_t{round.attempts} + 1},
                    {"reason", reason.message()}});
}

void Outbox::log_end(const model::UploadRecord& record, int status, const std::string& reason,
                     const char* refused) {
  if (status < 400) {
    metrics_.deliveries_delivered.add();
    log_.info("delivered", {{"upload", record.id}, {"status", status}});
    return;
  }
  metrics_.deliveries_refused.add();
  log_.warn(refused, {{"upload", record.id}, {"status", status}, {"reason", reason}});
}

// False when that could not be written down.
runtime::Task<bool> Outbox::give_up(const model::UploadRecord& record, unsigned attempts,
                                    Error reason) {
  const Result<> kept = co_await ledger_->gave_up(record.token, attempts, text_of(reason));
  if (kept) {
    metrics_.deliveries_given_up.add();
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

runtime::Task<Result<Verdict>> Outbox::ask_checks(const Handoff& handoff) {
  try {
    co_return co_await settings_->checks->judge(handoff);
  } catch (const std::exception& e) {
    co_return fail(Errc::internal, e.what());
  }
}

}  // namespace sluice::delivery
