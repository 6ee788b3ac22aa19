// SPDX-License-Identifier: MIT
// A log that keeps its lines: the event, then "key=value" for each field.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/log.h"

namespace sluice::testing {

class RecordingLog final : public Log {
 public:
  void write(LogLevel, std::string_view event, LogFields fields) noexcept override {
    std::string line(event);
    for (const LogField& field : fields) {
      line += " " + std::string(field.key.text()) + "=" + std::visit(to_text, field.value);
    }
    lines.push_back(std::move(line));
  }
  std::vector<std::string> lines;

 private:
  static constexpr auto to_text = [](const auto& value) {
    if constexpr (std::is_convertible_v<decltype(value), std::string_view>) {
      return std::string(value);
    } else {
      return std::to_string(value);
    }
  };
};

}  // namespace sluice::testing
