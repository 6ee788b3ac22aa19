// SPDX-License-Identifier: MIT
// Parameters mean the same however their body is cut, JSON can hold them, and each has the value
// that was sent. The input is one byte that chooses the pieces, a Content-Type, a line feed, a
// query, a line feed, and the body.
#include "protocol/parameters.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "support/run.h"

namespace {

using namespace sluice;
using protocol::Parameters;

// A body that comes in pieces of one size.
class Pieces final : public runtime::ByteSource {
 public:
  Pieces(Bytes bytes, std::size_t piece_bytes) : rest_(bytes), piece_bytes_(piece_bytes) {}

  runtime::Task<Result<>> wait_readable() override { co_return Result<>(); }
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration /*patience*/) override {
    const std::size_t count = std::min({buffer.size(), rest_.size(), piece_bytes_});
    std::ranges::copy(rest_.first(count), buffer.begin());
    rest_ = rest_.subspan(count);
    co_return count;
  }
  std::optional<std::uint64_t> remaining() const override { return std::nullopt; }
  void cancel(Errc /*reason*/) override {}

 private:
  Bytes rest_;
  const std::size_t piece_bytes_;
};

struct Sent {
  std::string content_type;
  std::string query;
  Bytes body;
};

Result<Parameters> read(const Sent& sent, http::Framing framing, std::size_t piece_bytes) {
  static boost::asio::io_context context(1);
  http::Request request;
  request.method = http::Method::post;
  request.query = sent.query;
  request.framing = framing;
  request.content_length = framing == http::Framing::length ? sent.body.size() : 0;
  if (!sent.content_type.empty()) {
    request.headers.add("Content-Type", sent.content_type);
  }
  Pieces body(sent.body, piece_bytes);
  return testing::run_in(context, Parameters::read(request, body));
}

void check_refusal(const Error& error, const Sent& sent) {
  if (error.code() == Errc::file_too_large) {
    SLUICE_CHECK(sent.body.size() > limits::form_bytes_max);
    return;
  }
  SLUICE_CHECK(error.code() == Errc::bad_request ||
               (error.code() == Errc::unsupported_media_type && !sent.content_type.empty()));
}

void check_values(const Parameters& parameters) {
  const std::string text = boost::json::serialize(parameters.values());
  SLUICE_CHECK(to_valid_utf8(text) == text);
  const std::size_t count = parameters.values().size();
  SLUICE_CHECK(count <= 2 * limits::form_field_count_max);
  if (count <= limits::form_field_count_max) {
    const Result<Parameters> again = Parameters::from_json(text);
    SLUICE_CHECK(again && again->values().size() == count);
  }
  for (const auto& field : parameters.values()) {
    const auto number = parameters.integer(field.key(), 1);
    const std::optional<std::string> digits = parameters.text(field.key());
    SLUICE_CHECK(digits.has_value() == !field.value().is_null());
    SLUICE_CHECK(!number || number->has_value() == digits.has_value());
    SLUICE_CHECK(!number || !digits ||
                 (**number > 0 && digits->find_first_not_of("0123456789") == std::string::npos));
  }
}

// Fields of the same name do not contradict each other: each has the value of its name.
void check_fields(const Parameters& parameters) {
  for (const auto* fields : {&parameters.query_fields(), &parameters.form_fields()}) {
    for (const http::FormField& field : *fields) {
      SLUICE_CHECK(parameters.text(to_valid_utf8(field.name)) == to_valid_utf8(field.value));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(std::as_bytes(std::span(data, size)));
  const std::size_t type_end = input.find('\n');
  const std::size_t query_end =
      type_end == std::string_view::npos ? type_end : input.find('\n', type_end + 1);
  if (type_end == 0 || query_end == std::string_view::npos) {
    return 0;
  }
  const Sent sent{std::string(input.substr(1, type_end - 1)),
                  std::string(input.substr(type_end + 1, query_end - type_end - 1)),
                  as_bytes(input.substr(query_end + 1))};
  // An empty chunked body still has a type to be judged; one of length 0 is none.
  const http::Framing other = sent.body.empty() ? http::Framing::length : http::Framing::chunked;
  const Result<Parameters> whole = read(sent, http::Framing::length, size);
  const Result<Parameters> pieces = read(sent, other, data[0] % 32U + 1);
  SLUICE_CHECK(whole.has_value() == pieces.has_value());
  if (!whole) {
    check_refusal(whole.error(), sent);
    SLUICE_CHECK(whole.error().code() == pieces.error().code() &&
                 whole.error().message() == pieces.error().message());
    return 0;
  }
  SLUICE_CHECK(whole->values() == pieces->values());
  SLUICE_CHECK(whole->query_fields() == pieces->query_fields());
  SLUICE_CHECK(whole->form_fields() == pieces->form_fields());
  SLUICE_CHECK(whole->body_checksum() == pieces->body_checksum());
  check_values(*whole);
  check_fields(*whole);
  return 0;
}
