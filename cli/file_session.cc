// SPDX-License-Identifier: MIT
#include "cli/file_session.h"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "base/encoding.h"
#include "cli/content_type.h"

namespace sluice::cli {

std::string description(std::string_view own_name, std::string_view relative_path,
                        const FileUploadOptions& options) {
  const std::string_view name = options.name.empty() ? own_name : options.name;
  std::string form = "file_name=" + percent_encode(name);
  const std::string_view type =
      options.content_type.empty() ? content_type_of(name) : std::string_view(options.content_type);
  if (!type.empty()) {
    form += "&content_type=" + percent_encode(type);
  }
  if (!relative_path.empty()) {
    form += "&relativePath=" + percent_encode(relative_path);
  }
  return form + options.form;
}

HttpTransfer::Fields credential_fields(const FileUploadOptions& options) {
  return options.credential.empty() ? HttpTransfer::Fields()
                                    : HttpTransfer::Fields{options.credential};
}

std::expected<bool, Failed> has_same_digest(const std::string& answer,
                                            const std::function<std::string()>& digest) {
  const std::string theirs = to_lower(text_in(answer, "sha256").value_or(""));
  const std::string ours = theirs.empty() ? "" : digest();
  if (ours.empty() || ours == theirs) {
    return !ours.empty();
  }
  return std::unexpected(
      Failed{ExitCode::other_bytes,
             fmt::format("the server has other bytes: their SHA-256 is {}, the file's is {}",
                         theirs, ours),
             true});
}

Retries::Random random_source() {
  return [engine = std::mt19937(std::random_device{}()),
          uniform = std::uniform_real_distribution<double>(0.0, 1.0)]() mutable {
    return uniform(engine);
  };
}

Reply reply_of(TransferResult result) {
  return std::holds_alternative<Answer>(result) ? Reply(std::get<Answer>(std::move(result)))
                                                : Reply(std::get<NoAnswer>(std::move(result)));
}

}  // namespace sluice::cli
