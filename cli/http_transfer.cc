// SPDX-License-Identifier: MIT
#include "cli/http_transfer.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "cli/url.h"

namespace sluice::cli {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// Until a server that does not know `Expect: 100-continue` gets the body all the same.
constexpr long expect_wait_ms = 1000;
constexpr long upload_buffer_bytes = 256L * 1024;
constexpr const char* user_agent = "sluice-upload";

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

void append(HeaderList& list, const std::string& line) {
  list.reset(curl_slist_append(list.release(), line.c_str()));
  SLUICE_CHECK(list != nullptr);
}

bool global_init() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code == CURLE_OK;
}

std::optional<std::string> header(CURL* handle, const char* name) {
  curl_header* found = nullptr;
  if (curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) {
    return std::nullopt;
  }
  return std::string(found->value);
}

// Data that the peer's host does not acknowledge is not "sent", although the kernel took it.
int bound_unacknowledged(void* stall_ms, curl_socket_t socket, curlsocktype purpose) {
  if (purpose == CURLSOCKTYPE_IPCXN) {
    const auto milliseconds = static_cast<unsigned>(*static_cast<const long*>(stall_ms));
    ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
  }
  return CURL_SOCKOPT_OK;
}

// Errors that another attempt cannot heal.
bool is_permanent(CURLcode code) {
  return code == CURLE_URL_MALFORMAT || code == CURLE_PEER_FAILED_VERIFICATION ||
         code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM ||
         code == CURLE_NOT_BUILT_IN;
}

}  // namespace

struct HttpTransfer::Exchange {
  const Body* body = nullptr;
  std::uint64_t sent = 0;
  const Progress* progress = nullptr;
  const StopRequested* stop_requested = nullptr;
  RateLimit* rate = nullptr;
  TransferTimeouts timeouts;
  long stall_ms = 0;

  HeaderList headers;
  std::string answer_body;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  std::string abort_reason;
  std::string source_error;
  bool stopped = false;

  SteadyTime moved_at = std::chrono::steady_clock::now();
  curl_off_t moved_bytes = 0;

  static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self);
  static int seek(void* self, curl_off_t offset, int origin);
  static std::size_t write(const char* data, std::size_t size, std::size_t count, void* self);
  static int watch(void* self, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                   curl_off_t up);

  std::string failure_text(CURLcode code) const;
};

std::size_t HttpTransfer::Exchange::read(char* buffer, std::size_t size, std::size_t count,
                                         void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::uint64_t left = exchange.body->range.size() - exchange.sent;
  std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size * count, left));
  if (wanted == 0) {
    return 0;
  }
  if (exchange.rate != nullptr) {
    wanted = exchange.rate->take(wanted, [&] { return !(*exchange.stop_requested)(); });
    if (wanted == 0) {
      exchange.stopped = true;
      return CURL_READFUNC_ABORT;
    }
    exchange.moved_at = std::chrono::steady_clock::now();  // The wait was our own.
  }
  const auto got =
      exchange.body->read_at(std::span(buffer, wanted), exchange.body->range.begin + exchange.sent);
  if (!got) {
    exchange.source_error = got.error();
    return CURL_READFUNC_ABORT;
  }
  exchange.sent += *got;
  return *got;
}

// libcurl would send the whole piece again when a kept connection is lost in the middle of it. Only
// the server knows how much arrived, so such a request fails and the status is asked for.
int HttpTransfer::Exchange::seek(void* self, curl_off_t offset, int origin) {
  const auto& exchange = *static_cast<Exchange*>(self);
  return origin == SEEK_SET && offset == 0 && exchange.sent == 0 ? CURL_SEEKFUNC_OK
                                                                 : CURL_SEEKFUNC_FAIL;
}

std::size_t HttpTransfer::Exchange::write(const char* data, std::size_t size, std::size_t count,
                                          void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::size_t bytes = size * count;
  if (exchange.answer_body.size() + bytes > limits::answer_bytes_max) {
    exchange.abort_reason =
        fmt::format("the answer is longer than {} bytes", limits::answer_bytes_max);
    return 0;
  }
  exchange.answer_body.append(data, bytes);
  return bytes;
}

