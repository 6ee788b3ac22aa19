// SPDX-License-Identifier: MIT
#include "library/document.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "base/encoding.h"
#include "base/limits.h"
#include "library/stored_names.h"

namespace sluice::library {

namespace json = boost::json;

namespace {

// Boost.JSON writes a rate of 25 as 2.5E1, which is correct but which no reader expects.
std::string decimal_text(double number) {
  std::string text = fmt::format("{:.3f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) {
    text.pop_back();
  }
  return text;
}

}  // namespace

void ObjectText::add(std::string_view name, std::string_view value) {
  add_raw(name, json::serialize(json::string(to_valid_utf8(value))));
}

void ObjectText::add_or_null(std::string_view name, std::string_view value) {
  if (value.empty()) {
    add_raw(name, "null");
  } else {
    add(name, value);
  }
}

void ObjectText::add(std::string_view name, double value) {
  add_raw(name, decimal_text(value));
}

void ObjectText::add_raw(std::string_view name, std::string_view value) {
  if (!members_.empty()) {
    members_ += ',';
  }
  members_ += json::serialize(json::string(name));
  members_ += ':';
  members_ += value;
}

json::object parse_object(std::string_view text) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  const json::value value = json::parse(text, error, {}, options);
  return !error && value.is_object() ? value.get_object() : json::object();
}

std::string extra_files_text(const std::string& id,
                             const std::vector<model::ExtraFile>& extra_files) {
  std::string text;
  for (std::size_t index = 0; index < extra_files.size(); ++index) {
    const model::ExtraFile& extra = extra_files[index];
    ObjectText file;
    file.add("tag", extra.tag);
    file.add("original_filename", last_component(extra.file_name));
    file.add("extname", stored_extension(extra.file_name));
    file.add("file_size", extra.range.size());
    file.add("path", id + extra_file_suffix(index, ""));
    text += (text.empty() ? "" : ",") + std::move(file).finish();
  }
  return "[" + text + "]";
}

std::string processing_document(std::string_view document) {
  ObjectText told;
  for (const json::key_value_pair& member : parse_object(document)) {
    if (member.key() == "status") {
      told.add("status", "processing");
    } else if (member.value().is_double()) {
      told.add(member.key(), member.value().get_double());
    } else if (member.key() != "error_class" && member.key() != "error_message") {
      told.add_raw(member.key(), json::serialize(member.value()));
    }
  }
  return std::move(told).finish();
}

namespace {

Result<std::string> extension_in(const json::object& object) {
  const json::value* extension = object.if_contains("extname");
  if (extension == nullptr || !extension->is_string() ||
      stored_extension(extension->get_string()) != extension->get_string()) {
    return fail(Errc::storage_failed, "the record's document has no valid extname");
  }
  return std::string(extension->get_string());
}

Result<std::uint64_t> size_in(const json::object& object) {
  const json::value* size = object.if_contains("file_size");
  if (size == nullptr || !size->is_number()) {
    return fail(Errc::storage_failed, "the record's document has no valid file_size");
  }
  boost::system::error_code inexact;
  const auto number = size->to_number<std::uint64_t>(inexact);
  if (inexact) {
    return fail(Errc::storage_failed, "the record's document has no valid file_size");
  }
  return number;
}

}  // namespace

Result<std::string> stored_extension_of(std::string_view document) {
  return extension_in(parse_object(document));
}

Result<std::uint64_t> stored_size_of(std::string_view document) {
  return size_in(parse_object(document));
}

Result<std::vector<StoredExtraFile>> stored_extra_files_of(std::string_view document) {
  std::vector<StoredExtraFile> files;
  const json::object object = parse_object(document);
  const json::value* const list = object.if_contains("extra_files");
  if (list == nullptr) {
    return files;
  }
  if (!list->is_array()) {
    return fail(Errc::storage_failed, "the record's document has no valid extra_files");
  }
  for (const json::value& item : list->get_array()) {
    const json::object file = item.is_object() ? item.get_object() : json::object();
    const Result<std::string> extension = extension_in(file);
    const Result<std::uint64_t> size = size_in(file);
    if (!extension || !size) {
      return fail(extension ? size.error() : extension.error());
    }
    files.push_back({extra_file_suffix(files.size(), *extension), *size});
  }
  return files;
}

}  // namespace sluice::library
