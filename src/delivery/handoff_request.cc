// SPDX-License-Identifier: MIT
#include "delivery/handoff_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <variant>

#include "base/encoding.h"
#include "base/limits.h"
#include "delivery/handoff_origin.h"

namespace sluice::delivery {
namespace {

namespace json = boost::json;
using outgoing::HeaderFields;

constexpr std::string_view unknown_type = "application/octet-stream";

bool is_visible_ascii(char c) {
  return c >= ' ' && c < '\x7f';
}

// As in RFC 9110 5.6.2.
bool is_token_of_type(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").contains(c);
  });
}

// "type/subtype" with parameters; a client may have sent anything.
std::string media_type_of(const Handoff& handoff) {
  const std::string& type = handoff.content_type;
  const std::size_t slash = type.find('/');
  const bool fits = slash != std::string::npos && slash > 0 && slash + 1 < type.size() &&
                    type.size() <= limits::file_media_type_bytes_max &&
                    std::ranges::all_of(type, is_visible_ascii) &&
                    type.find_first_of(" ,\"\\") > slash;
  return fits ? std::string(trimmed(type)) : std::string(unknown_type);
}

bool is_type(std::string_view type, std::string_view kind) {
  return type.size() > kind.size() && equals_ignoring_case(type.substr(0, kind.size()), kind);
}

// Frameworks read a body as its type says: as parameters, as parts, as a document. A client's word
// is the type of the request only where none of them does.
std::string body_type_of(const Handoff& handoff) {
  const std::string type = media_type_of(handoff);
  const std::string plain(trimmed(std::string_view(type).substr(0, type.find(';'))));
  const std::size_t slash = plain.find('/');
  const bool is_media =
      is_type(plain, "audio/") || is_type(plain, "image/") || is_type(plain, "video/");
  // "image/svg+xml" is XML.
  const bool is_plain = is_media && is_token_of_type(std::string_view(plain).substr(slash + 1)) &&
                        !plain.contains('+');
  return is_plain ? plain : std::string(unknown_type);
}

// Some servers read a part of parts as further fields and files.
std::string part_type_of(const Handoff& handoff) {
  const std::string type = media_type_of(handoff);
  const bool is_composite = is_type(type, "multipart/") || is_type(type, "message/");
  return is_composite ? std::string(unknown_type) : type;
}

json::object parameters_of(const Handoff& handoff) {
  boost::system::error_code error;
  const json::value value = json::parse(handoff.parameters, error);
  return !error && value.is_object() ? value.get_object() : json::object();
}

std::string parameter_text(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

std::string field(const Handoff& handoff, const json::object& parameters, std::string_view name) {
  constexpr std::string_view prefix = "parameter:";
  if (name == "id") {
    return std::to_string(handoff.upload_id);
  }
  if (name == "key") {
    return handoff.idempotency_key;
  }
  if (name == "file_name") {
    return handoff.file_name;
  }
  if (name == "file_size") {
    return std::to_string(handoff.file_size);
  }
  if (name == "content_type") {
    return media_type_of(handoff);
  }
  const json::value* value = parameters.if_contains(name.substr(prefix.size()));
  return value == nullptr ? std::string() : parameter_text(*value);
}

// JSON of printable ASCII alone, for a header: everything else as \uXXXX (RFC 8259 7).
std::string ascii_json(const json::value& value) {
  const std::string text = json::serialize(value);
  std::string ascii;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80U) {
      ascii += text[i++];
      continue;
    }
    const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
    std::uint32_t point = lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k) {
      point = (point << 6U) | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    }
    i += length;
    if (point >= 0x10000U) {
      point -= 0x10000U;
      ascii +=
          fmt::format("\\u{:04x}\\u{:04x}", 0xD800U + (point >> 10U), 0xDC00U + (point & 0x3FFU));
    } else {
      ascii += fmt::format("\\u{:04x}", point);
    }
  }
  return ascii;
}

