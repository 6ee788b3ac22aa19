// SPDX-License-Identifier: MIT
// A timer of an event loop.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "runtime/task.h"

namespace sluice::runtime {

using Timer = boost::asio::steady_timer::rebind_executor<Executor>::other;

}  // namespace sluice::runtime
