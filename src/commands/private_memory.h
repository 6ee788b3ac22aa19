// SPDX-License-Identifier: MIT
// Keys, tokens and bytes of clients are in the memory of this process alone.
#pragma once

namespace sluice::commands {

// From now on the process leaves no core dump, and other processes of its user read neither its
// memory nor its open files; with sanitizers, whose leak check reads them, it leaves no core dump.
void keep_memory_private() noexcept;

}  // namespace sluice::commands
