// SPDX-License-Identifier: MIT
// The promise of an acknowledgement.
#pragma once

namespace sluice {

enum class Durability {
  commit,    // Acknowledged bytes survive a power cut.
  interval,  // They survive the end of the process; a power cut takes at most the latest of them.
  none,      // They survive the end of the process, not a power cut.
};

}  // namespace sluice
