// SPDX-License-Identifier: MIT
#include "protocol/rufh/creation_request.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "http/content_range.h"
#include "http/parameter_list.h"
#include "protocol/content_digest.h"
#include "protocol/dialect_names.h"
#include "protocol/kept_parameters.h"
#include "protocol/media_type.h"

namespace sluice::protocol::rufh {
namespace {

// Of a file that came without one. The backend needs a name.
constexpr const char* unnamed = "upload";

std::string disposed_name(const http::Request& request) {
  const http::ParameterList disposition(request.headers.find("Content-Disposition").value_or(""));
  if (std::optional<std::string> name = disposition.extended_text("filename")) {
    return *std::move(name);
  }
  const std::string* const name = disposition.find("filename");
  return name != nullptr ? to_valid_utf8(*name) : std::string();
}

Result<std::string> file_name_of(const http::Request& request, const Parameters& query) {
  std::string name = query.text("file_name").value_or("");
  if (name.empty()) {
    name = disposed_name(request);
  }
  if (name.size() > limits::file_name_bytes_max) {
    return fail(Errc::bad_request, "the name of the file: expected at most " +
                                       std::to_string(limits::file_name_bytes_max) +
                                       " bytes, got " + std::to_string(name.size()));
  }
  return name.empty() ? unnamed : name;
}

// curl says of any body that it is urlencoded.
Result<std::string> content_type_of(const http::Request& request, const Parameters& query) {
  const std::string_view told = trimmed(request.headers.find("Content-Type").value_or(""));
  const std::string type = media_type(told);
  if (type == "multipart/form-data") {
    return fail(Errc::unsupported_media_type,
                "Content-Type: expected the bytes of the file as the body, got a form");
  }
  std::string wanted = query.text("content_type").value_or("");
  const bool says_nothing =
      type == partial_upload_type || type == "application/x-www-form-urlencoded";
  return wanted.empty() && !says_nothing ? to_valid_utf8(told) : std::move(wanted);
}

std::unexpected<Error> two_sizes(std::uint64_t length, std::uint64_t content) {
  return fail(Errc::size_mismatch, "Upload-Length is " + std::to_string(length) +
                                       ", the body has " + std::to_string(content) + " bytes");
}

// The file's, as far as the head tells.
Result<std::optional<std::uint64_t>> size_of(const RufhFields& fields, bool ends_file,
                                             std::optional<std::uint64_t> content,
                                             std::uint64_t most) {
  const std::uint64_t announced = std::max(fields.length.value_or(0), content.value_or(0));
  if (announced > most) {
    return fail(Errc::file_too_large, "File size limit is set to " + std::to_string(most) +
                                          " bytes, got " + std::to_string(announced));
  }
  if (!content) {
    return fields.length;
  }
  const bool differs = ends_file ? content != fields.length : content > fields.length;
  if (fields.length && differs) {
    return two_sizes(*fields.length, *content);
  }
  return ends_file ? content : fields.length;
}

}  // namespace

Result<CreationRequest> parse_creation(const http::Request& request, const Parameters& query,
                                       const RufhFields& fields, std::uint64_t file_size_max) {
  if (fields.is_foreign() && fields.is_complete == false) {
    return fail(Errc::bad_request,
                "Upload-Draft-Interop-Version: expected one that this server speaks, with a part "
                "of a file");
  }
  CreationRequest creation;
  creation.is_plain = fields.is_foreign() || !fields.is_complete;
  if (const Result<> whole = http::expect_whole_file(request.headers);
      creation.is_plain && !whole) {
    return fail(whole.error());
  }
  const std::optional<std::uint64_t> content = content_length_of(request);
  const bool is_empty_file =
      fields.rules->empty_creation_is_whole && fields.length == 0U && content == 0U;
  creation.ends_file = creation.is_plain || *fields.is_complete || is_empty_file;
  const Result<std::optional<std::uint64_t>> size =
      size_of(fields, creation.ends_file, content, file_size_max);
  if (!size) {
    return fail(size.error());
  }
  Result<std::string> type = content_type_of(request, query);
  if (!type) {
    return fail(type.error());
  }
  Result<std::string> name = file_name_of(request, query);
  if (!name) {
    return fail(name.error());
  }
  Result<std::vector<ExpectedDigest>> digests =
      expected_digests(request.headers, creation.ends_file);
  if (!digests) {
    return fail(digests.error());
  }
  creation.digests = *std::move(digests);
  creation.upload.dialect = rufh_name;
  creation.upload.file_size = *size;
  creation.upload.file_name = *std::move(name);
  creation.upload.content_type = *std::move(type);
  creation.upload.parameters = kept_parameters(query);
  return creation;
}

}  // namespace sluice::protocol::rufh
