// SPDX-License-Identifier: MIT
#include "base/log.h"

namespace sluice {

void Log::info(std::string_view event, LogFields fields) noexcept {
  write(LogLevel::info, event, fields);
}
void Log::warn(std::string_view event, LogFields fields) noexcept {
  write(LogLevel::warn, event, fields);
}
void Log::error(std::string_view event, LogFields fields) noexcept {
  write(LogLevel::error, event, fields);
}

}  // namespace sluice
