// SPDX-License-Identifier: MIT
#include "commands/upload_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "auth/timestamp.h"
#include "base/encoding.h"
#include "base/printable.h"
#include "cli/progress.h"
#include "cli/terminal.h"

namespace sluice::commands {
namespace {

namespace json = boost::json;

std::string text_in(const json::object& document, const char* name) {
  const json::value* value = document.if_contains(name);
  return value == nullptr || !value->is_string() ? "" : std::string(value->get_string());
}

std::optional<std::uint64_t> number_in(const json::object& document, const char* name) {
  const json::value* value = document.if_contains(name);
  json::error_code error;
  const auto number = value == nullptr ? 0 : value->to_number<std::uint64_t>(error);
  return value == nullptr || error ? std::nullopt : std::optional(number);
}

bool flag_in(const json::object& document, const char* name) {
  const json::value* value = document.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string done_text(const UploadRow& upload) {
  const std::optional<int> percent =
      cli::percent({.name = {}, .done = upload.arrived, .total = upload.file_size});
  return percent ? fmt::format("{}%", *percent) : "?";
}

std::string age_text(const UploadRow& upload, Timestamp now) {
  const std::optional<Timestamp> created = auth::parse_timestamp(upload.created_at);
  return created ? cli::format_duration(std::chrono::duration_cast<std::chrono::seconds>(
                       std::max(now - *created, Duration(0))))
                 : "?";
}

}  // namespace

UploadRow upload_row(const json::object& document) {
  return {.id = number_in(document, "id").value_or(0),
          .state = printable(text_in(document, "state")),
          .file_name = printable(text_in(document, "file_name")),
          .file_size = number_in(document, "file_size"),
          .arrived = number_in(document, "arrived").value_or(0),
          .is_being_written = flag_in(document, "is_being_written"),
          .owner = printable(text_in(document, "owner")),
          .dialect = printable(text_in(document, "dialect")),
          .created_at = text_in(document, "created_at"),
          .bytes_per_second = std::nullopt};
}

std::vector<std::string> table_of(const std::vector<UploadRow>& uploads, Timestamp now,
                                  std::size_t columns) {
  const bool has_owners =
      std::ranges::any_of(uploads, [](const UploadRow& upload) { return !upload.owner.empty(); });
  // Heading or upload: id, state, size, done, rate, age, owner, name.
  const auto line = [columns, has_owners](const std::array<std::string, 8>& cells) {
    const auto& [id, state, size, done, rate, age, owner, name] = cells;
    constexpr std::size_t owner_columns = 10;
    return cli::first_columns(
        fmt::format(
            "{:>6}  {:10}  {:>9}  {:>4}  {:>11}  {:>7}  {}{}", id, state, size, done, rate, age,
            has_owners ? fmt::format("{:10}  ", cli::first_columns(owner, owner_columns)) : "",
            name),
        columns);
  };
  std::vector<std::string> lines{
      line({"ID", "STATE", "SIZE", "DONE", "RATE", "AGE", "OWNER", "NAME"})};
  for (const UploadRow& upload : uploads) {
    std::string rate = upload.is_being_written ? "open" : "";
    if (upload.bytes_per_second) {
      rate = cli::format_bytes(static_cast<std::uint64_t>(*upload.bytes_per_second)) + "/s";
    }
    lines.push_back(
        line({std::to_string(upload.id), upload.state,
              upload.file_size ? cli::format_bytes(*upload.file_size) : "?", done_text(upload),
              rate, age_text(upload, now), upload.owner, upload.file_name}));
  }
  return lines;
}

std::vector<std::string> status_lines(const json::object& status) {
  std::string uploads;
  if (const json::value* counts = status.if_contains("uploads"); counts && counts->is_object()) {
    for (const auto& [state, count] : counts->get_object()) {
      if (const auto number = number_in(counts->get_object(), std::string(state).c_str());
          number && *number > 0) {
        uploads += fmt::format("{}{} {}", uploads.empty() ? "" : ", ", *number, std::string(state));
      }
    }
  }
  std::string line = fmt::format(
      "{}; {}; {} connections, {} received", flag_in(status, "ready") ? "ready" : "not ready",
      uploads.empty() ? "no uploads" : uploads, number_in(status, "connections").value_or(0),
      cli::format_bytes(number_in(status, "bytes_received").value_or(0)));
  if (const auto free = number_in(status, "disk_free_bytes")) {
    line += ", " + cli::format_bytes(*free) + " free";
  }
  line += "; up " + cli::format_duration(std::chrono::seconds(
                        static_cast<std::int64_t>(number_in(status, "up_seconds").value_or(0))));
  std::vector<std::string> lines{std::move(line)};
  if (const json::value* reasons = status.if_contains("reasons"); reasons && reasons->is_array()) {
    for (const json::value& reason : reasons->get_array()) {
      if (reason.is_string()) {
        lines.push_back("not ready: " + printable(reason.get_string()));
      }
    }
  }
  return lines;
}

}  // namespace sluice::commands
