// SPDX-License-Identifier: MIT
#include "upload/peers.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/limits.h"

namespace sluice::upload {

using journal::Signal;
using runtime::Task;

Peers::Peers(journal::Journal& journal, LiveUploads& uploads, Admission& admission,
             delivery::Handover& handover, Log& log)
    : journal_(journal), uploads_(uploads), admission_(admission), handover_(handover), log_(log) {}

void Peers::open(const runtime::Executor& executor, Follow follows) {
  if (!journal_.is_shared()) {
    return;
  }
  executor_ = executor;
  follows_ = std::move(follows);
  tasks_.emplace(executor, log_);
  boost::asio::post(executor, [this] { tasks_->spawn("uploads of all nodes", keep_count()); });
  if (journal::Signals* const signals = journal_.signals()) {
    signals->listen([this](const Signal& signal) { hear(signal); });
  }
}

Task<bool> Peers::close(Duration timeout) {
  closing_->set();
  co_return !tasks_ || co_await tasks_->wait(timeout);
}

void Peers::took_over(const LiveUpload& upload, ByteRange range) {
  send({Signal::Kind::cut, upload.id(), range});
}

void Peers::changed(std::uint64_t upload_id) {
  send({Signal::Kind::changed, upload_id});
}

void Peers::hurry(std::uint64_t upload_id) {
  send({Signal::Kind::hurry, upload_id});
}

void Peers::send(Signal signal) {
  journal::Signals* const signals = journal_.signals();
  if (signals == nullptr || !executor_) {
    return;
  }
  boost::asio::post(*executor_, [this, signals, signal] {
    if (!closing_->is_set()) {
      auto tell = [](journal::Signals& to, Signal told) -> Task<> { (void)co_await to.send(told); };
      tasks_->spawn("signal", tell(*signals, signal));
    }
  });
}

// A request that is younger may be the one behind the signal's: its client came back here.
void Peers::hear(const Signal& signal) {
  if (signal.kind == Signal::Kind::hurry) {
    handover_.hurry(signal.upload_id);
    return;
  }
  const std::shared_ptr<LiveUpload> upload = uploads_.find_in_memory(signal.upload_id);
  if (!upload) {
    return;
  }
  if (signal.kind == Signal::Kind::cut) {
    upload->cut_older(signal.range, limits::superseded_after);
    return;
  }
  boost::asio::post(*executor_, [this, upload] {
    if (!closing_->is_set()) {
      tasks_->spawn("upload of another node", follow(upload));
    }
  });
}

Task<> Peers::follow(std::shared_ptr<LiveUpload> upload) {
  const Result<> read = co_await upload->refresh();
  const bool is_gone = !read && read.error().code() == Errc::not_found;
  if (is_gone || (read && upload->state() != model::UploadState::receiving)) {
    (void)co_await upload->cut_all(Errc::not_found, limits::takeover_wait_max);
  }
  follows_(*upload);
}

Task<> Peers::keep_count() {
  while (!co_await closing_->wait(limits::shared_counts_pause)) {
    (void)co_await journal_.ping();  // The journal's clock.
    if (const Result<journal::Promises> now = co_await journal_.promises()) {
      admission_.renew(*now);
    }
  }
}

}  // namespace sluice::upload
