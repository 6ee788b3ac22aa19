// SPDX-License-Identifier: MIT
// Bodies of requests. They are read by position, so that a body can be sent again and be hashed
// before it is sent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "runtime/readable_file.h"

namespace sluice::outgoing {

// Any thread; calls block for as long as the disk does.
class Body {
 public:
  virtual ~Body() = default;

  virtual std::uint64_t size() const noexcept = 0;
  // At least one byte, fewer than fit where a part of the body ends; 0 at its end.
  virtual Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) const = 0;
  // The whole body where it stands in memory, else null.
  virtual const std::string* text() const noexcept { return nullptr; }
};

class TextBody final : public Body {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}

  std::uint64_t size() const noexcept override { return text_.size(); }
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) const override;
  const std::string* text() const noexcept override { return &text_; }

 private:
  const std::string text_;
};

// `size` bytes of a file, from `begin` on. A file that ends before is an error.
class FileBody final : public Body {
 public:
  FileBody(std::shared_ptr<runtime::ReadableFile> file, std::uint64_t size, std::uint64_t begin = 0)
      : file_(std::move(file)), size_(size), begin_(begin) {}

  std::uint64_t size() const noexcept override { return size_; }
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) const override;

 private:
  const std::shared_ptr<runtime::ReadableFile> file_;
  const std::uint64_t size_;
  const std::uint64_t begin_;
};

// One after the other.
class JoinedBody final : public Body {
 public:
  explicit JoinedBody(std::vector<std::shared_ptr<const Body>> parts);

  std::uint64_t size() const noexcept override { return size_; }
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) const override;

 private:
  const std::vector<std::shared_ptr<const Body>> parts_;
  std::uint64_t size_ = 0;
};

}  // namespace sluice::outgoing
