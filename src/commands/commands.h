// SPDX-License-Identifier: MIT
// The subcommands of the program. Each function adds one to `program`. When that one is chosen,
// parsing runs it and leaves what the process has to end with in `exit_code`, which has to outlive
// the parsing. A command line that does not parse is the caller's to report, with exit_usage.
#pragma once

namespace CLI {
class App;
}

namespace sluice::commands {

// The command line is wrong, or the settings are.
inline constexpr int exit_usage = 2;

void add_serve(CLI::App& program, int& exit_code);
void add_check(CLI::App& program, int& exit_code);
void add_fsck(CLI::App& program, int& exit_code);
void add_backup(CLI::App& program, int& exit_code);
void add_restore(CLI::App& program, int& exit_code);
void add_migrate(CLI::App& program, int& exit_code);
void add_upload(CLI::App& program, int& exit_code);
void add_retry(CLI::App& program, int& exit_code);
void add_uploads(CLI::App& program, int& exit_code);
void add_status(CLI::App& program, int& exit_code);
void add_top(CLI::App& program, int& exit_code);
void add_reload(CLI::App& program, int& exit_code);
void add_move(CLI::App& program, int& exit_code);
void add_credentials(CLI::App& program, int& exit_code);
void add_doctor(CLI::App& program, int& exit_code);
// Those about the program itself. `program` outlives the parsing.
void add_help(CLI::App& program, int& exit_code);

}  // namespace sluice::commands
