// SPDX-License-Identifier: MIT
#include "protocol/panda/session_request.h"

#include <optional>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "protocol/kept_parameters.h"

namespace sluice::protocol::panda {
namespace {

// As in Content-Range (RFC 9110 14.4): the size is not known yet.
constexpr const char* unknown_size = "*";

// nullopt: it is not known yet.
Result<std::optional<std::uint64_t>> file_size_of(const Parameters& parameters) {
  if (parameters.text("file_size") == unknown_size) {
    return std::nullopt;
  }
  const Result<std::optional<std::uint64_t>> size = parameters.integer("file_size", 0);
  if (!size) {
    return fail(size.error());
  }
  if (!*size) {
    return fail(Errc::bad_request,
                "file_size is missing: expected the size of the file in bytes, an integer of at "
                "least 0");
  }
  if (**size > limits::file_size_max) {
    return fail(Errc::file_too_large, "file_size: expected at most " +
                                          std::to_string(limits::file_size_max) + " bytes, got " +
                                          parameters.text("file_size").value_or(""));
  }
  return *size;
}

Result<std::string> file_name_of(const Parameters& parameters) {
  const std::optional<std::string> name = parameters.text("file_name");
  if (!name || name->empty()) {
    return fail(Errc::bad_request,
                std::string(name ? "file_name is empty" : "file_name is missing") +
                    ": expected the name of the file");
  }
  if (!parameters.values().at("file_name").is_string()) {
    return fail(Errc::bad_request, "file_name: expected text, got " + in_quotes(*name));
  }
  if (name->size() > limits::file_name_bytes_max) {
    return fail(Errc::bad_request, "file_name: expected at most " +
                                       std::to_string(limits::file_name_bytes_max) +
                                       " bytes, got " + std::to_string(name->size()));
  }
  return *name;
}

}  // namespace

Result<upload::NewUpload> parse_session_request(const Parameters& parameters) {
  const Result<std::optional<std::uint64_t>> size = file_size_of(parameters);
  if (!size) {
    return fail(size.error());
  }
  Result<std::string> name = file_name_of(parameters);
  if (!name) {
    return fail(name.error());
  }
  upload::NewUpload request;
  request.dialect = "panda";
  request.file_size = *size;
  request.file_name = *std::move(name);
  request.content_type = parameters.text("content_type").value_or("");
  request.parameters = kept_parameters(parameters);
  return request;
}

}  // namespace sluice::protocol::panda
