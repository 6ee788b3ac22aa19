// SPDX-License-Identifier: MIT
// The memory that answers take while their clients are slow to read them.
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "base/metrics.h"
#include "base/mutex.h"
#include "net/byte_stream.h"
#include "runtime/task.h"

namespace sluice::http {

// Shared by all connections; any thread. Where the bytes of all answers are more than the budget,
// the answer that has been on its way for longest is given up, with its connection, until they are
// not: a client that reads is through long before.
class AnswerBudget {
 public:
  AnswerBudget(std::uint64_t bytes_max, Metrics& metrics);
  AnswerBudget(const AnswerBudget&) = delete;
  AnswerBudget& operator=(const AnswerBudget&) = delete;

  class Share;

 private:
  struct Answer {
    runtime::Executor executor;
    net::ByteStream* stream;  // The stream's own thread; null when the answer is out.
    std::uint64_t bytes;
    bool is_given_up = false;  // Under the mutex of the budget.
  };
  using Answers = std::list<std::shared_ptr<Answer>>;

  Answers::iterator add(std::shared_ptr<Answer> answer);
  void remove(Answers::iterator answer) noexcept;

  const std::uint64_t bytes_max_;
  Metrics& metrics_;
  Mutex mutex_;
  Answers under_way_ GUARDED_BY(mutex_);        // The oldest first.
  std::uint64_t bytes_ GUARDED_BY(mutex_) = 0;  // Of those that were not given up.
};

// The part of one answer, or of a piece of one. Made and destroyed on the stream's thread.
class AnswerBudget::Share {
 public:
  // Of less than limits::unsent_bytes_least no account is kept, nor without a budget.
  Share(AnswerBudget* budget, net::ByteStream& stream, std::uint64_t bytes);
  ~Share();
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

 private:
  AnswerBudget* budget_;  // Null where there is no account.
  Answers::iterator answer_;
};

}  // namespace sluice::http
