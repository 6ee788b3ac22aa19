// SPDX-License-Identifier: MIT
#include "simulation/form_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::simulation {
namespace {

constexpr std::string_view boundary = "simulated";

struct Uploader {
  const char* name;
  const char* words;  // In the form of a query.
  // Its last chunk takes the rest; elsewhere that is the smallest one. Its words may be in the
  // query and the bytes without a form.
  bool is_of_resumable = false;
  bool has_content_range = false;
};

constexpr std::array<Uploader, 6> uploaders{{
    {.name = "dropzone",
     .words = "dzuuid={name}&dzchunkindex={index}&dztotalfilesize={size}&dzchunksize={chunk_size}"
              "&dztotalchunkcount={count}&dzchunkbyteoffset={begin}"},
    {.name = "resumable",
     .words = "resumableChunkNumber={number}&resumableChunkSize={chunk_size}"
              "&resumableCurrentChunkSize={length}&resumableTotalSize={size}"
              "&resumableType=video/mp4&resumableIdentifier={name}&resumableFilename={name}"
              "&resumableTotalChunks={count}",
     .is_of_resumable = true},
    {.name = "flow",
     .words = "flowChunkNumber={number}&flowChunkSize={chunk_size}&flowCurrentChunkSize={length}"
              "&flowTotalSize={size}&flowIdentifier={name}&flowFilename={name}"
              "&flowTotalChunks={count}",
     .is_of_resumable = true},
    {.name = "fineuploader",
     .words = "qqpartindex={index}&qqpartbyteoffset={begin}&qqchunksize={length}"
              "&qqtotalparts={count}&qqtotalfilesize={size}&qqfilename={name}&qquuid={name}"},
    {.name = "blueimp", .words = "upload_id={name}&upload_size={size}", .has_content_range = true},
    {.name = "plupload",
     .words = "name={name}&chunk={index}&chunks={count}&id={name}&size={size}"
              "&chunk_size={chunk_size}"},
}};

const Uploader& uploader_of(const FormFile& file) {
  return uploaders.at(file.uploader);
}

std::string query_of(const FormFile& file, std::uint64_t index) {
  const ByteRange range = file.chunk(index);
  return fmt::format(fmt::runtime(uploader_of(file).words), fmt::arg("name", file.name),
                     fmt::arg("index", index), fmt::arg("number", index + 1),
                     fmt::arg("count", file.chunk_count()), fmt::arg("begin", range.begin),
                     fmt::arg("length", range.size()), fmt::arg("size", file.size),
                     fmt::arg("chunk_size", file.chunk_size));
}

std::string form_fields(std::string_view query) {
  std::string fields;
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    const std::size_t middle = field.find('=');
    fields += form_field(field.substr(0, middle), field.substr(middle + 1));
    query.remove_prefix(std::min(field.size() + 1, query.size()));
  }
  return fields;
}

}  // namespace

std::string form_type() {
  return fmt::format("\nContent-Type: multipart/form-data; boundary={}", boundary);
}

std::string form_field(std::string_view name, std::string_view value) {
  return fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary,
                     name, value);
}

std::string form_file(const std::string& name) {
  return fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n"
      "Content-Type: video/mp4\r\n\r\n",
      boundary, name);
}

std::string form_end() {
  return fmt::format("\r\n--{}--\r\n", boundary);
}

std::uint64_t FormFile::chunk_count() const {
  const std::uint64_t whole = size / chunk_size;
  const bool is_rest_apart = !is_of_resumable() && size % chunk_size > 0;
  return std::max<std::uint64_t>(1, whole + (is_rest_apart ? 1 : 0));
}

ByteRange FormFile::chunk(std::uint64_t index) const {
  return {index * chunk_size, index + 1 == chunk_count() ? size : (index + 1) * chunk_size};
}

std::uint64_t FormFile::index_at(std::uint64_t offset) const {
  return std::min(offset / chunk_size, chunk_count() - 1);
}

const char* FormFile::uploader_name() const {
  return uploader_of(*this).name;
}

bool FormFile::is_of_resumable() const {
  return uploader_of(*this).is_of_resumable;
}

std::vector<const char*> form_uploaders() {
  std::vector<const char*> names;
  names.reserve(uploaders.size());
  for (const Uploader& uploader : uploaders) {
    names.push_back(uploader.name);
  }
  return names;
}

FormFile any_form_file(const std::string& name, std::uint64_t size, Dice& dice) {
  return {name, size, 1 + size / 8 + dice.below(1 + size / 2),
          static_cast<std::size_t>(dice.below(uploaders.size()))};
}

Words form_chunk(const FormFile& file, std::uint64_t index, Dice& dice) {
  const Uploader& uploader = uploader_of(file);
  const std::string query = query_of(file, index);
  if (uploader.is_of_resumable && dice.chance(0.3)) {
    return {"POST /files?" + query + "\nContent-Type: application/octet-stream"};
  }
  const bool is_in_query = dice.chance(0.2);
  Words words{"POST /files" + (is_in_query ? "?" + query : std::string()) + form_type(),
              (is_in_query ? std::string() : form_fields(query)) + form_file(file.name),
              form_end()};
  if (uploader.has_content_range && file.chunk_count() > 1) {
    const ByteRange range = file.chunk(index);
    words.head +=
        fmt::format("\nContent-Range: bytes {}-{}/{}", range.begin, range.end - 1, file.size);
  }
  return words;
}

Words form_chunk_question(const FormFile& file, std::uint64_t index) {
  return {"GET /files?" + query_of(file, index)};
}

}  // namespace sluice::simulation
