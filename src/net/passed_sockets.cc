// SPDX-License-Identifier: MIT
#include "net/passed_sockets.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ranges>
#include <utility>
#include <vector>

#include "base/printable.h"

namespace sluice::net {
namespace {

std::string taken_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

std::optional<std::size_t> number_of(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

std::vector<std::string> names_in(std::string_view list) {
  std::vector<std::string> names;
  for (const auto name : std::views::split(list, ':')) {
    names.emplace_back(name.begin(), name.end());
  }
  return names;
}

}  // namespace

Result<PassedSockets> PassedSockets::from_environment(std::span<const std::string_view> names) {
  const std::string process = taken_variable("LISTEN_PID");
  const std::string count = taken_variable("LISTEN_FDS");
  const std::string names_passed = taken_variable("LISTEN_FDNAMES");
  if (process != std::to_string(::getpid()) || count.empty()) {
    return PassedSockets();
  }
  return parse(count, names_passed, names);
}

Result<PassedSockets> PassedSockets::parse(const std::string& count, std::string_view names_passed,
                                           std::span<const std::string_view> names, int first) {
  const std::optional<std::size_t> number = number_of(count);
  if (!number || *number > names.size()) {
    return fail(Errc::bad_request, fmt::format("LISTEN_FDS: expected at most {} sockets, got {}",
                                               names.size(), printable(count)));
  }
  const std::vector<std::string> given = names_in(names_passed);
  if (*number > 0 && given.size() != *number) {
    return fail(Errc::bad_request,
                fmt::format("LISTEN_FDNAMES: expected the names of {} sockets, got \"{}\"", *number,
                            printable(names_passed)));
  }
  PassedSockets passed;
  for (std::size_t i = 0; i < *number; ++i) {
    const std::string& name = given[i];
    if (std::ranges::find(names, name) == names.end()) {
      return fail(Errc::bad_request,
                  fmt::format("a socket named \"{}\" was passed, expected {}: FileDescriptorName= "
                              "of the socket unit names it",
                              printable(name), fmt::join(names, " or ")));
    }
    if (passed.sockets_.contains(name)) {
      return fail(Errc::bad_request,
                  fmt::format("two sockets named \"{}\" were passed, expected one", name));
    }
    Result<ListeningSocket> socket = ListeningSocket::adopt(first + static_cast<int>(i));
    if (!socket) {
      return fail(socket.error().code(), fmt::format("the socket \"{}\" that was passed: {}", name,
                                                     socket.error().message()));
    }
    passed.sockets_.emplace(name, *std::move(socket));
  }
  return passed;
}

std::optional<ListeningSocket> PassedSockets::take(std::string_view name) {
  const auto found = sockets_.find(name);
  if (found == sockets_.end()) {
    return std::nullopt;
  }
  std::optional<ListeningSocket> socket(std::move(found->second));
  sockets_.erase(found);
  return socket;
}

}  // namespace sluice::net
