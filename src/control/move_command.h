// SPDX-License-Identifier: MIT
// The command line of `sluice move`.
#pragma once

namespace CLI {
class App;
}

namespace sluice::control {

// Adds the subcommand `move` to `app`. When it is chosen, parsing runs it and leaves what the
// process has to end with in `exit_code`, which has to outlive the parsing.
void add_move_command(CLI::App& app, int& exit_code);

}  // namespace sluice::control
