// SPDX-License-Identifier: MIT
// The file of a multipart/form-data body, as a body of its own: the data path cannot tell it from a
// plain one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "http/multipart.h"
#include "http/urlencoded.h"
#include "runtime/byte_source.h"

namespace sluice::protocol {

// How a form is read.
enum class FormKind {
  // A file: the part named "file", or, without one, the only part that has a file name. It is
  // stored as it comes: where another part with a file name follows one that is not named "file",
  // it is not known which is meant, and the form is refused. Other parts are skipped. FilePond
  // sends a text named "file" in front of the file: a short part of that name without a file name
  // is the file only where none follows that has one.
  file,
  // A file with parameters, or parameters alone: the one part that has a file name, and the parts
  // that have none, whatever their names. (PHP 7 sends "@/path" as the text of `file`.)
  file_and_fields,
};

// Streams the file. Ends after the form's closing boundary, not before: a form that is cut off ends
// in an error and never completes an upload. A form without a file is bad_request, or, where it may
// hold parameters alone, a file of no bytes.
//
// While it waits it holds limits::form_prefetch_bytes of the file at most, and the bytes in which a
// boundary may hide.
class MultipartFileSource final : public runtime::ByteSource {
 public:
  // `body` outlives this.
  MultipartFileSource(runtime::ByteSource& body, std::string boundary,
                      FormKind kind = FormKind::file);

  runtime::Task<Result<>> wait_readable() override;
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override;
  std::unique_ptr<runtime::Loan> lend() override;
  std::optional<std::uint64_t> remaining() const override { return std::nullopt; }
  void cancel(Errc reason) override { body_.cancel(reason); }

  // Reads on to the form's end without keeping anything; the size of the file. nullopt when that is
  // more than limits::drain_bytes_max away. An error when the form is not whole or cancel() was
  // called.
  runtime::Task<Result<std::optional<std::uint64_t>>> measure();

  // Whether the file has begun, which it has when wait_readable() returned and there is one.
  bool has_file() const noexcept { return file_part_.has_value(); }
  // REQUIRES: has_file().
  const http::PartHead& file_part() const { return *file_part_; }
  // At most so many bytes of the file are still to be read; unset when the framing does not say.
  std::optional<std::uint64_t> file_bytes_max() const;
  // The parameters that have come since the last call.
  std::vector<http::FormField> take_fields() { return std::exchange(fields_, {}); }

 private:
  enum class Phase { before_file, in_file, after_file, ended };
  class Lent;

  // True when read() will not wait: some of the file is at hand, or nothing more will come.
  bool settled() const noexcept;
  // Moves what is at hand into `buffer` and says how much that is.
  std::size_t take_at_hand(MutableBytes buffer);
  // So much room is worth reading a body of which nothing is at hand into.
  bool can_fill(MutableBytes room) const noexcept;
  // Reads a little of the body into `at_hand_`.
  runtime::Task<> prefetch();
  // Parses the raw bytes in `region`, moves the file's bytes to its front and returns their count;
  // undecided bytes go to `undecided_`. At the body's end, sets `failure_` when the form is not
  // whole.
  std::size_t parse(MutableBytes region, bool at_end);
  // One event of the parser. False when there is no more to do.
  bool apply(const http::MultipartParser::Step& step, MutableBytes region, std::size_t& produced);
  void begin_part();
  void end_part();
  // The part that is held back is the file.
  void take_candidate();
  // Of a part that is not the file.
  bool keep(Bytes data);
  // Copies the undecided bytes to the front of `region`, reads after them and parses it all.
  runtime::Task<std::size_t> fill(MutableBytes region, Duration patience);

  runtime::ByteSource& body_;
  const FormKind kind_;
  const std::size_t closing_bytes_;  // Of the least that follows the file.
  http::MultipartParser parser_;
  Phase phase_ = Phase::before_file;
  std::optional<Error> failure_;
  std::vector<std::byte> undecided_;  // Raw.
  std::vector<std::byte> at_hand_;    // Of the file, not yet read.
  std::size_t at_hand_begin_ = 0;
  std::optional<http::PartHead> file_part_;
  // A part that is the file if none with a file name follows, of limits::form_prefetch_bytes at
  // most, and whether it is being read.
  std::optional<http::PartHead> candidate_;
  std::vector<std::byte> candidate_bytes_;
  bool in_candidate_ = false;
  std::optional<http::FormField> field_;  // The part that is being read, when it is one.
  std::vector<http::FormField> fields_;
  std::size_t field_bytes_ = 0;  // Of all parameters.
  std::uint64_t skipped_ = 0;
  std::uint64_t file_size_ = 0;  // As far as it is parsed.
};

}  // namespace sluice::protocol
