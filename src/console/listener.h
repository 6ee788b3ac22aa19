// SPDX-License-Identifier: MIT
// A client that listens to the events of the console: the body of its answer.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "runtime/byte_source.h"
#include "runtime/event.h"

namespace sluice::console {

// One thread: that of the client's connection. The texts are shared between listeners.
class Listener final : public runtime::ByteSource {
 public:
  using Text = std::shared_ptr<const std::string>;

  // False, and the stream has ended, when too much is unread (limits::console_unread_bytes_max).
  bool tell(Text text);
  // No more comes. What is unread is still sent.
  void end();

  runtime::Task<Result<>> wait_readable() override;
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override;
  // Not known: the stream ends with the connection.
  std::optional<std::uint64_t> remaining() const override { return std::nullopt; }
  void cancel(Errc reason) override;

 private:
  std::deque<Text> unread_;
  std::size_t unread_bytes_ = 0;
  std::size_t offset_ = 0;  // Of the first text.
  bool ended_ = false;
  std::shared_ptr<runtime::Event> told_;  // Of the reader that waits; null: none does.
};

}  // namespace sluice::console
