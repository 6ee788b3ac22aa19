// SPDX-License-Identifier: MIT
#include "runtime/pipe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>

#include "base/limits.h"

namespace sluice::runtime {
namespace {

TEST(Pipe, HoldsWhatItsLimitSaysAndKnowsWhenItIsFull) {
  auto pipe = Pipe::open();
  ASSERT_TRUE(pipe);
  EXPECT_EQ(::fcntl(pipe->read_end(), F_GETPIPE_SZ), static_cast<int>(limits::pipe_bytes));
  EXPECT_FALSE(pipe->is_full());
  const std::string page(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)), 'x');
  for (std::size_t size = 0; size < limits::pipe_bytes; size += page.size()) {
    ASSERT_FALSE(pipe->is_full()) << size;
    ASSERT_EQ(::write(pipe->write_end(), page.data(), page.size()),
              static_cast<ssize_t>(page.size()));
  }
  EXPECT_TRUE(pipe->is_full());
}

TEST(PipePool, LendsAPipeAgainAndOpensOneMoreWhenNoneIsFree) {
  PipePool pool;
  auto one = pool.take();
  auto other = pool.take();
  ASSERT_TRUE(one && other);
  const int first = one->read_end();
  EXPECT_NE(first, other->read_end());
  pool.give_back(*std::move(one));
  EXPECT_EQ(pool.take()->read_end(), first);
}

TEST(PipePool, WhatIsNotGivenBackIsClosed) {
  PipePool pool;
  const int descriptor = pool.take()->read_end();
  EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);
}

}  // namespace
}  // namespace sluice::runtime
