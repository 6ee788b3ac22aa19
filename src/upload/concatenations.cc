// SPDX-License-Identifier: MIT
#include "upload/concatenations.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <vector>

#include "upload/learn_size.h"
#include "upload/piece_check.h"

namespace sluice::upload {
namespace {

// Sets its event at its end, however that comes.
struct Renewal {
  Renewal() = default;
  ~Renewal() { over->set(); }
  Renewal(const Renewal&) = delete;
  Renewal& operator=(const Renewal&) = delete;

  const std::shared_ptr<runtime::Event> over = std::make_shared<runtime::Event>();
};

}  // namespace

using model::UploadState;
using runtime::Task;

void Concatenations::open(const runtime::Executor& executor) {
  executor_ = executor;
  tasks_.emplace(executor, core_.parts.log);
  boost::asio::post(executor, [this] {
    tasks_->spawn("unmade files", take_up_unmade());
    if (core_.parts.journal.is_shared()) {
      tasks_->spawn("unmade files of other nodes", look_for_orphans());
    }
  });
}

// Of a node that has died; and where a hint was lost that a partial upload is complete.
Task<> Concatenations::look_for_orphans() {
  while (!co_await closing_->wait(core_.settings->lease.duration)) {
    co_await take_up_unmade();
  }
}

Task<bool> Concatenations::close(Duration timeout) {
  closing_->set();
  turns_.end();
  co_return !tasks_ || co_await tasks_->wait(timeout);
}

Task<> Concatenations::take_up_unmade() {
  std::uint64_t after = 0;
  for (bool has_more = true; has_more && !closing_->is_set();) {
    const auto page = co_await core_.parts.journal.unmade(after, limits::deliveries_page_count);
    if (!page) {
      core_.parts.log.error("the journal does not say which files are to be made",
                            {{"reason", page.error().message()}});
      co_await closing_->wait(limits::concatenation_pause);
      continue;
    }
    for (const model::UploadRecord& record : *page) {
      begin(record.token);
      after = record.id;
    }
    has_more = page->size() == limits::deliveries_page_count;
  }
}

void Concatenations::changed(const LiveUpload& upload) {
  if (upload.is_partial()) {
    core_.peers.changed(upload.id());
  }
  heard_of(upload);
}

void Concatenations::heard_of(const LiveUpload& upload) {
  if (!executor_) {
    return;
  }
  if (!upload.partials().empty()) {
    boost::asio::post(*executor_, [this, token = upload.token()] { begin(token); });
  } else if (upload.is_partial() && (is_complete_partial(upload) || is_gone(upload.state()))) {
    boost::asio::post(*executor_, [this, token = upload.token()] { wake(token); });
  }
}

void Concatenations::wake(const std::string& partial) {
  const auto first = waiting_.lower_bound({partial, std::string()});
  std::vector<std::string> finals;
  auto last = first;
  for (; last != waiting_.end() && last->first == partial; ++last) {
    finals.push_back(last->second);
  }
  waiting_.erase(first, last);
  for (const std::string& token : finals) {
    begin(token);
  }
}

bool Concatenations::waits(const LiveUpload& upload) const {
  return std::ranges::any_of(upload.partials(), [&](const std::string& partial) {
    return waiting_.contains({partial, upload.token()});
  });
}

void Concatenations::forget(const LiveUpload& upload) {
  for (const std::string& partial : upload.partials()) {
    waiting_.erase({partial, upload.token()});
  }
}

void Concatenations::begin(const std::string& token) {
  if (!closing_->is_set() && under_way_.insert(token).second) {
    tasks_->spawn("concatenation", make(token));
  }
}

Task<> Concatenations::make(std::string token) {
  Duration pause = limits::concatenation_pause;
  while (!closing_->is_set()) {
    const auto found = co_await core_.uploads.find(token);
    const Result<> made = found ? co_await try_to_make(**found) : fail(found.error());
    if (made || made.error().code() == Errc::not_found) {
      break;
    }
    if (!closing_->is_set()) {
      core_.parts.log.warn(
          "a file could not be made of its partial uploads",
          {{"upload", found ? (*found)->id() : 0}, {"reason", made.error().message()}});
    }
    co_await closing_->wait(pause);
    pause = std::min<Duration>(2 * pause, limits::retry_longest_default);
  }
  under_way_.erase(token);
}

Task<Result<>> Concatenations::try_to_make(LiveUpload& upload) {
  while (upload.state() == UploadState::receiving) {
    Result<Partials> partials = co_await find_partials(core_.uploads, upload.partials());
    if (!partials && info(partials.error().code()).http_status < 500) {
      co_return co_await end(upload, partials.error());
    }
    if (!partials) {
      co_return fail(partials.error());
    }
    if (!partials->awaited) {
      co_return co_await write(upload, *std::move(partials));
    }
    // Nothing is waited for between this question and its entry, and a change of the partial upload
    // comes here behind both.
    const LiveUpload& awaited = *partials->awaited;
    if (!is_complete_partial(awaited) && !is_gone(awaited.state())) {
      waiting_.emplace(awaited.token(), upload.token());
      co_return Result<>();
    }
  }
  forget(upload);
  co_return Result<>();
}

Task<bool> Concatenations::claim(LiveUpload& upload) {
  const journal::Lease lease = core_.settings->lease;
  do {
    const auto held =
        co_await core_.parts.journal.claim(journal::Work::concatenation, {upload.id()}, lease);
    if (held && !held->empty()) {
      co_return true;
    }
    co_await closing_->wait(lease.duration / 3);
    (void)co_await upload.refresh();
  } while (!closing_->is_set() && upload.state() == UploadState::receiving);
  co_return false;
}

Task<> Concatenations::renew_claim(std::uint64_t upload_id, std::shared_ptr<runtime::Event> over) {
  while (!co_await over->wait(core_.settings->lease.duration / 3)) {
    (void)co_await core_.parts.journal.claim(journal::Work::concatenation, {upload_id},
                                             core_.settings->lease);
  }
}

Task<Result<>> Concatenations::write(LiveUpload& upload, Partials partials) {
  if (!co_await claim(upload)) {
    co_return closing_->is_set() ? Result<>(fail(Errc::draining)) : Result<>();
  }
  Result<> written;
  {
    const Renewal renewal;
    tasks_->spawn("concatenation lease", renew_claim(upload.id(), renewal.over));
    written = co_await write_claimed(upload, std::move(partials));
  }
  (void)co_await core_.parts.journal.release(journal::Work::concatenation, {upload.id()},
                                             core_.settings->lease.node);
  co_return written;
}

Task<Result<>> Concatenations::write_claimed(LiveUpload& upload, Partials partials) {
  const delivery::Turns::Turn turn = co_await turns_.take(upload.record().owner);
  if (closing_->is_set()) {
    co_return fail(Errc::draining);
  }
  const Result<bool> learnt = co_await learn_size(upload, core_.tools, partials.size);
  if (!learnt && info(learnt.error().code()).http_status < 500) {
    co_return co_await end(upload, learnt.error());
  }
  if (!learnt) {
    co_return fail(learnt.error());
  }
  if (*learnt) {
    hand_over(core_, upload);
  }
  const std::uint64_t begin = upload.progress().stored.prefix();
  PartialsSource body(core_.parts.store, std::move(partials.all), begin, closing_);
  const Piece piece = ContinuesAt{begin};
  if (const Result<> sound = check_piece(upload, piece, body); !sound) {
    co_return sound;
  }
  Append append(upload, core_.tools, piece, body);
  const Result<bool> finished = co_await append.run();
  if (!finished) {
    co_return fail(finished.error());
  }
  if (*finished) {
    hand_over(core_, upload);
  }
  co_return Result<>();
}

Task<Result<>> Concatenations::end(LiveUpload& upload, const Error& reason) {
  const Result<bool> aborted = co_await abort_upload(core_, upload, reason.message());
  if (!aborted) {
    co_return fail(aborted.error());
  }
  if (*aborted) {
    core_.parts.log.info("upload aborted", {{"upload", upload.id()}, {"reason", reason.message()}});
  }
  co_return Result<>();
}

}  // namespace sluice::upload
