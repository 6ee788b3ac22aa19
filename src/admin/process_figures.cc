// SPDX-License-Identifier: MIT
#include "admin/process_figures.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace sluice::admin {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double seconds_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double now_by(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return seconds_of(time);
}

// The 22nd field of /proc/self/stat: clock ticks from the machine's start to the process's.
std::optional<double> seconds_from_boot_to_start() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  // The second field is the program's name in brackets, which may hold anything.
  if (!std::getline(file, text) || text.rfind(") ") == std::string::npos) {
    return std::nullopt;
  }
  std::size_t begin = text.rfind(") ") + 2;
  constexpr int fields_between = 19;
  for (int i = 0; i < fields_between && begin != 0; ++i) {
    begin = text.find(' ', begin) + 1;
  }
  const double ticks = std::strtod(text.c_str() + begin, nullptr);
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

std::optional<ProcessFigures> process_figures() {
  ProcessFigures figures;
  rusage usage{};
  rlimit descriptors{};
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all_pages = 0;
  std::uint64_t resident_pages = 0;
  std::error_code error;
  const std::filesystem::directory_iterator open("/proc/self/fd", error);
  const std::optional<double> start = seconds_from_boot_to_start();
  if (::getrusage(RUSAGE_SELF, &usage) != 0 || ::getrlimit(RLIMIT_NOFILE, &descriptors) != 0 ||
      !(statm >> all_pages >> resident_pages) || error || !start) {
    return std::nullopt;
  }
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  figures.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  figures.start_time_seconds = now_by(CLOCK_REALTIME) - now_by(CLOCK_BOOTTIME) + *start;
  figures.open_descriptors = static_cast<std::uint64_t>(std::distance(begin(open), end(open)));
  figures.descriptors_max = descriptors.rlim_cur;
  figures.virtual_bytes = all_pages * page;
  figures.resident_bytes = resident_pages * page;
  return figures;
}

}  // namespace sluice::admin
