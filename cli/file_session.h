// SPDX-License-Identifier: MIT
// What the uploads of a command have in common: their options, and the words that open a session.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "cli/http_transfer.h"
#include "cli/retries.h"
#include "cli/server_answer.h"

namespace sluice::cli {

// The same for all files of a command.
struct FileUploadOptions {
  std::string session_url;
  RetryPolicy retry;
  TransferOptions transfer;
  std::string credential;       // A field of the request that opens the session; may be empty.
  std::string form;             // More of that request's parameters, urlencoded: "&a=1&b=2".
  std::string name;             // Empty: the file's own.
  std::string content_type;     // Empty: guessed from the name.
  std::string state_directory;  // Empty: the upload cannot be continued later.
  unsigned connections = 1;     // For one file.
};

// The parameters of a session but for the size, urlencoded: "file_name=a.mp4&...".
// `relative_path`: of a file that was found in a folder, from that folder on; else empty.
std::string description(std::string_view name, std::string_view relative_path,
                        const FileUploadOptions& options);
// The fields of the request that opens a session.
HttpTransfer::Fields credential_fields(const FileUploadOptions& options);

// Whether the answer has the digest of the whole file: SHA-256 in hex, under "sha256". An answer
// without one proves nothing, and most have none. `digest` is called when there is one to compare
// with; empty where it cannot be told. The error: it is that of other bytes.
std::expected<bool, Failed> has_same_digest(const std::string& answer,
                                            const std::function<std::string()>& digest);

// Spreads the retries of many clients; no secret depends on it.
Retries::Random random_source();

// Of a result that is an answer, or none.
Reply reply_of(TransferResult result);

}  // namespace sluice::cli
