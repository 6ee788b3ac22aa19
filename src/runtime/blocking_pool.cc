// SPDX-License-Identifier: MIT
#include "runtime/blocking_pool.h"

#include <algorithm>

namespace sluice::runtime {

BlockingPool::BlockingPool(std::size_t threads)
    : inline_(threads == 0), threads_(std::max<std::size_t>(threads, 1)) {}

BlockingPool::~BlockingPool() {
  stop();
}

void BlockingPool::stop() {
  threads_.join();
}

}  // namespace sluice::runtime
