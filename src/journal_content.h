// SPDX-License-Identifier: MIT
// What a journal has at the start of the server, which tells whether its store can be the right
// one.
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "open_journal.h"
#include "runtime/task.h"

namespace sluice {

struct JournalContent {
  bool has_uploads = false;  // Or files that are kept of them.
  bool has_extents = false;
};

// Blocks; not on the executor's thread.
Result<JournalContent> look_into(const OpenJournal& opened, const runtime::Executor& executor,
                                 Log& log);

}  // namespace sluice
