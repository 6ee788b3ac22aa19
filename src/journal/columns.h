// SPDX-License-Identifier: MIT
// Values on their way into a statement and out of a row, whichever database it is, so that a record
// is read and written by one function for all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice::journal {

// The places of a statement, in order. Bound values must live until it has run.
class Places {
 public:
  virtual ~Places() = default;

  virtual void bind(std::int64_t value) = 0;
  virtual void bind_text(std::string_view value) = 0;
  // Any bytes.
  virtual void bind_blob(std::string_view value) = 0;
  virtual void bind_null() = 0;

  void bind_unsigned(std::uint64_t value);
  void bind_time(Timestamp time);
  // Of rows, as a LIMIT: a count too large for the database becomes its largest.
  void bind_count(std::size_t count);
};

// The fields of a row, in order.
class Fields {
 public:
  virtual ~Fields() = default;

  virtual bool next_is_null() const = 0;
  // 0 for NULL.
  virtual std::int64_t take_integer() = 0;
  // None for NULL.
  virtual std::string take_bytes() = 0;
};

}  // namespace sluice::journal
