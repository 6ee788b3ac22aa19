// SPDX-License-Identifier: MIT
#include "fsck/report.h"

namespace sluice::fsck {

void Report::add(const Finding& finding, const Repair& repair) {
  if (options_.counts && !options_.counts(finding.what)) {
    return;
  }
  if (finding.harmless) {
    ++summary.notes;
    say_("note: " + finding.what);
    return;
  }
  ++summary.findings;
  const bool is_wanted = finding.remedy == Remedy::rebuild
                             ? options_.rebuild
                             : options_.repair && (!options_.moves_aside_alone ||
                                                   finding.remedy == Remedy::move_aside);
  if (!is_wanted || !repair) {
    say_("found: " + finding.what);
    return;
  }
  const Result<std::string> done = repair();
  if (done) {
    ++summary.repaired;
    say_("repaired: " + finding.what + ": " + *done);
  } else {
    say_("found: " + finding.what + ": not repaired: " + done.error().message());
  }
}

}  // namespace sluice::fsck
