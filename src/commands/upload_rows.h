// SPDX-License-Identifier: MIT
// Uploads and the server's status as a person reads them on a terminal. Text only.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace sluice::commands {

// An upload as the control socket tells of it.
struct UploadRow {
  std::uint64_t id = 0;
  std::string state;
  std::string file_name;  // Fit for a terminal.
  std::optional<std::uint64_t> file_size;
  std::uint64_t arrived = 0;
  bool is_being_written = false;
  std::string owner;  // The same.
  std::string dialect;
  std::string created_at;
  std::optional<double> bytes_per_second;  // Where it was measured.
};

// Members that are missing or no sense are left as they are by default.
UploadRow upload_row(const boost::json::object& document);

// A line of headings and a line for each upload, each of at most `columns` characters; the name
// comes last and is cut. Owners have a column where there are any.
std::vector<std::string> table_of(const std::vector<UploadRow>& uploads, Timestamp now,
                                  std::size_t columns);

// "ready; 3 receiving, 1 delivered; 12 connections, 1.2 GiB received, 30.0 GiB free; up 1:02:03",
// and a line for each reason why the server is not ready.
std::vector<std::string> status_lines(const boost::json::object& status);

}  // namespace sluice::commands