// libcurl calls it at least once a second, also while nothing moves.
int HttpTransfer::Exchange::watch(void* self, curl_off_t, curl_off_t down, curl_off_t,
                                  curl_off_t up) {
  auto& exchange = *static_cast<Exchange*>(self);
  if (exchange.stop_requested != nullptr && (*exchange.stop_requested)()) {
    exchange.stopped = true;
    return 1;
  }
  const SteadyTime now = std::chrono::steady_clock::now();
  if (down + up != exchange.moved_bytes) {
    exchange.moved_bytes = down + up;
    exchange.moved_at = now;
  }
  const auto body_bytes =
      static_cast<curl_off_t>(exchange.body == nullptr ? 0 : exchange.body->range.size());
  const bool waits_for_answer = up >= body_bytes && down == 0 && body_bytes > 0;
  const auto bound = waits_for_answer ? exchange.timeouts.answer : exchange.timeouts.stall;
  if (now - exchange.moved_at >= bound) {
    exchange.abort_reason =
        fmt::format("{} for {:.0f} s", waits_for_answer ? "no answer" : "nothing moved",
                    std::chrono::duration<double>(bound).count());
    return 1;
  }
  if (exchange.progress != nullptr && *exchange.progress) {
    (*exchange.progress)(static_cast<std::uint64_t>(std::max<curl_off_t>(up, 0)));
  }
  return 0;
}

std::string HttpTransfer::Exchange::failure_text(CURLcode code) const {
  if (!abort_reason.empty()) {
    return abort_reason;
  }
  if (code == CURLE_SEND_FAIL_REWIND) {
    return "the connection was lost";
  }
  return error_text[0] != '\0' ? error_text.data() : curl_easy_strerror(code);
}

HttpTransfer::HttpTransfer(TransferOptions options, StopRequested stop_requested)
    : options_(std::move(options)),
      stop_requested_(std::move(stop_requested)),
      handle_(global_init() ? curl_easy_init() : nullptr) {
  SLUICE_CHECK(handle_ != nullptr);
}

HttpTransfer::~HttpTransfer() {
  curl_easy_cleanup(handle_);
}

TransferResult HttpTransfer::post(const std::string& url, const std::string& form,
                                  const Fields& fields) {
  Exchange exchange;
  prepare(url, exchange);
  curl_easy_setopt(handle_, CURLOPT_POST, 1L);
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(form.size()));
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, form.c_str());
  // libcurl says this type of every body that has none, also of an empty one.
  append(exchange.headers,
         form.empty() ? "Content-Type:" : "Content-Type: application/x-www-form-urlencoded");
  for (const std::string& field : fields) {
    append(exchange.headers, field);
  }
  return perform(exchange);
}

std::expected<std::string, std::string> HttpTransfer::content_digest(const Body& body) const {
  Sha256 hash;
  std::vector<char> buffer(std::min<std::uint64_t>(limits::buffer_bytes, body.range.size()));
  for (std::uint64_t at = body.range.begin; at < body.range.end;) {
    if (stop_requested_()) {
      return std::string();
    }
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), body.range.end - at));
    const auto got = body.read_at(std::span(buffer).first(wanted), at);
    if (!got) {
      return std::unexpected(got.error());
    }
    hash.add(as_bytes(std::string_view(buffer.data(), *got)));
    at += *got;
  }
  return "Content-Digest: sha-256=:" + to_base64(hash.finish()) + ":";
}

