// SPDX-License-Identifier: MIT
// What an acknowledgement promises.
#pragma once

namespace sluice {

enum class Durability {
  commit,  // Acknowledged bytes survive a power cut.
  none,    // They survive the end of the process, not a power cut.
};

}  // namespace sluice
