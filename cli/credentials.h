// SPDX-License-Identifier: MIT
// `sluice credentials add|list|revoke`: the file that auth.file names, which a running server reads
// again by itself.
#pragma once

namespace CLI {
class App;
}

namespace sluice::cli {

// `exit_code` is set when the command has run.
void add_credentials_command(CLI::App& program, int& exit_code);

}  // namespace sluice::cli
