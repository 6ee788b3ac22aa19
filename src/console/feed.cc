// SPDX-License-Identifier: MIT
#include "console/feed.h"

#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <utility>

#include "base/limits.h"

namespace sluice::console {
namespace {

using runtime::Task;
using std::chrono::steady_clock;

// JSON has no line end of its own (HTML 9.2.6).
Listener::Text event(const char* name, const std::string& data) {
  return std::make_shared<const std::string>(std::string("event: ") + name + "\ndata: " + data +
                                             "\n\n");
}

std::optional<std::uint64_t> resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all_pages = 0;
  std::uint64_t pages = 0;
  if (!(statm >> all_pages >> pages)) {
    return std::nullopt;
  }
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t waiting_handoffs(const std::map<model::UploadState, std::uint64_t>& counts) {
  std::uint64_t waiting = 0;
  for (const model::UploadState state :
       {model::UploadState::received, model::UploadState::delivering}) {
    const auto found = counts.find(state);
    waiting += found == counts.end() ? 0 : found->second;
  }
  return waiting;
}

}  // namespace

Feed::Feed(runtime::Executor executor, runtime::BlockingPool& pool, const Parts& parts)
    : executor_(std::move(executor)),
      pool_(pool),
      parts_(parts),
      hour_(parts.metrics, steady_clock::now()) {}

Result<std::shared_ptr<runtime::ByteSource>> Feed::listen(View view) {
  if (stopping_.is_set()) {
    return fail(Errc::draining, "the server is shutting down");
  }
  forget_lost();
  if (subscriptions_.size() >= limits::console_listeners_max) {
    return fail(Errc::overloaded, "expected at most " +
                                      std::to_string(limits::console_listeners_max) +
                                      " listeners at the same time");
  }
  auto listener = std::make_shared<Listener>();
  boost::json::object hour;
  hour["samples"] = hour_.to_json();
  listener->tell(event("hour", boost::json::serialize(hour)));
  const auto same = std::ranges::find(subscriptions_, view, [](const Subscription& subscription) {
    return subscription.table->view();
  });
  auto table =
      same == subscriptions_.end() ? std::make_shared<Table>(std::move(view)) : same->table;
  subscriptions_.push_back({listener, std::move(table)});
  return listener;
}

void Feed::start() {
  runtime::start(executor_, parts_.log, "console", run());
}

Task<> Feed::run() {
  while (!co_await stopping_.wait(limits::console_tick)) {
    co_await tick();
  }
  tell_all(event("end", "{}"));
  for (const Subscription& subscription : subscriptions_) {
    if (const auto listener = subscription.listener.lock()) {
      listener->end();
    }
  }
  subscriptions_.clear();
  ended_.set();
}

void Feed::drain() {
  stopping_.set();
  runtime::run_and_wait(executor_, parts_.log, "end of the console", wait_for_end());
}

Task<> Feed::wait_for_end() {
  (void)co_await ended_.wait(limits::admin_drain_max);
}

Task<> Feed::tick() {
  const bool has_sample = ticks_++ % limits::console_sample_ticks == 0;
  if (has_sample) {
    co_await take_sample();
  }
  forget_lost();
  if (subscriptions_.empty()) {
    co_return;
  }
  Listener::Text status;
  if (has_sample || std::ranges::any_of(subscriptions_, &Subscription::is_new)) {
    const http::Response now = co_await parts_.server.status();
    status = event("status", now.body);
  }
  std::vector<std::shared_ptr<Table>> tables;
  for (const Subscription& subscription : subscriptions_) {
    if (std::ranges::find(tables, subscription.table) == tables.end()) {
      tables.push_back(subscription.table);
    }
  }
  auto work = [this, &tables] { return look(tables); };
  const std::vector<Told> told = co_await runtime::offload(pool_, std::move(work));
  tell_of_uploads(told, status);
}

Task<> Feed::take_sample() {
  Levels levels;
  if (const Result<store::Space> space = co_await parts_.files.space()) {
    levels.disk_free_bytes = space->free_bytes;
  }
  if (const auto counts = co_await parts_.journal.upload_counts()) {
    levels.handoffs = waiting_handoffs(*counts);
  }
  levels.memory_bytes = co_await runtime::offload(pool_, resident_bytes);
  const Sample& sample = hour_.take(parts_.clock.now(), steady_clock::now(), levels);
  tell_all(event("sample", boost::json::serialize(to_json(sample))));
}

std::vector<Feed::Told> Feed::look(std::vector<std::shared_ptr<Table>> tables) {
  const Look look = look_at(parts_.uploads, parts_.clock.now());
  std::vector<Told> told;
  for (std::shared_ptr<Table>& table : tables) {
    Listener::Text update = event("uploads", table->update(look, parts_.uploads));
    Listener::Text whole = event("uploads", table->whole());
    told.push_back({std::move(table), std::move(update), std::move(whole)});
  }
  return told;
}

void Feed::forget_lost() {
  std::erase_if(subscriptions_,
                [](const Subscription& subscription) { return subscription.listener.expired(); });
}

void Feed::tell_all(const Listener::Text& text) {
  std::erase_if(subscriptions_, [&text](const Subscription& subscription) {
    const auto listener = subscription.listener.lock();
    return !listener || !listener->tell(text);
  });
}

void Feed::tell_of_uploads(const std::vector<Told>& told, const Listener::Text& status) {
  std::erase_if(subscriptions_, [&](Subscription& subscription) {
    const auto listener = subscription.listener.lock();
    const auto texts = std::ranges::find(told, subscription.table, &Told::table);
    if (!listener || texts == told.end()) {
      return !listener;  // Else it came while the uploads were looked at.
    }
    const bool is_new = std::exchange(subscription.is_new, false);
    return (status && !listener->tell(status)) ||
           !listener->tell(is_new ? texts->whole : texts->update);
  });
}

}  // namespace sluice::console
