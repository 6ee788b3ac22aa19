// SPDX-License-Identifier: MIT
#include "http/answer_budget.h"

#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace sluice::http {

AnswerBudget::AnswerBudget(std::uint64_t bytes_max, Metrics& metrics)
    : bytes_max_(bytes_max), metrics_(metrics) {}

AnswerBudget::Answers::iterator AnswerBudget::add(std::shared_ptr<Answer> answer) {
  std::vector<std::shared_ptr<Answer>> given_up;
  Answers::iterator place;
  {
    const MutexLock lock(mutex_);
    bytes_ += answer->bytes;
    place = under_way_.insert(under_way_.end(), std::move(answer));
    for (auto oldest = under_way_.begin(); bytes_ > bytes_max_ && oldest != place; ++oldest) {
      if (!std::exchange((*oldest)->is_given_up, true)) {
        bytes_ -= (*oldest)->bytes;
        given_up.push_back(*oldest);
      }
    }
    metrics_.unsent_bytes.set(static_cast<std::int64_t>(bytes_));
  }
  for (const std::shared_ptr<Answer>& oldest : given_up) {
    metrics_.answers_given_up.add();
    boost::asio::post(oldest->executor, [oldest] {
      if (oldest->stream != nullptr) {
        oldest->stream->cancel(Errc::overloaded);
      }
    });
  }
  return place;
}

void AnswerBudget::remove(Answers::iterator answer) noexcept {
  (*answer)->stream = nullptr;
  const MutexLock lock(mutex_);
  if (!(*answer)->is_given_up) {
    bytes_ -= (*answer)->bytes;
  }
  under_way_.erase(answer);
  metrics_.unsent_bytes.set(static_cast<std::int64_t>(bytes_));
}

AnswerBudget::Share::Share(AnswerBudget* budget, net::ByteStream& stream, std::uint64_t bytes)
    : budget_(bytes < limits::unsent_bytes_least ? nullptr : budget) {
  if (budget_ != nullptr) {
    answer_ = budget_->add(std::make_shared<Answer>(Answer{stream.executor(), &stream, bytes}));
  }
}

AnswerBudget::Share::~Share() {
  if (budget_ != nullptr) {
    budget_->remove(answer_);
  }
}

}  // namespace sluice::http
