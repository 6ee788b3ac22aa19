// SPDX-License-Identifier: MIT
#include "simulation/nodes_objects.h"

#include <fmt/format.h>

#include "simulation/turns.h"

namespace sluice::simulation {

using runtime::Task;

namespace {

// Of the rates of a commit: there are many more calls of the bucket.
constexpr double stumbling = 0.25;
constexpr int slow_turns = 20;

std::unexpected<Error> no_answer() {
  return fail(Errc::unavailable, "the store does not answer");
}

Result<std::string> all_of_body(const outgoing::Body& body) {
  std::string text(static_cast<std::size_t>(body.size()), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const Result<std::size_t> count =
        body.read_at(done, std::as_writable_bytes(std::span(text)).subspan(done));
    if (!count) {
      return fail(count.error());
    }
    done += *count;
  }
  return text;
}

}  // namespace

Task<Result<>> NodeObjects::send() {
  const Timestamp signed_at = shared_.now();
  const bool is_slow = shared_.dice.chance(shared_.faults.slow_call);
  for (int turns = is_slow ? slow_turns : 0; turns > 0; --turns) {
    co_await let_others_go_first();
  }
  gate_.stumble(stumbling);
  if (!co_await gate_.pass()) {
    co_return fail(Errc::unavailable, "the node has died");
  }
  if (is_signature_over(signed_at, shared_.now()) ||
      shared_.dice.chance(shared_.faults.lost_call)) {
    gate_.failed();
    ++shared_.calls_failed;
    co_return no_answer();
  }
  co_return Result<>();
}

Task<Result<>> NodeObjects::hear() {
  gate_.stumble(stumbling);
  if (!co_await gate_.pass()) {
    co_return fail(Errc::unavailable, "the node has died");
  }
  if (shared_.dice.chance(shared_.faults.lost_answer)) {
    gate_.failed();
    ++shared_.calls_failed;
    co_return no_answer();
  }
  co_return Result<>();
}

Task<Result<>> NodeObjects::change(Effect effect) {
  const Timestamp signed_at = shared_.now();
  if (Result<> sent = co_await send(); !sent) {
    co_return sent;
  }
  const bool is_late = shared_.dice.chance(shared_.faults.late_call);
  if (is_late || shared_.dice.chance(shared_.faults.doubled_call)) {
    shared_.late_calls.push_back({signed_at, effect});
  }
  if (is_late) {
    gate_.failed();
    ++shared_.calls_failed;
    co_return no_answer();
  }
  Result<> done = co_await effect();
  const Result<> heard = co_await hear();
  co_return heard ? done : heard;
}

Task<Result<>> NodeObjects::put(std::string key, s3::Payload payload) {
  const Result<std::string> text = all_of_body(*payload.body);
  if (!text) {
    co_return fail(text.error());
  }
  ++shared_.objects_made;
  key = shared_.name_of(key);
  if (shared_.defect == NodesDefect::acknowledges_what_is_in_scratch) {
    in_scratch_.push_back(key);
    co_return co_await shared_.bucket.put(std::move(key), std::move(payload));
  }
  put_.try_emplace(key, gate_.faults());
  Effect effect = [&shared = shared_, key, text = *text, digest = payload.sha256] {
    if (shared.is_forgotten(key)) {
      shared.orphans.insert(key);
    }
    return shared.bucket.put(key, {std::make_shared<outgoing::TextBody>(text), digest});
  };
  co_return co_await change(std::move(effect));
}

Task<Result<>> NodeObjects::remove(std::vector<std::string> keys) {
  for (std::string& key : keys) {
    key = shared_.name_of(key);
  }
  Effect effect = [&bucket = shared_.bucket, keys] { return bucket.remove(keys); };
  co_return co_await change(std::move(effect));
}

Task<Result<std::string>> NodeObjects::get_range(std::string key, ByteRange range) {
  if (const Result<> sent = co_await send(); !sent) {
    co_return fail(sent.error());
  }
  Result<std::string> bytes = co_await shared_.bucket.get_range(shared_.name_of(key), range);
  const Result<> heard = co_await hear();
  co_return heard ? std::move(bytes) : fail(heard.error());
}

Task<Result<s3::ListPage>> NodeObjects::list(std::string prefix, std::string next) {
  if (const Result<> sent = co_await send(); !sent) {
    co_return fail(sent.error());
  }
  Result<s3::ListPage> page = co_await shared_.bucket.list(std::move(prefix), std::move(next));
  const Result<> heard = co_await hear();
  co_return heard ? std::move(page) : fail(heard.error());
}

void NodeObjects::check_orphans() {
  for (const auto& [key, faults_before] : put_) {
    if (shared_.orphans.contains(key) && shared_.bucket.objects.contains(key) &&
        gate_.faults() == faults_before) {
      shared_.violate(fmt::format("the object {} of a forgotten upload was not removed", key));
    }
  }
  put_.clear();
}

void NodeObjects::write_behind() {
  if (gate_.is_alive()) {
    in_scratch_.clear();
  }
}

void NodeObjects::lose_scratch() {
  for (const std::string& key : in_scratch_) {
    shared_.bucket.objects.erase(key);
  }
}

}  // namespace sluice::simulation
