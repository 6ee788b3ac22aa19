// SPDX-License-Identifier: MIT
// The documents of records: a line of JSON each, which clients read and from which the library
// learns what the record's files are. Sans-IO.
#pragma once

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/layout.h"

namespace sluice::library {

// An object's text, member by member, in the order in which they are added.
class ObjectText {
 public:
  void add(std::string_view name, std::string_view value);
  void add_or_null(std::string_view name, std::string_view value);
  void add(std::string_view name, std::unsigned_integral auto value) {
    add_raw(name, fmt::format("{}", value));
  }
  void add(std::string_view name, double value);
  // `value` is JSON.
  void add_raw(std::string_view name, std::string_view value);

  std::string finish() && { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

// Empty for a text that is no object.
boost::json::object parse_object(std::string_view text);

// The member `extra_files`, a list.
std::string extra_files_text(const std::string& id,
                             const std::vector<model::ExtraFile>& extra_files);

// The document as it is told to the sender of a multi-chunk upload: nothing but "processing" is a
// success there (panda-clients 4.3).
std::string processing_document(std::string_view document);

// The members `extname`, `file_size` and `extra_files`, which every document has. storage_failed
// where they are not as the library writes them.
Result<std::string> stored_extension_of(std::string_view document);
Result<std::uint64_t> stored_size_of(std::string_view document);

struct StoredExtraFile {
  std::string suffix;  // As of extra_file_suffix().
  std::uint64_t size = 0;
};
Result<std::vector<StoredExtraFile>> stored_extra_files_of(std::string_view document);

}  // namespace sluice::library
