// SPDX-License-Identifier: MIT
// A part of the server that works by itself: begun once all is built, brought to rest, taken down.
#pragma once

namespace sluice::runtime {

// The calls come one after the other, from a thread that is no worker's.
class Part {
 public:
  virtual ~Part() = default;

  // Begins to work.
  virtual void start() = 0;
  // Begins nothing new. Blocks until what is under way has ended, or its time is over.
  virtual void drain() = 0;
  // Comes when the workers' threads have ended and their loops still exist: gives the sockets of
  // these loops back and ends own threads, which could resume coroutines.
  virtual void close() {}
};

}  // namespace sluice::runtime
