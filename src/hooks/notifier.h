// SPDX-License-Identifier: MIT
// Tells receivers what became of uploads: at least once, and of one upload in the order in which it
// happened. Undelivered notifications stand in the journal.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/changeable.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "hooks/hook_settings.h"
#include "journal/journal.h"
#include "outgoing/sender.h"
#include "runtime/event.h"
#include "runtime/task.h"
#include "upload/announcer.h"

namespace sluice::hooks {

class Notifier final : public upload::Announcer {
 public:
  // The references outlive the notifier; it runs on one worker's executor. `clock` says what is due
  // and given up, `wall_clock` what a signature says.
  Notifier(journal::Journal& journal, outgoing::Sender& sender, runtime::Executor executor,
           Clock& clock, const Clock& wall_clock, Log& log, HookSettings settings);
  ~Notifier() override;

  std::vector<journal::Change> announcements(const model::UploadRecord& record,
                                             const model::UploadProgress* before,
                                             const model::UploadProgress& after) const override;
  void announced() override;

  // For what happens, and is told, from now on. Any thread.
  void change(HookSettings settings) { settings_.replace(std::move(settings)); }

  // Begins to tell, with what earlier processes left untold first.
  void open();
  // Begins no further request. True when the running ones have ended within `timeout`. On the
  // notifier's executor.
  runtime::Task<bool> close(Duration timeout);

 private:
  runtime::Task<> run();
  // Tells what is due, and returns how long nothing will be.
  runtime::Task<Duration> tell_due();
  // Of these, those that no other node tells. Returns how many these were.
  runtime::Task<std::size_t> tell_claimed(std::vector<model::Notification> due);
  journal::Lease lease() const;
  runtime::Task<> tell(model::Notification notification);
  runtime::Task<Result<>> send(const model::Notification& notification, hooks::Event event,
                               const HookSettings& settings);
  runtime::Task<> commit(journal::Change change);
  std::shared_ptr<runtime::Event> next_call();

  journal::Journal& journal_;
  outgoing::Sender& sender_;
  const runtime::Executor executor_;
  Clock& clock_;
  const Clock& wall_clock_;
  Log& log_;
  Changeable<HookSettings> settings_;
  runtime::TaskGroup tasks_;
  const std::shared_ptr<runtime::Event> closing_ = std::make_shared<runtime::Event>();

  unsigned failed_reads_ = 0;  // Of the journal, one after the other.

  Mutex mutex_;
  // Set by announced() and by close(); replaced before each look into the journal.
  std::shared_ptr<runtime::Event> called_ GUARDED_BY(mutex_) = std::make_shared<runtime::Event>();
};

}  // namespace sluice::hooks