TransferResult HttpTransfer::put(const std::string& url, const PieceRequest& piece,
                                 const Progress& progress) {
  std::expected<std::string, std::string> digest;
  if (piece.with_digest) {
    digest = content_digest(piece.body);
    if (!digest) {
      return SourceFailed{digest.error()};
    }
    if (digest->empty()) {
      return Stopped{};
    }
  }
  Exchange exchange;
  exchange.body = &piece.body;
  exchange.progress = &progress;
  prepare(url, exchange);
  curl_easy_setopt(handle_, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle_, CURLOPT_INFILESIZE_LARGE,
                   static_cast<curl_off_t>(piece.body.range.size()));
  curl_easy_setopt(handle_, CURLOPT_READFUNCTION, &Exchange::read);
  curl_easy_setopt(handle_, CURLOPT_READDATA, &exchange);
  curl_easy_setopt(handle_, CURLOPT_SEEKFUNCTION, &Exchange::seek);
  curl_easy_setopt(handle_, CURLOPT_SEEKDATA, &exchange);
  append(exchange.headers, "Content-Type: application/octet-stream");
  append(exchange.headers, piece.field);
  if (piece.with_digest) {
    append(exchange.headers, *digest);
  }
  if (!piece.ask_first) {
    append(exchange.headers, "Expect:");  // libcurl adds the header to a long body by itself.
  }
  return perform(exchange);
}

TransferResult HttpTransfer::get(const std::string& url) {
  Exchange exchange;
  prepare(url, exchange);
  return perform(exchange);
}

void HttpTransfer::prepare(const std::string& url, Exchange& exchange) {
  exchange.stop_requested = &stop_requested_;
  exchange.rate = options_.rate;
  exchange.timeouts = options_.timeouts;
  exchange.stall_ms = static_cast<long>(options_.timeouts.stall.count());
  curl_easy_reset(handle_);  // Options only; connections stay.
  const auto set = [this](CURLoption option, auto value) {
    SLUICE_CHECK(curl_easy_setopt(handle_, option, value) == CURLE_OK);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USERAGENT, user_agent);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.timeouts.connect.count()));
  set(CURLOPT_EXPECT_100_TIMEOUT_MS, expect_wait_ms);
  set(CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer_bytes);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_SOCKOPTFUNCTION, &bound_unacknowledged);
  set(CURLOPT_SOCKOPTDATA, &exchange.stall_ms);
  set(CURLOPT_ERRORBUFFER, exchange.error_text.data());
  set(CURLOPT_WRITEFUNCTION, &Exchange::write);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Exchange::watch);
  set(CURLOPT_XFERINFODATA, &exchange);
  if (!options_.ca_file.empty()) {
    set(CURLOPT_CAINFO, options_.ca_file.c_str());
  }
  if (shown_origin(url) == options_.origin) {
    for (const std::string& line : options_.headers) {
      append(exchange.headers, line);
    }
  }
  if (is_loopback(url)) {
    set(CURLOPT_PROXY, "");  // http_proxy in the environment is not meant for this machine.
  }
}

TransferResult HttpTransfer::perform(Exchange& exchange) {
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, exchange.headers.get());
  const CURLcode code = curl_easy_perform(handle_);
  if (exchange.stopped) {
    return Stopped{};
  }
  if (!exchange.source_error.empty()) {
    return SourceFailed{exchange.source_error};
  }
  if (code != CURLE_OK) {
    return NoAnswer{exchange.failure_text(code), is_permanent(code)};
  }
  Answer answer;
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  answer.range = header(handle_, "Range");
  char* url = nullptr;
  curl_easy_getinfo(handle_, CURLINFO_EFFECTIVE_URL, &url);
  if (const std::optional<std::string> location = header(handle_, "Location")) {
    answer.location = resolve_url(url, *location);
  }
  answer.wants_digest = wants_sha256(header(handle_, "Want-Content-Digest").value_or(""));
  answer.is_applications = header(handle_, "Sluice-Answer") == "backend";
  curl_off_t retry_after = 0;
  if (header(handle_, "Retry-After") &&
      curl_easy_getinfo(handle_, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK) {
    answer.retry_after = std::chrono::seconds{retry_after};
  }
  answer.body = std::move(exchange.answer_body);
  return answer;
}

}  // namespace sluice::cli
