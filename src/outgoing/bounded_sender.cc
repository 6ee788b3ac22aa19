// SPDX-License-Identifier: MIT
#include "outgoing/bounded_sender.h"

#include <utility>

namespace sluice::outgoing {
namespace {

class Place {
 public:
  explicit Place(std::atomic<std::size_t>& count) : count_(count), number_(++count) {}
  ~Place() { --count_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  std::size_t number() const noexcept { return number_; }

 private:
  std::atomic<std::size_t>& count_;
  const std::size_t number_;
};

}  // namespace

runtime::Task<Result<HttpAnswer>> BoundedSender::send(HttpRequest request) {
  const Place place(count_);
  if (place.number() > requests_max_) {
    co_return fail(Errc::overloaded, "too many requests of this kind are under way");
  }
  co_return co_await sender_.send(std::move(request));
}

}  // namespace sluice::outgoing
