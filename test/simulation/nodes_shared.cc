// SPDX-License-Identifier: MIT
#include "simulation/nodes_shared.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "simulation/turns.h"

namespace sluice::simulation {

using runtime::Task;

namespace {

constexpr std::size_t listed_at_once = 3;
constexpr char known_run = 'r';  // No hex digit.

}  // namespace

bool is_signature_over(Timestamp signed_at, Timestamp now) {
  return now - signed_at > std::chrono::minutes(15);
}

NodesShared::NodesShared(Dice& the_dice, NodesDefect the_defect)
    : dice(the_dice), defect(the_defect) {
  journal.shared = true;
  bucket.page_count = listed_at_once;
}

void NodesShared::violate(const std::string& what) {
  if (!violation) {
    violation = what;
  }
}

// PREFIX/e/xx/<id>/<run>-<n>-<begin>-<end>.
std::string NodesShared::name_of(const std::string& object) {
  const std::size_t run = object.rfind('/') + 1;
  const std::size_t number = object.find('-', run);
  if (number == std::string::npos || object[run] == known_run) {
    return object;
  }
  if (defect == NodesDefect::uses_names_twice) {
    const std::size_t range = object.find('-', number + 1) + 1;
    return object.substr(0, run) + object.substr(range, object.rfind('-') - range);
  }
  std::string& name = runs[object.substr(run, number - run)];
  if (name.empty()) {
    name = fmt::format("{}{:04}", known_run, runs.size());
  }
  return object.substr(0, run) + name + object.substr(number);
}

bool NodesShared::is_forgotten(const std::string& object) const {
  const std::size_t end = object.rfind('/');
  const std::size_t begin = object.rfind('/', end - 1) + 1;
  return !journal.uploads.contains(std::stoull(object.substr(begin, end - begin)));
}

std::string NodesShared::content_of(std::uint64_t upload_id) {
  std::string content;
  for (const model::Extent& extent : journal.extents_of(upload_id)) {
    content.resize(std::max<std::size_t>(content.size(), extent.range.end));
    const auto object = bucket.objects.find(name_of(extent.object));
    if (object != bucket.objects.end() &&
        object->second.size() >= extent.object_begin + extent.range.size()) {
      content.replace(extent.range.begin, extent.range.size(), object->second, extent.object_begin,
                      extent.range.size());
    }
  }
  return content;
}

Task<bool> Gate::pass() {
  co_await wait_some_turns(shared_.dice);
  while (const std::shared_ptr<runtime::Event> frozen = frozen_) {
    co_await frozen->wait(std::chrono::minutes(1));
  }
  while (!alive_ && !co_await end_->wait(std::chrono::minutes(1))) {
  }
  co_return alive_;
}

void Gate::stumble(double part) {
  if (shared_.dice.chance(shared_.faults.freeze * part)) {
    freeze();
  }
  if (shared_.dice.chance(shared_.faults.death * part)) {
    die();
  }
}

void Gate::freeze() {
  if (alive_ && !frozen_) {
    frozen_ = std::make_shared<runtime::Event>();
  }
}

void Gate::thaw() {
  if (const auto frozen = std::exchange(frozen_, nullptr)) {
    frozen->set();
  }
}

void Gate::die() {
  alive_ = false;
  thaw();
}

void Gate::end() {
  end_->set();
}

}  // namespace sluice::simulation
