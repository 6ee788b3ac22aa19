// SPDX-License-Identifier: MIT
// The parameters of an API request, wherever the client put them: query, urlencoded, multipart or
// JSON body.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"

namespace sluice::protocol {

// Values of a query or form are strings, those of a JSON body are what they were. All strings are
// valid UTF-8: other bytes are replaced by U+FFFD. A name that comes twice must come with equal
// values; "10" equals 10.
class Parameters {
 public:
  static Result<Parameters> from_query(const http::Request& request);
  static Result<Parameters> from_json(std::string_view text);
  // Query and body. Reads the body to its end; file_too_large when it is over
  // limits::form_bytes_max.
  static runtime::Task<Result<Parameters>> read(const http::Request& request,
                                                runtime::ByteSource& body);

  // The value as text, scalars and all; unset when it is absent or null.
  std::optional<std::string> text(std::string_view name) const;
  // Decimal digits; a number above 2^64-1 becomes 2^64-1. Unset when the parameter is absent;
  // bad_request when it is something else or below `at_least`.
  Result<std::optional<std::uint64_t>> integer(std::string_view name, std::uint64_t at_least) const;

  const boost::json::object& values() const noexcept { return values_; }

 private:
  Result<> add(std::string_view name, boost::json::value value);
  Result<> add_urlencoded(std::string_view text);
  Result<> add_multipart(std::string boundary, std::string_view body);
  Result<> add_json(std::string_view body);
  struct BodyType {
    enum class Form { urlencoded, json, multipart };
    Form form = Form::urlencoded;
    std::string boundary;  // With multipart.
  };

  static Result<BodyType> body_type(const http::Request& request);
  Result<> add_body(const BodyType& type, std::string_view body);

  boost::json::object values_;
};

}  // namespace sluice::protocol
