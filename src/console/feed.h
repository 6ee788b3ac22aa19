// SPDX-License-Identifier: MIT
// The events of the console: what its listeners are told, once a tick for all of them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "admin/service_pages.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "console/last_hour.h"
#include "console/listener.h"
#include "console/table.h"
#include "console/view.h"
#include "journal/journal.h"
#include "runtime/blocking_pool.h"
#include "runtime/event.h"
#include "runtime/part.h"
#include "runtime/task.h"
#include "store/named_files.h"
#include "upload/operations.h"

namespace sluice::console {

// Server-sent events, each with a JSON object: `hour` (`{"samples":[SAMPLE]}`) first, `sample` as
// one is taken, `status` (as the control socket's), `uploads` (console/table.h) with every tick,
// and `end` when the server goes. Samples are taken also while no one listens; uploads are looked
// at only for listeners, on the pool's thread. Runs on one worker's executor, where the listeners'
// connections live, and outlives its loop.
class Feed final : public runtime::Part {
 public:
  struct Parts {
    upload::Operations& uploads;
    admin::ServerPages& server;
    journal::Journal& journal;
    store::NamedFiles& files;  // On the disk that is shown.
    const Metrics& metrics;
    const Clock& clock;
    Log& log;
  };

  // All of it outlives this.
  Feed(runtime::Executor executor, runtime::BlockingPool& pool, const Parts& parts);

  // On the executor's thread. overloaded when there are enough listeners, draining at the end.
  Result<std::shared_ptr<runtime::ByteSource>> listen(View view);

  bool has_listeners() const noexcept { return !subscriptions_.empty(); }

  void start() override;
  // Every listener's stream ends.
  void drain() override;

  // One tick, for tests.
  runtime::Task<> tick();

 private:
  struct Subscription {
    std::weak_ptr<Listener> listener;
    std::shared_ptr<Table> table;
    bool is_new = true;  // Knows no rows yet.
  };
  struct Told {
    std::shared_ptr<Table> table;
    Listener::Text update;
    Listener::Text whole;
  };

  runtime::Task<> run();
  runtime::Task<> wait_for_end();
  runtime::Task<> take_sample();
  std::vector<Told> look(std::vector<std::shared_ptr<Table>> tables);
  void forget_lost();
  // A listener that does not read what it is told is forgotten.
  void tell_all(const Listener::Text& text);
  void tell_of_uploads(const std::vector<Told>& told, const Listener::Text& status);

  const runtime::Executor executor_;
  runtime::BlockingPool& pool_;
  const Parts parts_;
  LastHour hour_;
  std::size_t ticks_ = 0;
  std::vector<Subscription> subscriptions_;
  runtime::Event stopping_;
  runtime::Event ended_;
};

}  // namespace sluice::console
