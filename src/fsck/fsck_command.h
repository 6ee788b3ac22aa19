// SPDX-License-Identifier: MIT
// The command line of `sluice fsck`.
#pragma once

namespace CLI {
class App;
}

namespace sluice::fsck {

// Adds the subcommand `fsck` to `app`. When it is chosen, parsing runs it and leaves what the
// process has to end with in `exit_code`, which has to outlive the parsing. A command line that
// does not parse is the caller's to report, with 2.
void add_fsck_command(CLI::App& app, int& exit_code);

}  // namespace sluice::fsck
