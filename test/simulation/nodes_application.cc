// SPDX-License-Identifier: MIT
#include "simulation/nodes_application.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "upload/upload_state.h"

namespace sluice::simulation {

using runtime::Task;

Task<Result<delivery::Delivery>> NodeApplication::deliver(const delivery::Handoff& handoff) {
  const std::uint64_t number = begin(handoff.upload_id);
  Result<delivery::Delivery> delivery = co_await attempt(handoff, number);
  shared_.attempts.erase(number);
  co_return delivery;
}

std::uint64_t NodeApplication::begin(std::uint64_t upload_id) {
  const bool holds_it = shared_.claims[{node_, upload_id}] > shared_.now();
  for (const auto& [number, other] : shared_.attempts) {
    if (other.upload_id != upload_id || other.node == node_) {
      continue;
    }
    if (holds_it && shared_.claims[{other.node, upload_id}] > shared_.now()) {
      shared_.violate(fmt::format("two nodes hand upload {} over at once", upload_id));
    }
    ++shared_.overlapping_attempts;
  }
  const std::uint64_t number = ++shared_.attempts_begun;
  shared_.attempts[number] = {node_, upload_id};
  return number;
}

Task<Result<delivery::Delivery>> NodeApplication::attempt(const delivery::Handoff& handoff,
                                                          std::uint64_t number) {
  gate_.stumble();
  if (!co_await gate_.pass() || shared_.dice.chance(shared_.faults.backend_failure)) {
    co_return fail(Errc::delivery_failed, "planted failure of the backend");
  }
  Result<std::string> bytes = co_await read(handoff);
  check(handoff, bytes);
  if (shared_.violation) {
    gate_.die();  // Else it would try for ever.
    (void)co_await gate_.pass();
  }
  if (!bytes) {
    co_return fail(bytes.error());
  }
  delivery::Delivery delivery = take(handoff, number, *bytes);
  gate_.stumble();
  if (!co_await gate_.pass()) {
    co_return fail(Errc::delivery_failed, "the node has died");
  }
  co_return delivery;
}

delivery::Delivery NodeApplication::take(const delivery::Handoff& handoff, std::uint64_t number,
                                         const std::string& bytes) {
  NodesShared::Taken taken{handoff.upload_id, {}, bytes};
  taken.answer.status = shared_.dice.chance(shared_.faults.refusal) ? 422 : 200;
  taken.answer.body = fmt::format("answer {}", number);
  delivery::Delivery delivery;
  delivery.answer = shared_.application.try_emplace(handoff.idempotency_key, std::move(taken))
                        .first->second.answer;
  if (delivery.answer.status >= 400) {
    return delivery;
  }
  model::VideoRecord video;
  video.id = fmt::format("{}", number);
  video.upload_id = handoff.upload_id;
  video.status = "success";
  delivery.changes.emplace_back(journal::PutVideo{std::move(video)});
  return delivery;
}

// Others go on between two reads.
Task<Result<std::string>> NodeApplication::read(const delivery::Handoff& handoff) {
  const auto file = co_await store_.open_finished(handoff.upload_id, handoff.file_size);
  if (!file) {
    co_return fail(file.error());
  }
  std::string bytes;
  while (bytes.size() < handoff.file_size) {
    const std::uint64_t size = shared_.dice.between(1, handoff.file_size);
    const ByteRange some{bytes.size(), std::min(handoff.file_size, bytes.size() + size)};
    const Result<std::string> part = co_await reader_.read(handoff.upload_id, some);
    if (!part) {
      co_return fail(part.error());
    }
    bytes += *part;
  }
  co_return bytes;
}

// Another node may have handed the upload over meanwhile, and removed its bytes.
void NodeApplication::check(const delivery::Handoff& handoff, const Result<std::string>& bytes) {
  const auto record = shared_.journal.uploads.find(handoff.upload_id);
  if (record == shared_.journal.uploads.end() ||
      !upload::awaits_answer(record->second.progress.state)) {
    return;
  }
  const std::string content = shared_.content_of(handoff.upload_id);
  if (content.size() != handoff.file_size || content.contains('\0')) {
    shared_.violate(fmt::format("the file of upload {} is gone", handoff.upload_id));
  } else if (bytes && *bytes != content) {
    shared_.violate(fmt::format("the backend gets another file for upload {}", handoff.upload_id));
  }
}

}  // namespace sluice::simulation
