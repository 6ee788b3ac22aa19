// SPDX-License-Identifier: MIT
// The command line of `sluice upload`.
#pragma once

namespace CLI {
class App;
}

namespace sluice::cli {

// Adds the subcommand `upload` to `app`. When it is chosen, parsing runs it and leaves what the
// process has to end with in `exit_code`, which has to outlive the parsing. A command line that
// does not parse is the caller's to report, with ExitCode::usage.
void add_upload_command(CLI::App& app, int& exit_code);

}  // namespace sluice::cli
