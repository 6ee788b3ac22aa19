// SPDX-License-Identifier: MIT
#include "protocol/multichunk/multichunk_session.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <utility>

#include "base/checked.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "protocol/client_json.h"
#include "protocol/media_type.h"
#include "protocol/multichunk/chunked_file.h"

namespace sluice::protocol::multichunk {
namespace {

namespace json = boost::json;

Result<bool> wants_multichunk(const Parameters& parameters) {
  const std::string text = to_lower(parameters.text("multi_chunk").value_or(""));
  if (text == "true" || text == "1") {
    return true;
  }
  if (text.empty() || text == "false" || text == "0") {
    return false;
  }
  return fail(Errc::bad_request, "multi_chunk: expected true or false, got " + in_quotes(text));
}

std::unexpected<Error> wrong_extra_files(const std::string& expected, const json::value& got) {
  return fail(Errc::bad_request,
              "extra_files: expected " + expected + ", got " + in_quotes(json::serialize(got)));
}

// An array, or one as text in a form or query.
Result<json::array> extra_files_of(const Parameters& parameters) {
  const json::value* value = parameters.values().if_contains("extra_files");
  if (value == nullptr || value->is_null()) {
    return json::array();
  }
  json::value parsed;
  if (value->is_string()) {
    if (value->get_string().empty()) {
      return json::array();
    }
    Result<json::value> given = parse_json(tidy_json(value->get_string()));
    if (!given) {
      return wrong_extra_files("a JSON array", *value);
    }
    parsed = *std::move(given);
    value = &parsed;
  }
  if (value->is_null()) {
    return json::array();
  }
  if (!value->is_array() || value->get_array().size() > limits::extra_files_max) {
    return wrong_extra_files(
        "a JSON array of at most " + std::to_string(limits::extra_files_max) + " files", *value);
  }
  return value->get_array();
}

std::optional<std::uint64_t> size_of(const json::value& value) {
  const std::string text = text_of(value);
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return size;
}

// As the value of a header, which it is when its parts come.
bool is_tag(std::string_view text) {
  const bool is_visible =
      std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
  return !text.empty() && text.size() <= limits::extra_file_tag_bytes_max && is_visible &&
         trimmed(text) == text;
}

Result<> add_extra_file(model::Layout& layout, const json::value& item,
                        std::uint64_t file_size_max) {
  const json::object* const file = item.if_object();
  const auto text_at = [file](std::string_view name) -> std::string {
    const json::value* const value = file == nullptr ? nullptr : file->if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  };
  const std::string tag = text_at("tag");
  const std::string file_name = text_at("file_name");
  const json::value* const size_value = file == nullptr ? nullptr : file->if_contains("file_size");
  const std::optional<std::uint64_t> size =
      size_value == nullptr ? std::nullopt : size_of(*size_value);
  if (!is_tag(tag) || file_name.size() > limits::file_name_bytes_max || !size) {
    return wrong_extra_files(
        "objects with \"tag\" (1 to " + std::to_string(limits::extra_file_tag_bytes_max) +
            " visible characters), \"file_name\" and \"file_size\" (bytes, an integer)",
        item);
  }
  if (find_file(layout, tag)) {
    return wrong_extra_files("a tag of its own for each file", item);
  }
  const std::uint64_t total = saturating_add(layout.total_size(), *size);
  if (total > file_size_max || !layout.add(tag, file_name, *size)) {
    return fail(Errc::file_too_large, "extra_files: expected at most " +
                                          std::to_string(file_size_max) +
                                          " bytes in all files together, got more with " +
                                          in_quotes(json::serialize(item)));
  }
  return {};
}

}  // namespace

std::string_view dialect_of(const http::Request& session_request) {
  const std::string type = media_type(session_request.headers.find("Content-Type").value_or(""));
  const bool has_body =
      session_request.framing == http::Framing::chunked || session_request.content_length > 0;
  return has_body && (type == "application/json" || type.ends_with("+json")) ? asked_in_json
                                                                             : asked_in_form;
}

Result<std::optional<model::Layout>> parse_layout(const Parameters& parameters,
                                                  std::optional<std::uint64_t> main_size,
                                                  std::uint64_t file_size_max) {
  const Result<bool> wanted = wants_multichunk(parameters);
  if (!wanted) {
    return fail(wanted.error());
  }
  if (!*wanted) {
    return std::nullopt;
  }
  if (!main_size) {
    return fail(Errc::bad_request,
                "multi_chunk: expected false, as file_size is not known: parts are made of it");
  }
  const Result<json::array> extra_files = extra_files_of(parameters);
  if (!extra_files) {
    return fail(extra_files.error());
  }
  model::Layout layout;
  layout.main_size = *main_size;
  layout.part_size = choose_part_size(*main_size);
  for (const json::value& file : *extra_files) {
    if (const Result<> added = add_extra_file(layout, file, file_size_max); !added) {
      return fail(added.error());
    }
  }
  layout.part_size = choose_part_size(layout.total_size());
  return layout;
}

http::Response session_answer(std::uint64_t upload_id, const std::string& location,
                              const model::Layout& layout, std::size_t connections) {
  const std::string part_size = std::to_string(layout.part_size);
  const auto parts = [](const ChunkedFile& file) { return std::to_string(file.part_count()); };
  json::object extra_files;
  for (const model::ExtraFile& extra : layout.extra_files) {
    json::object file;
    file["tag"] = extra.tag;
    file["name"] = extra.file_name;
    file["parts"] = parts(ChunkedFile(extra.range, layout.part_size));
    file["part_size"] = part_size;
    extra_files[extra.tag] = std::move(file);
  }
  json::object document;
  document["id"] = std::to_string(upload_id);
  document["location"] = location;
  document["parts"] = parts(main_file(layout));
  document["part_size"] = part_size;
  document["max_connections"] = std::to_string(connections);
  document["extra_files"] = std::move(extra_files);
  return http::json_response(201, json::serialize(document));
}

}  // namespace sluice::protocol::multichunk
