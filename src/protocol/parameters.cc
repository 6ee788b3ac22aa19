// SPDX-License-Identifier: MIT
#include "protocol/parameters.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "auth/mac.h"
#include "base/checked.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "http/multipart.h"
#include "http/urlencoded.h"
#include "protocol/client_json.h"
#include "protocol/media_type.h"

namespace sluice::protocol {
namespace {

namespace json = boost::json;

Error too_large() {
  return Error(Errc::file_too_large,
               "expected at most " + std::to_string(limits::form_bytes_max) +
                   " bytes of parameters; the file itself is sent to the location that "
                   "POST /videos/upload.json answers");
}

runtime::Task<Result<std::string>> read_body(const http::Request& request,
                                             runtime::ByteSource& body) {
  if (request.framing == http::Framing::length && request.content_length > limits::form_bytes_max) {
    co_return fail(too_large());
  }
  std::string text;
  std::size_t size = 0;
  for (;;) {
    const Result<> readable = co_await body.wait_readable();
    if (!readable) {
      co_return fail(readable.error());
    }
    constexpr std::size_t step = 4 * limits::KiB;
    text.resize(saturating_add(size, step));
    const auto room = std::as_writable_bytes(std::span(text)).subspan(size);
    const Result<std::size_t> count = co_await body.read(room, limits::buffer_fill_patience);
    if (!count) {
      co_return fail(count.error());
    }
    size = saturating_add(size, *count);
    text.resize(size);
    if (size > limits::form_bytes_max) {
      co_return fail(too_large());
    }
    if (*count == 0) {
      co_return text;
    }
  }
}

// Texts of JSON with the blanks around them.
struct JsonMember {
  std::string_view name;
  std::string_view value;
};

// All members of the object that `text` is, those with one name too: of these the parser keeps the
// last and says nothing. REQUIRES: the parser takes `text` for an object.
std::vector<JsonMember> members_of(std::string_view text) {
  std::vector<JsonMember> members;
  std::size_t depth = 0;
  std::size_t name_begin = 0;
  std::size_t colon = 0;  // Of the current member; 0: not there yet.
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      while (text[++at] != '"') {
        at += text[at] == '\\' ? 1 : 0;
      }
      continue;
    }
    const bool opens = c == '{' || c == '[';
    const bool closes = c == '}' || c == ']';
    if (depth == 1 && c == ':') {
      colon = at;
    }
    if (depth == 1 && (c == ',' || closes) && colon > 0) {
      members.push_back(
          {text.substr(name_begin, colon - name_begin), text.substr(colon + 1, at - colon - 1)});
      colon = 0;
    }
    depth += opens ? 1 : 0;
    depth -= closes ? 1 : 0;
    if (depth == 1 && (opens || c == ',')) {
      name_begin = at + 1;
    }
  }
  return members;
}

}  // namespace

Result<Parameters> Parameters::from_query(const http::Request& request) {
  Parameters parameters;
  const Result<> added = parameters.add_urlencoded(request.query, parameters.query_fields_);
  if (!added) {
    return fail(added.error());
  }
  return parameters;
}

Result<Parameters> Parameters::from_json(std::string_view text) {
  Parameters parameters;
  if (const Result<> added = parameters.add_json(text); !added) {
    return fail(added.error());
  }
  return parameters;
}

// The type is judged before the body is asked for, so that a refusal comes before a 100.
runtime::Task<Result<Parameters>> Parameters::read(const http::Request& request,
                                                   runtime::ByteSource& body) {
  Result<Parameters> parameters = from_query(request);
  const bool has_body = request.framing == http::Framing::chunked || request.content_length > 0;
  if (!parameters) {
    co_return parameters;
  }
  if (!has_body) {
    parameters->body_checksum_ = auth::sha256_hex("");
    co_return parameters;
  }
  const Result<BodyType> type = body_type(request);
  if (!type) {
    co_return fail(type.error());
  }
  const Result<std::string> text = co_await read_body(request, body);
  if (!text) {
    co_return fail(text.error());
  }
  parameters->body_checksum_ = auth::sha256_hex(*text);
  if (!text->empty()) {
    const Result<> added = parameters->add_body(*type, *text);
    if (!added) {
      co_return fail(added.error());
    }
  }
  co_return parameters;
}

Result<Parameters::BodyType> Parameters::body_type(const http::Request& request) {
  const std::string_view content_type = request.headers.find("Content-Type").value_or("");
  const std::string type = media_type(content_type);
  if (type.empty() || type == "application/x-www-form-urlencoded") {
    return BodyType{BodyType::Form::urlencoded, {}};
  }
  if (type == "application/json" || type.ends_with("+json")) {
    return BodyType{BodyType::Form::json, {}};
  }
  Result<std::optional<std::string>> boundary = http::multipart_boundary(content_type);
  if (!boundary) {
    return fail(boundary.error());
  }
  if (*boundary) {
    return BodyType{BodyType::Form::multipart, std::move(**boundary)};
  }
  return fail(Errc::unsupported_media_type,
              "Content-Type: expected application/x-www-form-urlencoded, multipart/form-data or "
              "application/json, got " +
                  in_quotes(content_type));
}

