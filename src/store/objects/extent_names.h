// SPDX-License-Identifier: MIT
// The names of objects (docs/format.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "model/extent.h"

namespace sluice::store::objects {

// PREFIX/e/<last two hex digits of the upload's id>/<id>/<run>-<n>-<begin>-<end>: `run` is random
// and of one start of one process, `n` counts in it, so that no name is used twice. With the range
// a manifest can be made again of a listing. PREFIX/f/<name>: a named file. Any thread.
class ExtentNames {
 public:
  // Of all objects; empty: none. It has no slash at its end.
  explicit ExtentNames(const std::string& prefix);

  std::string next(std::uint64_t upload_id, ByteRange range);
  // The extent is of all bytes of its object.
  bool is_whole(const model::Extent& extent) const;
  // That of all objects of the upload, and of no other's.
  std::string prefix_of(std::uint64_t upload_id) const;
  // That of all objects of all uploads.
  std::string prefix_of_all() const { return root_ + "/"; }
  // The object of a file, or of a folder of files, that store::NamedFiles calls so.
  std::string of_file(const std::string& name) const { return files_ + name; }
  // "/<run>-<n>", for one of several files of a name.
  std::string next_suffix();

  struct Parsed {
    std::uint64_t upload_id = 0;
    ByteRange range;
  };
  // nullopt for any other key than one that next() gives.
  std::optional<Parsed> parse(std::string_view key) const;

 private:
  const std::string root_;
  const std::string files_;
  const std::string run_;
  std::atomic<std::uint64_t> last_{0};
};

// How long objects of a file of this size are, so that a file has limits::extents_max about.
std::uint64_t extent_bytes_of(std::uint64_t file_size);

}  // namespace sluice::store::objects
