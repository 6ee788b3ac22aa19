// SPDX-License-Identifier: MIT
// The parameters of an API request, wherever the client put them: query, urlencoded, multipart or
// JSON body.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "http/urlencoded.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"

namespace sluice::protocol {

// Values of a query or form are strings, those of a JSON body are what they were. All strings are
// valid UTF-8: other bytes, and surrogates that stand alone, are replaced by U+FFFD. A name that
// comes twice must come with equal values; "10" equals 10.
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

  // As they came, byte for byte, with duplicates: signatures cover these. A JSON body has none.
  const std::vector<http::FormField>& query_fields() const noexcept { return query_fields_; }
  const std::vector<http::FormField>& form_fields() const noexcept { return form_fields_; }
  // SHA-256 of the body in hex; empty when it was not read.
  const std::string& body_checksum() const noexcept { return body_checksum_; }

  // Leaves what stands in the query or a form.
  void drop_json();

  // Fields of a form that another reader has read.
  Result<> add_form_fields(std::vector<http::FormField> fields);

 private:
  Result<> add(std::string_view name, boost::json::value value);
  Result<> add_urlencoded(std::string_view text, std::vector<http::FormField>& kept);
  Result<> add_multipart(std::string boundary, std::string_view body);
  Result<> add_json(std::string_view text);
  struct BodyType {
    enum class Form { urlencoded, json, multipart };
    Form form = Form::urlencoded;
    std::string boundary;  // With multipart.
  };

  static Result<BodyType> body_type(const http::Request& request);
  Result<> add_body(const BodyType& type, std::string_view body);

  boost::json::object values_;
  std::vector<http::FormField> query_fields_;
  std::vector<http::FormField> form_fields_;
  std::string body_checksum_;
};

}  // namespace sluice::protocol
