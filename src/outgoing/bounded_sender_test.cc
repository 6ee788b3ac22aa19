// SPDX-License-Identifier: MIT
#include "outgoing/bounded_sender.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "base/limits.h"
#include "runtime/event.h"
#include "support/run.h"

namespace sluice::outgoing {
namespace {

using runtime::Task;

// Answers no request before it is released.
class HoldingSender final : public Sender {
 public:
  Task<Result<HttpAnswer>> send(HttpRequest /*request*/) override {
    ++begun;
    co_await released->wait(std::chrono::minutes(1));
    HttpAnswer answer;
    answer.status = 200;
    co_return answer;
  }

  std::size_t begun = 0;
  std::shared_ptr<runtime::Event> released = std::make_shared<runtime::Event>();
};

Task<> ask(Sender& sender, std::vector<int>& out) {
  const Result<HttpAnswer> answer = co_await sender.send(HttpRequest());
  out.push_back(answer ? answer->status : -static_cast<int>(answer.error().code()));
}

TEST(BoundedSender, AFloodOfOnePurposeIsRefusedAndOthersAreServed) {
  boost::asio::io_context context(1);
  NullLog log;
  HoldingSender client;
  BoundedSender questions(client, limits::authorize_questions_max);
  BoundedSender others(client, 1);
  std::vector<int> asked;
  std::vector<int> told;
  runtime::TaskGroup tasks(context.get_executor(), log);
  for (std::size_t i = 0; i <= limits::authorize_questions_max; ++i) {
    tasks.spawn("question", ask(questions, asked));
  }
  tasks.spawn("other", ask(others, told));
  const auto release = [](HoldingSender& of) -> Task<> {
    co_await runtime::sleep_for(Duration::zero());
    of.released->set();
  };
  testing::run_in(context, release(client));
  EXPECT_TRUE(testing::run_in(context, tasks.wait(std::chrono::seconds(30))));
  EXPECT_EQ(client.begun, limits::authorize_questions_max + 1);
  EXPECT_EQ(told, std::vector{200});
  EXPECT_EQ(asked.front(), -static_cast<int>(Errc::overloaded));
  EXPECT_EQ(asked.back(), 200);
  // The places are free again.
  EXPECT_EQ(testing::run(questions.send(HttpRequest()))->status, 200);
}

}  // namespace
}  // namespace sluice::outgoing