Result<> Parameters::add_body(const BodyType& type, std::string_view body) {
  switch (type.form) {
    case BodyType::Form::urlencoded:
      return add_urlencoded(body, form_fields_);
    case BodyType::Form::json:
      return add_json(body);
    case BodyType::Form::multipart:
      return add_multipart(type.boundary, body);
  }
  return {};
}

Result<> Parameters::add(std::string_view name, json::value value) {
  const std::string key = to_valid_utf8(name);
  const auto known = values_.find(key);
  if (known == values_.end()) {
    values_.emplace(key, std::move(value));
    return {};
  }
  const std::string first = text_of(known->value());
  const std::string second = text_of(value);
  if (first != second) {
    return fail(Errc::bad_request, in_quotes(key) + " came twice with different values: " +
                                       in_quotes(first) + " and " + in_quotes(second));
  }
  return {};
}

Result<> Parameters::add_urlencoded(std::string_view text, std::vector<http::FormField>& kept) {
  const Result<std::vector<http::FormField>> fields = http::parse_urlencoded(text);
  if (!fields) {
    return fail(fields.error());
  }
  for (const http::FormField& field : *fields) {
    const Result<> added = add(field.name, json::value(to_valid_utf8(field.value)));
    if (!added) {
      return added;
    }
    kept.push_back(field);
  }
  return {};
}

Result<> Parameters::add_form_fields(std::vector<http::FormField> fields) {
  for (http::FormField& field : fields) {
    const Result<> added = add(field.name, json::value(to_valid_utf8(field.value)));
    if (!added) {
      return added;
    }
    form_fields_.push_back(std::move(field));
  }
  return {};
}

Result<> Parameters::add_multipart(std::string boundary, std::string_view body) {
  using FormEvent = http::MultipartParser::Event;
  http::MultipartParser parser(std::move(boundary));
  Bytes input = as_bytes(body);
  std::string value;
  for (;;) {
    const Result<http::MultipartParser::Step> step = parser.next(input, true);
    if (!step) {
      return fail(step.error());
    }
    if (step->event == FormEvent::part_begin && parser.part().file_name) {
      return fail(Errc::bad_request, "the part " + in_quotes(parser.part().name) +
                                         " is a file; expected parameters alone: the file is sent "
                                         "to the location that POST /videos/upload.json answers");
    }
    if (step->event == FormEvent::data) {
      value += as_text(step->data);
    } else if (step->event == FormEvent::part_end) {
      const Result<> added = add(parser.part().name, json::value(to_valid_utf8(value)));
      if (!added) {
        return added;
      }
      form_fields_.push_back({parser.part().name, std::exchange(value, {})});
    } else if (step->event == FormEvent::end) {
      return {};
    }
    input = input.subspan(step->consumed);
  }
}

Result<> Parameters::add_json(std::string_view text) {
  const std::string body = tidy_json(text);
  const Result<json::value> document = parse_json(body);
  if (!document) {
    return fail(Errc::bad_request, "the body is not the JSON that its Content-Type says: " +
                                       document.error().message());
  }
  if (!document->is_object()) {
    return fail(Errc::bad_request, "the body: expected a JSON object, got " + in_quotes(body));
  }
  const std::vector<JsonMember> members = members_of(body);
  if (members.size() > limits::form_field_count_max) {
    return fail(Errc::bad_request, "the body: expected at most " +
                                       std::to_string(limits::form_field_count_max) +
                                       " parameters, got " + std::to_string(members.size()));
  }
  for (const JsonMember& member : members) {
    const Result<json::value> name = parse_json(member.name);
    const Result<json::value> value = parse_json(member.value);
    const Result<> added = add(name.value().as_string(), value.value());
    if (!added) {
      return added;
    }
  }
  return {};
}

void Parameters::drop_json() {
  json::object left;
  for (const auto* fields : {&query_fields_, &form_fields_}) {
    for (const http::FormField& field : *fields) {
      const std::string key = to_valid_utf8(field.name);
      left.insert_or_assign(key, values_.at(key));
    }
  }
  values_ = std::move(left);
}

std::optional<std::string> Parameters::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || found->value().is_null()) {
    return std::nullopt;
  }
  return text_of(found->value());
}

Result<std::optional<std::uint64_t>> Parameters::integer(std::string_view name,
                                                         std::uint64_t at_least) const {
  const std::optional<std::string> digits = text(name);
  if (!digits) {
    return std::nullopt;
  }
  const bool all_digits =
      !digits->empty() && std::ranges::all_of(*digits, [](char c) { return c >= '0' && c <= '9'; });
  std::uint64_t number = 0;
  if (all_digits) {
    const auto parsed = std::from_chars(digits->data(), digits->data() + digits->size(), number);
    if (parsed.ec == std::errc::result_out_of_range) {
      number = std::numeric_limits<std::uint64_t>::max();
    }
  }
  if (!all_digits || number < at_least) {
    return fail(Errc::bad_request, std::string(name) + ": expected an integer of at least " +
                                       std::to_string(at_least) + ", in decimal digits, got " +
                                       in_quotes(*digits));
  }
  return number;
}

}  // namespace sluice::protocol
