// SPDX-License-Identifier: MIT
#include "hooks/notifier.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/random.h"
#include "hooks/hook_request.h"

namespace sluice::hooks {

using runtime::Task;

Notifier::Notifier(journal::Journal& journal, outgoing::Sender& sender, runtime::Executor executor,
                   Clock& clock, const Clock& wall_clock, Log& log, HookSettings settings)
    : journal_(journal),
      sender_(sender),
      executor_(std::move(executor)),
      clock_(clock),
      wall_clock_(wall_clock),
      log_(log),
      settings_(std::move(settings)),
      tasks_(executor_, log) {}

Notifier::~Notifier() = default;

std::vector<journal::Change> Notifier::announcements(const model::UploadRecord& record,
                                                     const model::UploadProgress* before,
                                                     const model::UploadProgress& after) const {
  if (record.is_partial) {
    return {};  // The upload that is made of it is the client's.
  }
  std::vector<journal::Change> changes;
  if (record.file_name.empty()) {
    return changes;
  }
  for (const auto& [event, target] : settings_->receivers) {
    if (!is_event(event, before, after)) {
      continue;
    }
    std::optional<std::string> body = body_of(event, record, after);
    if (!body) {
      continue;
    }
    model::Notification notification;
    notification.upload_id = record.id;
    notification.event = to_text(event);
    // The token is a secret; a digest of it is not. An upload that was put back finishes once more,
    // and says so under another key.
    notification.key = short_digest(notification.event + ":" + record.token + ":" +
                                    std::to_string(after.handoff_since.time_since_epoch().count()));
    notification.body = *std::move(body);
    notification.created_at = clock_.now();
    changes.emplace_back(journal::AddNotification{std::move(notification)});
  }
  return changes;
}

void Notifier::announced() {
  const MutexLock lock(mutex_);
  called_->set();
}

void Notifier::open() {
  boost::asio::post(executor_, [this] { tasks_.spawn("notifier", run()); });
}

Task<bool> Notifier::close(Duration timeout) {
  closing_->set();
  announced();
  co_return co_await tasks_.wait(timeout);
}

std::shared_ptr<runtime::Event> Notifier::next_call() {
  const MutexLock lock(mutex_);
  if (called_->is_set()) {
    called_ = std::make_shared<runtime::Event>();
  }
  return called_;
}

Task<> Notifier::run() {
  while (!closing_->is_set()) {
    const std::shared_ptr<runtime::Event> called = next_call();
    if (closing_->is_set()) {
      break;
    }
    const Duration pause = co_await tell_due();
    if (pause > Duration::zero()) {
      co_await called->wait(pause);
    }
  }
}

Task<Duration> Notifier::tell_due() {
  // Unrecorded deliveries would be repeated again and again; they are repeated after a restart.
  if (!journal_.healthy()) {
    co_return settings_->delays.longest;
  }
  auto next = co_await journal_.next_notifications(limits::notifications_at_once_max);
  if (!next) {
    log_.error("the journal does not say what is to be told", {{"reason", next.error().message()}});
    co_return delivery::retry_delay(settings_->delays, ++failed_reads_, random_fraction());
  }
  failed_reads_ = 0;
  const Timestamp now = clock_.now();
  Duration pause = limits::notifier_pause_max;
  std::vector<model::Notification> due;
  for (model::Notification& notification : *next) {
    if (notification.next_attempt_at <= now) {
      due.push_back(std::move(notification));
    } else {
      pause = std::min(pause, notification.next_attempt_at - now);
    }
  }
  if (due.empty()) {
    co_return pause;
  }
  const std::size_t told = co_await tell_claimed(std::move(due));
  co_return told > 0 ? Duration::zero() : std::min(pause, lease().duration);
}

// A round ends before its lease: every request has its own deadline.
Task<std::size_t> Notifier::tell_claimed(std::vector<model::Notification> due) {
  std::vector<std::uint64_t> ids;
  ids.reserve(due.size());
  for (const model::Notification& notification : due) {
    ids.push_back(notification.id);
  }
  auto held = co_await journal_.claim(journal::Work::notification, std::move(ids), lease());
  if (!held) {
    co_return 0;
  }
  runtime::TaskGroup round(executor_, log_);
  for (model::Notification& notification : due) {
    if (std::ranges::find(*held, notification.id) != held->end()) {
      round.spawn("notification", tell(std::move(notification)));
    }
  }
  while (!co_await round.wait(settings_->timeout)) {
  }
  const std::size_t told = held->size();
  (void)co_await journal_.release(journal::Work::notification, *std::move(held), settings_->node);
  co_return told;
}

journal::Lease Notifier::lease() const {
  return {settings_->node, 3 * settings_->timeout};
}

Task<> Notifier::tell(model::Notification notification) {
  const HookSettings& settings = *settings_;
  const std::optional<Event> event = event_from_text(notification.event);
  if (!event || !settings.receivers.contains(*event)) {
    log_.warn("nobody is to be told any more",
              {{"upload", notification.upload_id}, {"hook", notification.event}});
    co_return co_await commit(journal::RemoveNotification{notification.id});
  }
  const Result<> told = co_await send(notification, *event, settings);
  if (told) {
    co_return co_await commit(journal::RemoveNotification{notification.id});
  }
  if (told.error().code() == Errc::draining) {
    co_return;
  }
  const Timestamp now = clock_.now();
  const bool give_up =
      now - notification.created_at >= settings.give_up_after && clock_.may_delete();
  log_.warn(give_up ? "a hook was not told" : "a hook will be told again",
            {{"upload", notification.upload_id},
             {"hook", notification.event},
             {"attempt", std::uint64_t{notification.attempts} + 1},
             {"reason", told.error().message()}});
  if (give_up) {
    co_return co_await commit(journal::RemoveNotification{notification.id});
  }
  const unsigned attempts = notification.attempts + 1;
  const Timestamp later = now + delivery::retry_delay(settings.delays, attempts, random_fraction());
  co_await commit(journal::PostponeNotification{notification.id, attempts, later});
}

Task<Result<>> Notifier::send(const model::Notification& notification, hooks::Event event,
                              const HookSettings& settings) {
  outgoing::HttpRequest request = hook_request(settings, settings.receivers.at(event),
                                               notification.body, content_type_of(event));
  if (std::string traceparent = traceparent_in(notification.body); !traceparent.empty()) {
    request.headers.emplace_back("traceparent", std::move(traceparent));
  }
  request.headers.emplace_back("X-Sluice-Upload-Id", std::to_string(notification.upload_id));
  request.headers.emplace_back("Idempotency-Key", notification.key);
  const Result<outgoing::HttpAnswer> answer =
      co_await send_hook(sender_, std::move(request), to_text(event), settings, wall_clock_.now());
  if (!answer) {
    co_return fail(answer.error());
  }
  if (answer->status < 200 || answer->status > 299) {
    co_return fail(Errc::delivery_failed,
                   "expected a status from 200 to 299, got " + std::to_string(answer->status));
  }
  co_return Result<>();
}

// A notification whose change is lost here is sent once more.
Task<> Notifier::commit(journal::Change change) {
  std::vector<journal::Change> changes;
  changes.push_back(std::move(change));
  const Result<> committed = co_await journal_.commit(std::move(changes));
  if (!committed) {
    log_.warn("what was told cannot be written down", {{"reason", committed.error().message()}});
    co_await closing_->wait(settings_->delays.first);
  }
}

}  // namespace sluice::hooks
