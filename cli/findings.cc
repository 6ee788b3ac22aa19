// SPDX-License-Identifier: MIT
#include "cli/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "cli/upload_client.h"

namespace sluice::cli {
namespace {

std::string_view word_of(Mark mark) {
  switch (mark) {
    case Mark::ok:
      return "ok";
    case Mark::skipped:
      return "skipped";
    case Mark::warning:
      return "warning";
    case Mark::problem:
      return "problem";
  }
  return "";
}

}  // namespace

void Findings::add(Mark mark, std::string_view check, const std::string& text) {
  worst_ = std::max(worst_, mark);
  const std::string line =
      as_json_ ? boost::json::serialize(boost::json::object{
                     {"check", check}, {"mark", word_of(mark)}, {"text", printable(text)}})
               : fmt::format("{:8} {:12} {}", word_of(mark), check, printable(text));
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

int Findings::exit_code() const noexcept {
  switch (worst_) {
    case Mark::ok:
    case Mark::skipped:
      return 0;
    case Mark::warning:
      return 1;
    case Mark::problem:
      return 2;
  }
  return 2;
}

}  // namespace sluice::cli
