// SPDX-License-Identifier: MIT
#include "journal/layout_text.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/system/error_code.hpp>
#include <utility>

#include "base/limits.h"

namespace sluice::journal {
namespace {

namespace json = boost::json;

std::optional<std::uint64_t> size_at(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  boost::system::error_code inexact;
  const auto number = value->to_number<std::uint64_t>(inexact);
  if (inexact || number > limits::file_size_max) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::string> text_at(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) {
    return std::nullopt;
  }
  return std::string(value->get_string());
}

bool add_extra_file(model::Layout& layout, const json::value& item) {
  const json::object* const file = item.if_object();
  if (file == nullptr) {
    return false;
  }
  std::optional<std::string> tag = text_at(*file, "tag");
  std::optional<std::string> file_name = text_at(*file, "file_name");
  const std::optional<std::uint64_t> size = size_at(*file, "size");
  if (!tag || !file_name || !size) {
    return false;
  }
  return layout.add(*std::move(tag), *std::move(file_name), *size);
}

}  // namespace

std::string layout_to_text(const model::Layout& layout) {
  json::array files;
  for (const model::ExtraFile& extra : layout.extra_files) {
    json::object file;
    file["tag"] = extra.tag;
    file["file_name"] = extra.file_name;
    file["size"] = extra.range.size();
    files.emplace_back(std::move(file));
  }
  json::object document;
  document["main_size"] = layout.main_size;
  document["part_size"] = layout.part_size;
  document["extra_files"] = std::move(files);
  return json::serialize(document);
}

std::optional<model::Layout> layout_from_text(std::string_view text) {
  boost::system::error_code error;
  const json::value document = json::parse({text.data(), text.size()}, error);
  const json::object* const object = error ? nullptr : document.if_object();
  if (object == nullptr) {
    return std::nullopt;
  }
  const std::optional<std::uint64_t> main_size = size_at(*object, "main_size");
  const std::optional<std::uint64_t> part_size = size_at(*object, "part_size");
  const json::value* const files = object->if_contains("extra_files");
  if (!main_size || !part_size || *part_size == 0 || files == nullptr || !files->is_array()) {
    return std::nullopt;
  }
  model::Layout layout;
  layout.main_size = *main_size;
  layout.part_size = *part_size;
  for (const json::value& file : files->get_array()) {
    if (!add_extra_file(layout, file)) {
      return std::nullopt;
    }
  }
  return layout;
}

}  // namespace sluice::journal
