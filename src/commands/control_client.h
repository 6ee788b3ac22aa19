// SPDX-License-Identifier: MIT
// The other end of admin/control_pages.h: one command to the server that runs on a data directory.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/limits.h"

namespace CLI {
class App;
}

namespace sluice::commands {

// `--data DIR`: which server a command speaks to. `directory` outlives the parsing.
void add_server_option(CLI::App& command, std::string& directory);

// Exit codes of the commands beside 0 and that of a wrong command line.
inline constexpr int exit_refused = 1;
inline constexpr int exit_no_server = 4;

struct ControlAnswer {
  long status = 0;
  std::string body;

  // A text of the answer's JSON object; empty where there is none.
  std::string member(const char* name) const;
  // Where it is a number, else 0.
  std::uint64_t count(const char* name) const;
  // Where it is an array, else an empty one.
  boost::json::array list(const char* name) const;
  // All of the object.
  boost::json::object members() const;
};

// A command is sent with POST, a question asked with GET. Both block, for `time_max` and
// limits::control_time_max at most. closed_by_peer when no server answers there.
Result<ControlAnswer> send_command(const std::string& data_directory, const std::string& path,
                                   std::chrono::milliseconds time_max = limits::control_time_max);
Result<ControlAnswer> ask(const std::string& data_directory, const std::string& path);

// Page after page of the uploads that `filter` chooses, "&state=receiving" or empty: no question
// takes long. Ends with the exit code of the first failure, which it has said; unset: all is read.
std::optional<int> for_each_page(const std::string& data_directory, const std::string& filter,
                                 const std::function<void(const boost::json::array&)>& take);

// Where the server refused or did not answer: prints the reason to standard error and returns the
// exit code of the command. Unset: the answer is one.
std::optional<int> failure_of(const Result<ControlAnswer>& answer);

}  // namespace sluice::commands
