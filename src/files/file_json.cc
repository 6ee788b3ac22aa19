// SPDX-License-Identifier: MIT
#include "files/file_json.h"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "library/document.h"
#include "library/library.h"
#include "library/stored_names.h"

namespace sluice::files {

std::string file_document(const FileDescription& file) {
  library::ObjectText document;
  document.add("id", file.id);
  document.add("status", library::stored);
  document.add("file_name", library::last_component(file.file_name));
  document.add("file_size", file.file_size);
  document.add("sha256", file.sha256);
  document.add("content_type", file.content_type);
  document.add("created_at", to_iso8601(file.created_at));
  document.add("url", file.url);
  document.add("extname", library::stored_extension(file.file_name));
  if (!file.extra_files.empty()) {
    document.add_raw("extra_files", library::extra_files_text(file.id, file.extra_files));
  }
  return std::move(document).finish();
}

Result<FileDescription> read_document(std::string_view document) {
  const boost::json::object object = library::parse_object(document);
  FileDescription file;
  const std::array<std::pair<const char*, std::string*>, 5> texts{
      {{"id", &file.id},
       {"file_name", &file.file_name},
       {"sha256", &file.sha256},
       {"content_type", &file.content_type},
       {"url", &file.url}}};
  for (const auto& [name, text] : texts) {
    const boost::json::value* const member = object.if_contains(name);
    if (member == nullptr || !member->is_string()) {
      return fail(Errc::storage_failed, std::string("the record's document has no ") + name);
    }
    text->assign(member->get_string());
  }
  const Result<std::uint64_t> size = library::stored_size_of(document);
  if (!size) {
    return fail(size.error());
  }
  file.file_size = *size;
  return file;
}

}  // namespace sluice::files
