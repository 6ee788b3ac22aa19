// SPDX-License-Identifier: MIT
// From a hand-off to the words of an HTTP request (docs/backend.md). Knows neither files nor
// sockets. Whatever a client sent is data here: percent-encoded in headers and the URL, escaped in
// JSON and forms.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "delivery/backend.h"
#include "outgoing/http_request.h"
#include "outgoing/url_template.h"
#include "store/references.h"

namespace sluice::delivery {

enum class HandoffMode {
  body,       // The file is the request's body.
  form,       // multipart/form-data: the session's parameters, the file as `file`, extra files.
  reference,  // JSON that says where the file is.
};

const char* to_text(HandoffMode mode) noexcept;

struct HttpBackendSettings {
  outgoing::UrlTemplate url;
  HandoffMode mode = HandoffMode::body;
  std::string method = "POST";
  std::string secret;  // Empty: requests are not signed.
  outgoing::Deadlines deadlines;
  std::vector<std::string> answer_headers;  // Headers of the answer that are kept.
  // Answers of 4xx that speak of the way to the application, in order.
  std::vector<int> trouble;
  std::uint64_t answer_bytes_max = limits::answer_bytes_max;
  bool with_digest = false;
  std::string ca_file;
};

// Digests of the file and of the request's body, as hex; empty: not known.
struct HandoffDigests {
  std::string file;
  std::string body;
};

// The text around the files in a form.
struct FormFrame {
  std::string boundary;
  std::string before;
  std::vector<std::string> between;  // In front of each extra file.
  std::string after;
};

// The boundary must be unknown outside this process beforehand: a client that knows it can write a
// file that adds fields to the form.
FormFrame form_frame(const Handoff& handoff, std::string boundary);

// The body in `reference` mode.
std::string reference_json(const Handoff& handoff, const std::string& file_digest,
                           const store::Reference& reference);

// The hand-off has a credential of the client's among its headers: the application may mean the
// client with a 401, and not Sluice.
bool carries_credential(const Handoff& handoff);

// Everything but the body, and unsigned. `boundary` is for `form`.
outgoing::HttpRequest handoff_request(const HttpBackendSettings& settings, const Handoff& handoff,
                                      const HandoffDigests& digests, const std::string& boundary);

}  // namespace sluice::delivery
