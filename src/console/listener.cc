// SPDX-License-Identifier: MIT
#include "console/listener.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace sluice::console {

bool Listener::tell(Text text) {
  if (unread_bytes_ + text->size() > limits::console_unread_bytes_max) {
    unread_.clear();
    unread_bytes_ = offset_ = 0;
    end();
    return false;
  }
  unread_bytes_ += text->size();
  unread_.push_back(std::move(text));
  if (told_) {
    std::exchange(told_, nullptr)->set();
  }
  return true;
}

void Listener::end() {
  ended_ = true;
  if (told_) {
    std::exchange(told_, nullptr)->set();
  }
}

void Listener::cancel(Errc /*reason*/) {
  end();
}

runtime::Task<Result<>> Listener::wait_readable() {
  while (unread_.empty() && !ended_) {
    const auto told = std::make_shared<runtime::Event>();
    told_ = told;
    co_await told->wait(limits::console_tick);
  }
  co_return Result<>();
}

runtime::Task<Result<std::size_t>> Listener::read(MutableBytes buffer, Duration /*patience*/) {
  (void)co_await wait_readable();
  std::size_t count = 0;
  while (count < buffer.size() && !unread_.empty()) {
    const Bytes rest = as_bytes(*unread_.front()).subspan(offset_);
    const std::size_t piece = std::min(rest.size(), buffer.size() - count);
    std::ranges::copy(rest.first(piece), buffer.subspan(count).begin());
    count += piece;
    offset_ += piece;
    unread_bytes_ -= piece;
    if (offset_ == unread_.front()->size()) {
      unread_.pop_front();
      offset_ = 0;
    }
  }
  co_return count;
}

}  // namespace sluice::console
