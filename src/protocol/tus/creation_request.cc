// SPDX-License-Identifier: MIT
#include "protocol/tus/creation_request.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "protocol/dialect_names.h"
#include "protocol/tus/kept_words.h"
#include "protocol/tus/tus_fields.h"
#include "protocol/tus/upload_concat.h"
#include "protocol/tus/upload_metadata.h"

namespace sluice::protocol::tus {
namespace {

namespace json = boost::json;

// The first two have fields of their own, the others let a reader of the journal act for the
// client.
constexpr std::array<std::string_view, 4> not_kept{"file_size", "file_name", "signature", "token"};
// What a request may do is said where it is judged.
constexpr std::array<std::string_view, 2> not_from_metadata{"cloud_id", "factory_id"};

// Of a file that came without one. The backend needs a name.
constexpr const char* unnamed = "upload";

bool is_in(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

json::object kept_of(const UploadMetadata& metadata) {
  json::object kept;
  for (const UploadMetadata::Entry& entry : metadata.entries()) {
    if (!is_in(not_kept, entry.key) && !is_in(not_from_metadata, entry.key)) {
      kept.emplace(entry.key, to_valid_utf8(entry.value));
    }
  }
  return kept;
}

std::string kept_parameters(const Parameters& query, const UploadMetadata& metadata,
                            bool is_signed) {
  json::object kept;
  for (const json::key_value_pair& field : query.values()) {
    if (!is_in(not_kept, field.key())) {
      kept.emplace(field.key(), field.value());
    }
  }
  json::object described = kept_of(metadata);
  if (is_signed && !described.empty()) {
    kept.emplace("metadata", std::move(described));
  } else {
    for (json::key_value_pair& field : described) {
      kept.emplace(field.key(), std::move(field.value()));  // Not where the name is there already.
    }
  }
  return json::serialize(kept);
}

Result<std::string> file_name_of(const Parameters& query, const UploadMetadata& metadata) {
  std::string name = query.text("file_name").value_or("");
  if (name.empty()) {
    name = to_valid_utf8(metadata.first_of("filename", "name"));
  }
  if (name.size() > limits::file_name_bytes_max) {
    return fail(Errc::bad_request, "the name of the file: expected at most " +
                                       std::to_string(limits::file_name_bytes_max) +
                                       " bytes, got " + std::to_string(name.size()));
  }
  return name.empty() ? unnamed : name;
}

Result<std::optional<ChunkRequest>> first_chunk_of(const http::Request& request,
                                                   std::optional<std::uint64_t> size) {
  if (!has_content(request)) {
    return std::nullopt;
  }
  const Result<ChunkRequest> chunk = parse_first_chunk(request);
  if (!chunk) {
    return fail(chunk.error());
  }
  if (const Result<> fits = check_fits(*chunk, size); !fits) {
    return fail(fits.error());
  }
  return *chunk;
}

struct Concatenation {
  std::string text;
  std::optional<UploadConcat> parsed;  // Unset: the upload has nothing to do with others.
};

Result<Concatenation> concatenation_of(const http::Headers& headers) {
  const Result<std::optional<std::string_view>> text = value_of(headers, "Upload-Concat");
  if (!text) {
    return fail(text.error());
  }
  if (!*text) {
    return Concatenation();
  }
  Result<UploadConcat> parsed = parse_upload_concat(**text);
  if (!parsed) {
    return fail(parsed.error());
  }
  return Concatenation{std::string(**text), *std::move(parsed)};
}

// A final has the bytes of its partial uploads and no others.
Result<std::optional<std::uint64_t>> expect_nothing_else(const http::Request& request) {
  if (request.headers.find("Upload-Length") || request.headers.find("Upload-Defer-Length") ||
      has_content(request)) {
    return fail(Errc::bad_request,
                "Upload-Concat: expected neither a size nor bytes beside the partial uploads");
  }
  return std::nullopt;
}

}  // namespace

Result<CreationRequest> parse_creation(const http::Request& request, const Parameters& query,
                                       const auth::Grant& grant) {
  Result<Concatenation> concat = concatenation_of(request.headers);
  if (!concat) {
    return fail(concat.error());
  }
  const bool is_final = concat->parsed && concat->parsed->is_final;
  const Result<std::optional<std::uint64_t>> size =
      is_final ? expect_nothing_else(request) : declared_size(request.headers);
  if (!size) {
    return fail(size.error());
  }
  const Result<std::optional<std::string_view>> described =
      value_of(request.headers, "Upload-Metadata");
  if (!described) {
    return fail(described.error());
  }
  const Result<UploadMetadata> metadata = UploadMetadata::parse(described->value_or(""));
  if (!metadata) {
    return fail(metadata.error());
  }
  Result<std::string> name = file_name_of(query, *metadata);
  if (!name) {
    return fail(name.error());
  }
  Result<std::optional<ChunkRequest>> chunk = first_chunk_of(request, *size);
  if (!chunk) {
    return fail(chunk.error());
  }
  CreationRequest creation;
  creation.first_chunk = *std::move(chunk);
  creation.upload.dialect = tus_name;
  creation.upload.file_size = *size;
  creation.upload.file_name = *std::move(name);
  creation.upload.content_type = query.text("content_type").value_or("");
  if (creation.upload.content_type.empty()) {
    creation.upload.content_type = to_valid_utf8(metadata->first_of("filetype", "type"));
  }
  creation.upload.is_partial = concat->parsed && !is_final;
  creation.partials = is_final ? std::move(concat->parsed->partials) : std::vector<std::string>();
  creation.upload.words =
      KeptWords{std::string(described->value_or("")), std::move(concat->text)}.text();
  creation.upload.parameters = kept_parameters(query, *metadata, grant.use.has_value());
  return creation;
}

}  // namespace sluice::protocol::tus
