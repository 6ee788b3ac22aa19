// SPDX-License-Identifier: MIT
#include "cli/parts_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "cli/file_session.h"
#include "cli/url.h"

namespace sluice::cli {
namespace {

// A failure of another connection is noticed so much later.
constexpr Duration pause_step{50};

}  // namespace

PartsUpload::PartsUpload(PartsPlan plan, Body::ReadAt read_at, BeforePart before_part,
                         const StopSignal& stop, FileReport& report)
    : plan_(std::move(plan)),
      read_at_(std::move(read_at)),
      before_part_(std::move(before_part)),
      stop_(stop),
      report_(report),
      client_(plan_.retry, plan_.layout, plan_.with_digests, random_source()) {
  const auto count =
      std::min<std::uint64_t>({plan_.connections, plan_.layout.connections, plan_.layout.count()});
  for (std::uint64_t i = 0; i < std::max<std::uint64_t>(count, 1); ++i) {
    connections_.push_back(
        {.transfer = std::make_unique<HttpTransfer>(plan_.transfer, [this] { return is_over(); })});
  }
}

PartsUpload::End PartsUpload::run() {
  bool asks = plan_.resumed;
  bool is_shown = false;
  for (;;) {
    if (asks) {
      if (std::optional<End> over = ask()) {
        return *std::move(over);
      }
    }
    if (!std::exchange(is_shown, true)) {
      const MutexLock lock(mutex_);
      report_.session(shown_origin(plan_.location), plan_.resumed, client_.stored());
      show();
    }
    send_all();
    const MutexLock lock(mutex_);
    if (end_) {
      return *std::move(end_);
    }
    if (stop_.received() != 0) {
      return Stopped{};
    }
    // Every part is said to be stored, and no answer was the last one.
    asks = true;
  }
}

std::uint64_t PartsUpload::stored() const {
  const MutexLock lock(mutex_);
  return client_.stored();
}

std::optional<PartsUpload::End> PartsUpload::ask() {
  for (;;) {
    TransferResult result = connections_.front().transfer->get(plan_.location);
    if (std::holds_alternative<Stopped>(result)) {
      return Stopped{};
    }
    Duration wait{0};
    {
      const MutexLock lock(mutex_);
      PartClient::StatusStep step = client_.on_status(reply_of(std::move(result)));
      if (std::holds_alternative<PartsKnown>(step)) {
        return std::nullopt;
      }
      if (std::holds_alternative<SessionUnknown>(step)) {
        return SessionUnknown{};
      }
      if (auto* failed = std::get_if<Failed>(&step)) {
        return std::move(*failed);
      }
      const auto& again = std::get<RepeatRequest>(step);
      repeat(again);
      wait = again.wait;
    }
    if (!pause(wait)) {
      return Stopped{};
    }
  }
}

void PartsUpload::send_all() {
  std::vector<std::jthread> others;
  others.reserve(connections_.size());
  for (std::size_t i = 1; i < connections_.size(); ++i) {
    others.emplace_back([this, i] { work(connections_[i]); });
  }
  work(connections_.front());
}

// A part that fails is sent again by the connection that had it, so that the others may leave when
// there is no part for them.
void PartsUpload::work(Connection& connection) {
  bool ask_first = true;
  while (!is_over()) {
    std::optional<Part> part;
    {
      const MutexLock lock(mutex_);
      part = client_.take();
    }
    if (!part || !send(connection, *part, ask_first)) {
      return;
    }
    ask_first = false;
  }
}

// False: there is an end, or a wish to stop.
bool PartsUpload::send(Connection& connection, Part part, bool ask_first) {
  for (;;) {
    {
      const MutexLock lock(mutex_);
      if (std::optional<std::string> objection = before_part_(part.range)) {
        end(SourceFailed{*std::move(objection)});
        return false;
      }
    }
    const HttpTransfer::Progress progress = [&](std::uint64_t sent) {
      const MutexLock lock(mutex_);
      connection.sent = std::min(sent, part.range.size());
      show();
    };
    TransferResult result =
        connection.transfer->put(plan_.location,
                                 {.field = fmt::format("X-Part: {}", part.index),
                                  .body = {read_at_, part.range},
                                  .ask_first = ask_first,
                                  .with_digest = part.with_digest},
                                 progress);
    {
      const MutexLock lock(mutex_);
      connection.sent = 0;
    }
    const std::optional<Duration> wait = follow(part, std::move(result));
    if (!wait) {
      return !is_over();
    }
    if (!pause(*wait)) {
      return false;
    }
    ask_first = true;
  }
}

// How long to wait before the part is sent again; nullopt: it is not.
std::optional<Duration> PartsUpload::follow(Part& part, TransferResult result) {
  if (std::holds_alternative<Stopped>(result)) {
    return std::nullopt;
  }
  const MutexLock lock(mutex_);
  if (auto* broken = std::get_if<SourceFailed>(&result)) {
    end(std::move(*broken));
    return std::nullopt;
  }
  PartClient::PartStep step =
      client_.on_part(part, reply_of(std::move(result)), std::chrono::steady_clock::now());
  if (auto* finished = std::get_if<Finished>(&step)) {
    end(std::move(*finished));
  } else if (auto* failed = std::get_if<Failed>(&step)) {
    end(std::move(*failed));
  } else if (const auto* again = std::get_if<RepeatRequest>(&step)) {
    repeat(*again);
    return again->wait;
  }
  show();
  return std::nullopt;
}

void PartsUpload::repeat(const RepeatRequest& again) {
  report_.retry(again.note, again.wait, again.attempt, plan_.retry.retries_max);
  show();
}

void PartsUpload::end(End how) {
  if (!end_) {
    end_ = std::move(how);
    has_end_ = true;
  }
}

void PartsUpload::show() {
  std::uint64_t position = client_.stored();
  for (const Connection& connection : connections_) {
    position += connection.sent;
  }
  report_.progress(client_.waits_for_answer() ? plan_.layout.file_size : position);
}

bool PartsUpload::pause(Duration duration) const {
  const auto until = std::chrono::steady_clock::now() + duration;
  while (!is_over()) {
    const auto left =
        std::chrono::duration_cast<Duration>(until - std::chrono::steady_clock::now());
    if (left <= Duration{0}) {
      return true;
    }
    stop_.wait(std::min(left, pause_step));
  }
  return false;
}

bool PartsUpload::is_over() const {
  return has_end_ || stop_.received() != 0;
}

}  // namespace sluice::cli
