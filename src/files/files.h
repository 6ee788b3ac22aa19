// SPDX-License-Identifier: MIT
// The files of the library as the API sees them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "library/library.h"
#include "model/viewer.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"

namespace sluice::files {

// A file that a client may read.
class OpenedFile {
 public:
  virtual ~OpenedFile() = default;

  // The client's word for it.
  virtual const std::string& name() const noexcept = 0;
  virtual const std::string& content_type() const noexcept = 0;
  virtual const std::string& sha256() const noexcept = 0;  // Hex digits.
  virtual std::uint64_t size() const noexcept = 0;
  // To their end, also when the file is removed meanwhile. not_found where it was before.
  virtual runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> bytes(
      ByteRange range) const = 0;
};

using OpenedFilePtr = std::shared_ptr<const OpenedFile>;

// Any worker. not_found also for a file that is not the viewer's.
class Files {
 public:
  virtual ~Files() = default;

  // All that are there; a status is no filter.
  virtual runtime::Task<Result<library::DocumentList>> list(library::Filter filter) = 0;
  virtual runtime::Task<Result<std::string>> find(std::string id, model::Viewer viewer) = 0;
  virtual runtime::Task<Result<>> remove(std::string id, model::Viewer viewer) = 0;
  virtual runtime::Task<Result<OpenedFilePtr>> open(std::string id, model::Viewer viewer) = 0;
  // By the last segment of its URL, which cannot be guessed.
  virtual runtime::Task<Result<OpenedFilePtr>> open_shared(std::string capability) = 0;
};

}  // namespace sluice::files