// A client's header as it came, but for bytes that not every server reads alike.
std::string visible(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (is_visible_ascii(c)) {
      text += c;
    } else {
      text += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return text;
}

// Servers refuse long heads: a header that a client made longer than that is named instead of sent.
class HeadBuilder {
 public:
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  void add_if_short(std::string name, std::string value) {
    if (value.size() <= limits::handoff_header_bytes_max &&
        bytes_ + value.size() <= limits::handoff_headers_bytes_max) {
      bytes_ += value.size();
      add(std::move(name), std::move(value));
    } else {
      omitted_ += (omitted_.empty() ? "" : " ") + to_lower(name);
    }
  }
  HeaderFields finish() && {
    if (!omitted_.empty()) {
      add("X-Sluice-Omitted", std::move(omitted_));
    }
    return std::move(fields_);
  }

 private:
  HeaderFields fields_;
  std::size_t bytes_ = 0;
  std::string omitted_;
};

// Behind what a proxy in front of Sluice has said, if that is among the chosen headers.
std::string forwarded_for(const HandoffOrigin& origin) {
  const auto before = outgoing::find_header(origin.headers, "x-forwarded-for");
  return before ? visible(*before) + ", " + origin.address : origin.address;
}

std::string request_type(HandoffMode mode, const Handoff& handoff, const std::string& boundary) {
  if (mode == HandoffMode::form) {
    return "multipart/form-data; boundary=" + boundary;
  }
  return mode == HandoffMode::reference ? "application/json" : body_type_of(handoff);
}

// Names and file names in a form as browsers write them (HTML 4.10.21.8).
std::string in_form_quotes(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20U || byte == 0x7FU || c == '"') {
      quoted += fmt::format("%{:02X}", static_cast<unsigned>(byte));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

// Up to the file's type.
std::string file_part_head(const std::string& boundary, std::string_view name,
                           std::string_view file_name) {
  return "--" + boundary + "\r\nContent-Disposition: form-data; name=" + in_form_quotes(name) +
         "; filename=" + in_form_quotes(file_name) + "\r\nContent-Type: ";
}

json::array extra_files_json(const Handoff& handoff) {
  json::array files;
  for (const model::ExtraFile& extra : handoff.extra_files) {
    json::object file;
    file["tag"] = extra.tag;
    file["file_name"] = to_valid_utf8(extra.file_name);
    file["file_size"] = extra.range.size();
    file["offset"] = extra.range.begin;
    files.emplace_back(std::move(file));
  }
  return files;
}

json::object object_json(const store::ObjectReference& reference) {
  json::object object;
  object["bucket"] = reference.bucket;
  object["key"] = reference.key;
  object["size"] = reference.size;
  object["url"] = reference.url;
  return object;
}

}  // namespace

const char* to_text(HandoffMode mode) noexcept {
  switch (mode) {
    case HandoffMode::form:
      return "form";
    case HandoffMode::reference:
      return "reference";
    case HandoffMode::body:
      break;
  }
  return "body";
}

FormFrame form_frame(const Handoff& handoff, std::string boundary) {
  FormFrame frame;
  for (const json::key_value_pair& parameter : parameters_of(handoff)) {
    frame.before += "--" + boundary +
                    "\r\nContent-Disposition: form-data; name=" + in_form_quotes(parameter.key()) +
                    "\r\n\r\n" + parameter_text(parameter.value()) + "\r\n";
  }
  frame.before +=
      file_part_head(boundary, "file", handoff.file_name) + part_type_of(handoff) + "\r\n\r\n";
  for (const model::ExtraFile& extra : handoff.extra_files) {
    frame.between.push_back(
        "\r\n" + file_part_head(boundary, "extra_files[" + extra.tag + "]", extra.file_name) +
        std::string(unknown_type) + "\r\n\r\n");
  }
  frame.after = "\r\n--" + boundary + "--\r\n";
  frame.boundary = std::move(boundary);
  return frame;
}

std::string reference_json(const Handoff& handoff, const std::string& file_digest,
                           const store::Reference& reference) {
  const HandoffOrigin origin = parse_origin(handoff.origin);
  json::object headers;
  for (const auto& [name, value] : origin.headers) {
    headers[name] = value;
  }
  json::object document;
  document["id"] = handoff.upload_id;
  document["key"] = handoff.idempotency_key;
  document["file_name"] = to_valid_utf8(handoff.file_name);
  document["file_size"] = handoff.file_size;
  document["content_type"] = media_type_of(handoff);
  if (!file_digest.empty()) {
    document["sha256"] = file_digest;
  }
  if (const auto* file = std::get_if<store::FileReference>(&reference)) {
    document["path"] = file->path;
  } else {
    document["object"] = object_json(std::get<store::ObjectReference>(reference));
  }
  if (!handoff.extra_files.empty()) {
    document["extra_files"] = extra_files_json(handoff);
  }
  document["client_address"] = origin.address;
  if (!handoff.owner.empty()) {
    document["owner"] = handoff.owner;
  }
  document["attempt"] = handoff.attempt;
  document["headers"] = std::move(headers);
  document["parameters"] = parameters_of(handoff);
  return json::serialize(document);
}

bool carries_credential(const Handoff& handoff) {
  constexpr std::array<std::string_view, 6> words{"auth",    "cookie", "token",
                                                  "api-key", "apikey", "session"};
  const HandoffOrigin origin = parse_origin(handoff.origin);
  return std::ranges::any_of(origin.headers, [&](const auto& header) {
    const std::string name = to_lower(header.first);
    return std::ranges::any_of(words, [&](std::string_view word) { return name.contains(word); });
  });
}

outgoing::HttpRequest handoff_request(const HttpBackendSettings& settings, const Handoff& handoff,
                                      const HandoffDigests& digests, const std::string& boundary) {
  const HandoffOrigin origin = parse_origin(handoff.origin);
  const json::object parameters = parameters_of(handoff);
  HeadBuilder head;
  head.add("Content-Type", request_type(settings.mode, handoff, boundary));
  head.add("Idempotency-Key", handoff.idempotency_key);
  head.add("X-Sluice-Mode", to_text(settings.mode));
  head.add("X-Sluice-Upload-Id", std::to_string(handoff.upload_id));
  head.add("X-Sluice-Attempt", std::to_string(handoff.attempt));
  head.add("X-Sluice-File-Size", std::to_string(handoff.file_size));
  if (!digests.file.empty()) {
    head.add("X-Sluice-File-SHA256", digests.file);
  }
  if (!digests.body.empty()) {
    head.add("X-Sluice-Body-SHA256", digests.body);
  }
  if (!handoff.owner.empty()) {
    head.add_if_short("X-Sluice-Owner", percent_encode(handoff.owner));
  }
  if (!origin.address.empty()) {
    head.add_if_short("X-Forwarded-For", forwarded_for(origin));
  }
  head.add_if_short("X-Sluice-File-Name", percent_encode(handoff.file_name));
  if (!handoff.content_type.empty()) {
    head.add_if_short("X-Sluice-Content-Type", visible(handoff.content_type));
  }
  if (settings.mode == HandoffMode::body) {
    head.add_if_short("X-Sluice-Parameters", ascii_json(parameters));
  }
  for (const auto& [name, value] : origin.headers) {
    if (!equals_ignoring_case(name, "x-forwarded-for")) {
      head.add_if_short(name, visible(value));
    }
  }

  outgoing::HttpRequest request;
  request.method = settings.method;
  request.target =
      settings.url.expand([&](std::string_view name) { return field(handoff, parameters, name); });
  request.headers = std::move(head).finish();
  request.deadlines = settings.deadlines;
  request.ca_file = settings.ca_file;
  return request;
}

}  // namespace sluice::delivery
