// SPDX-License-Identifier: MIT
// The field Upload-Metadata of tus 1.0.0. Knows no socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::protocol::tus {

// Text of a client, none of which has been judged.
class UploadMetadata {
 public:
  struct Entry {
    std::string key;    // Printable ASCII without space and comma, of its own for each entry.
    std::string value;  // Any bytes; empty where there is none.
  };

  // An empty text has no entries. bad_request for what is no list of keys with values in base64;
  // head_too_large above limits::upload_metadata_bytes_max.
  static Result<UploadMetadata> parse(std::string_view text);

  // In the order of the field.
  const std::vector<Entry>& entries() const noexcept { return entries_; }
  // Of the first of the two keys that has a value that is not empty. Clients use either.
  std::string first_of(std::string_view key, std::string_view other) const;

 private:
  Result<> add(std::string_view item);
  const std::string* find(std::string_view key) const;

  std::vector<Entry> entries_;
};

}  // namespace sluice::protocol::tus
