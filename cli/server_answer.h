// SPDX-License-Identifier: MIT
// Answers of an upload server, the meaning that all of them have, and the ends that an upload
// comes to. No network.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace sluice::cli {

// Scripts rely on these; `sluice upload --help` lists them.
enum class ExitCode : int {
  ok = 0,
  local_error = 1,
  usage = 2,
  refused = 3,
  gave_up = 4,
  file_refused = 5,
  other_bytes = 6,
};

constexpr int exit_status(ExitCode code) noexcept {
  return static_cast<int>(code);
}

// A complete answer of the server.
struct Answer {
  int status = 0;
  std::optional<std::string> range;
  std::optional<std::string> location;  // Absolute, whatever the header looked like.
  std::optional<std::chrono::seconds> retry_after;
  std::string body;
  // The final answer of the application behind the server, not an error of the server.
  bool is_applications = false;
  // The server compares the bytes of requests with Content-Digest before it acknowledges them.
  bool wants_digest = false;
};

// The request went out or not; the client does not know whether the server acted on it.
struct NoAnswer {
  std::string reason;
  bool permanent = false;  // The next attempt would end the same way, e.g. a bad certificate.
};

using Reply = std::variant<Answer, NoAnswer>;

struct Finished {
  std::string body;            // The Video JSON.
  std::uint64_t compared = 0;  // Bytes whose SHA-256 the server has compared on their way.
};
struct Failed {
  ExitCode exit_code = ExitCode::gave_up;
  std::string message;
  // The session can never be completed, so there is nothing to come back to.
  bool session_dead = false;
};

constexpr bool is_success(int status) noexcept {
  return status >= 200 && status < 300;
}
// A later attempt may heal it (Client notes: 5xx; 408 says the request took too long): also where
// other bytes came than those that were sent.
bool is_retryable(const Answer& answer);
// The value of Want-Content-Digest asks for SHA-256 (RFC 9530 4).
bool wants_sha256(std::string_view preferences);

// There is no such session, or no longer.
constexpr bool is_unknown(const Answer& answer) noexcept {
  return !answer.is_applications && (answer.status == 404 || answer.status == 410);
}

// Every byte is stored, and the application behind the server has not answered yet: come again when
// the server says. `brings_the_rest`: the request had all that the client believes to be missing;
// so it is understood of a server that calls this error something else.
bool is_handoff(const Answer& answer, bool brings_the_rest);

// The end that this answer is, whatever was asked; nullopt: a success, or something that another
// attempt may heal. `in_session`: the request was for a session that there is.
std::optional<Failed> final_refusal(const Answer& answer, bool in_session);

// The text under a name of a JSON object; nullopt where the body is none, or has none.
std::optional<std::string> text_in(const std::string& body, std::string_view name);
// `error: message` of an error's JSON body; the start of the body when it is something else.
std::string describe_error(const Answer& answer);
// Other people's text, fit for a terminal: valid UTF-8 in which nothing is interpreted there.
std::string printable(std::string_view text);

}  // namespace sluice::cli
