// SPDX-License-Identifier: MIT
#include "protocol/tus/upload_metadata.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::protocol::tus {
namespace {

bool is_key(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

std::unexpected<Error> refuse(const char* expected, std::string_view text) {
  return fail(Errc::bad_request,
              std::string("Upload-Metadata: expected ") + expected + ", got " + in_quotes(text));
}

}  // namespace

Result<UploadMetadata> UploadMetadata::parse(std::string_view text) {
  UploadMetadata metadata;
  if (text.size() > limits::upload_metadata_bytes_max) {
    return fail(Errc::head_too_large, "Upload-Metadata: expected at most " +
                                          std::to_string(limits::upload_metadata_bytes_max) +
                                          " bytes, got " + std::to_string(text.size()));
  }
  if (trimmed(text).empty()) {
    return metadata;
  }
  for (bool is_last = false; !is_last;) {
    const std::string_view item = text.substr(0, text.find(','));
    is_last = item.size() == text.size();
    text.remove_prefix(is_last ? item.size() : item.size() + 1);
    if (const Result<> added = metadata.add(trimmed(item)); !added) {
      return fail(added.error());
    }
  }
  return metadata;
}

Result<> UploadMetadata::add(std::string_view item) {
  const std::string_view key = item.substr(0, item.find(' '));
  const std::string_view encoded = trimmed(item.substr(key.size()));
  if (!is_key(key)) {
    return refuse("a key in printable ASCII in front of each value", item);
  }
  if (find(key) != nullptr) {
    return refuse("each key once", key);
  }
  std::optional<std::string> value = from_base64(encoded);
  if (!value) {
    return refuse("values in base64", item);
  }
  entries_.push_back({std::string(key), *std::move(value)});
  return {};
}

const std::string* UploadMetadata::find(std::string_view key) const {
  const auto found = std::ranges::find(entries_, key, &Entry::key);
  return found == entries_.end() ? nullptr : &found->value;
}

std::string UploadMetadata::first_of(std::string_view key, std::string_view other) const {
  for (const std::string_view name : {key, other}) {
    if (const std::string* const value = find(name); value != nullptr && !value->empty()) {
      return *value;
    }
  }
  return {};
}

}  // namespace sluice::protocol::tus
