// SPDX-License-Identifier: MIT
// The file of a multipart/form-data body, as a body of its own: the data path cannot tell it from a
// plain one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "http/multipart.h"
#include "runtime/byte_source.h"

namespace sluice::protocol {

// Streams the part named "file", or the first one before it that has a file name; other parts are
// skipped. Ends after the form's closing boundary, not before: a form that is cut off ends in an
// error and never completes an upload. A form without a file is bad_request.
//
// While it waits it holds limits::form_prefetch_bytes of the file at most, and the bytes in which a
// boundary may hide.
class MultipartFileSource final : public runtime::ByteSource {
 public:
  // `body` outlives this.
  MultipartFileSource(runtime::ByteSource& body, std::string boundary);

  runtime::Task<Result<>> wait_readable() override;
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override;
  std::size_t read_blocking(MutableBytes buffer, Duration patience) override;
  std::optional<std::uint64_t> remaining() const override { return std::nullopt; }
  void cancel(Errc reason) override { body_.cancel(reason); }

  // Reads on to the form's end without keeping anything; the size of the file. nullopt when that is
  // more than limits::drain_bytes_max away. An error when the form is not whole or cancel() was
  // called.
  runtime::Task<Result<std::optional<std::uint64_t>>> measure();

 private:
  enum class Phase { before_file, in_file, after_file, ended };

  // True when read() will not wait: some of the file is at hand, or nothing more will come.
  bool settled() const noexcept;
  // Moves what is at hand into `buffer` and says how much that is.
  std::size_t take_at_hand(MutableBytes buffer);
  // So much room is worth reading a body of which nothing is at hand into.
  bool can_fill(MutableBytes room) const noexcept;
  // Reads a little of the body into `at_hand_`.
  runtime::Task<> prefetch();
  // Parses the raw bytes in `region`, moves what belongs to the file to its front and says how much
  // that is; what cannot be told yet goes to `undecided_`. At the body's end, sets `failure_` when
  // the form is not whole.
  std::size_t parse(MutableBytes region, bool at_end);
  // One event of the parser. False when there is no more to do.
  bool apply(const http::MultipartParser::Step& step, MutableBytes region, std::size_t& produced);
  void begin_part();
  // Copies the undecided bytes to the front of `region`, reads after them and parses it all.
  runtime::Task<std::size_t> fill(MutableBytes region, Duration patience);

  runtime::ByteSource& body_;
  http::MultipartParser parser_;
  Phase phase_ = Phase::before_file;
  std::optional<Error> failure_;
  std::vector<std::byte> undecided_;  // Raw.
  std::vector<std::byte> at_hand_;    // Of the file, not yet read.
  std::size_t at_hand_begin_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t file_size_ = 0;  // As far as it is parsed.
};

}  // namespace sluice::protocol
