// SPDX-License-Identifier: MIT
#include "outgoing/transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::outgoing {
namespace {

constexpr long upload_buffer_bytes = 256L * 1024;
constexpr const char* user_agent = "sluice";

std::unexpected<Error> failed(std::string message) {
  return fail(Errc::delivery_failed, std::move(message));
}

// RFC 9110 5.6.2
bool is_field_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < '\x7f' && !std::string_view("\"(),/:;<=>?@[\\]{}").contains(c);
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20U && c != '\t') || byte == 0x7FU;
  });
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

Transfer::Transfer(HttpRequest request, runtime::BlockingPool& pool)
    : request_(std::move(request)),
      url_(request_.target.origin + request_.target.path),
      pool_(pool) {}

Transfer::~Transfer() = default;

Result<CURL*> Transfer::begin(const Notice& notice) {
  handle_.reset(curl_easy_init());
  if (!handle_) {
    return failed("no memory for a request to " + request_.target.origin);
  }
  if (request_.body) {
    reader_.emplace(request_.body, pool_, notice);
  }
  if (request_.sink) {
    writer_.emplace(request_.sink, pool_, notice);
  }
  set_connection();
  set_callbacks();
  set_method();
  if (const Result<> set = set_headers(); !set) {
    return fail(set.error());
  }
  moved_at_ = std::chrono::steady_clock::now();
  return handle_.get();
}

// Nothing of the environment counts: neither proxies nor .netrc nor cookies.
void Transfer::set_connection() {
  const auto set = [this](CURLoption option, auto value) {
    SLUICE_CHECK(curl_easy_setopt(handle_.get(), option, value) == CURLE_OK);
  };
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USERAGENT, user_agent);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_FRESH_CONNECT, request_.sent_once ? 1L : 0L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.deadlines.connect.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(longest_time().count()));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!request_.ca_file.empty()) {
    set(CURLOPT_CAINFO, request_.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!request_.target.unix_socket.empty()) {
    set(CURLOPT_UNIX_SOCKET_PATH, request_.target.unix_socket.c_str());
  }
}

Duration Transfer::longest_time() const {
  const std::uint64_t bytes = request_.body ? request_.body->size() : 0;
  return request_.deadlines.whole +
         std::chrono::seconds(bytes / limits::outgoing_bytes_per_second_min);
}

void Transfer::set_callbacks() {
  const auto set = [this](CURLoption option, auto value) {
    SLUICE_CHECK(curl_easy_setopt(handle_.get(), option, value) == CURLE_OK);
  };
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, error_text_.data());
  set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::watch);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
}

void Transfer::set_method() {
  const auto set = [this](CURLoption option, auto value) {
    SLUICE_CHECK(curl_easy_setopt(handle_.get(), option, value) == CURLE_OK);
  };
  if (request_.body) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer_bytes);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
    set(CURLOPT_READFUNCTION, &Transfer::read);
    set(CURLOPT_READDATA, static_cast<void*>(this));
    set(CURLOPT_SEEKFUNCTION, &Transfer::seek);
    set(CURLOPT_SEEKDATA, static_cast<void*>(this));
  }
  if (request_.method == "HEAD") {
    // The answer may say the length of a body that does not come (RFC 9110 9.3.2).
    set(CURLOPT_NOBODY, 1L);
  }
  set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

Result<> Transfer::set_headers() {
  const auto append = [this](const std::string& line) {
    headers_.reset(curl_slist_append(headers_.release(), line.c_str()));
    SLUICE_CHECK(headers_ != nullptr);
  };
  if (!is_field_name(request_.method)) {
    return fail(Errc::internal, "no method of HTTP: " + in_quotes(request_.method));
  }
  for (const auto& [name, value] : request_.headers) {
    if (!is_field_name(name) || !is_field_value(value)) {
      return fail(Errc::internal,
                  "no header of HTTP: " + in_quotes(fmt::format("{}: {}", name, value)));
    }
    append(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  append("Expect:");  // libcurl would wait for "100 Continue" before a long body.
  curl_easy_setopt(handle_.get(), CURLOPT_HTTPHEADER, headers_.get());
  return {};
}

std::size_t Transfer::read(char* buffer, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const MutableBytes into(reinterpret_cast<std::byte*>(buffer), size * count);
  const std::optional<Result<std::size_t>> got = transfer.reader_->read(transfer.sent_, into);
  if (!got) {
    return CURL_READFUNC_PAUSE;
  }
  if (!*got) {
    transfer.stopped_ = fail(got->error());
    return CURL_READFUNC_ABORT;
  }
  transfer.sent_ += **got;
  return **got;
}

// A kept connection may turn out to be closed only when the request was already under way.
int Transfer::seek(void* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) {
    return CURL_SEEKFUNC_CANTSEEK;
  }
  static_cast<Transfer*>(self)->sent_ = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

std::size_t Transfer::take_header(const char* data, std::size_t size, std::size_t count,
                                  void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.stopped_ = transfer.take_header_line(std::string_view(data, size * count));
  return transfer.stopped_ ? size * count : 0;
}

// libcurl gives line by line: heads of 1xx answers, the final head, and a chunked body's trailers.
Result<> Transfer::take_header_line(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > limits::outgoing_answer_head_bytes_max) {
    return failed(fmt::format("the head of the answer is longer than {} bytes",
                              limits::outgoing_answer_head_bytes_max));
  }
  while (line.ends_with('\n') || line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  if (line.starts_with("HTTP/")) {
    answer_.headers.clear();
    head_ended_ = false;
    return {};
  }
  if (line.empty()) {
    head_ended_ = true;
    return {};
  }
  if (head_ended_) {
    return {};
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_field_name(name) ||
      !is_field_value(line.substr(colon))) {
    return failed("the answer has a broken header line: " + in_quotes(line));
  }
  answer_.headers.emplace_back(name, trimmed(line.substr(colon + 1)));
  return {};
}

std::size_t Transfer::take_body(const char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.is_writing()) {
    return CURL_WRITEFUNC_PAUSE;
  }
  const Bytes bytes(reinterpret_cast<const std::byte*>(data), size * count);
  transfer.stopped_ = transfer.take_body_bytes(bytes);
  return transfer.stopped_ ? bytes.size() : 0;
}

Result<> Transfer::take_body_bytes(Bytes bytes) {
  answer_.body_size += bytes.size();
  const std::uint64_t most =
      request_.sink ? request_.answer_bytes_max : request_.answer_bytes_inline_max;
  if (answer_.body_size > most) {
    return failed(fmt::format("the answer is longer than {} bytes", most));
  }
  if (!answer_.in_sink && answer_.body_size > request_.answer_bytes_inline_max) {
    answer_.in_sink = true;
    answer_.body += as_text(bytes);
    const std::string all = std::move(answer_.body);
    answer_.body = std::string();
    return writer_->write(as_bytes(all));
  }
  if (answer_.in_sink) {
    return writer_->write(bytes);
  }
  answer_.body += as_text(bytes);
  return {};
}

// libcurl calls it at least as often as the client's thread wakes up.
int Transfer::watch(void* self, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up) {
  auto& transfer = *static_cast<Transfer*>(self);
  const SteadyTime now = std::chrono::steady_clock::now();
  if (down + up != transfer.moved_bytes_) {
    transfer.moved_bytes_ = down + up;
    transfer.moved_at_ = now;
  }
  const HttpRequest& request = transfer.request_;
  const auto body_bytes =
      request.body ? static_cast<curl_off_t>(request.body->size()) : curl_off_t{0};
  const bool all_sent = up >= body_bytes;
  if (!all_sent) {
    transfer.sent_at_.reset();
  } else if (!transfer.sent_at_) {
    transfer.sent_at_ = now;
  } else if (now - *transfer.sent_at_ >= request.deadlines.whole) {
    transfer.stopped_ =
        failed(fmt::format("no whole answer within {:.1f} s", seconds(request.deadlines.whole)));
    return 1;
  }
  const bool other_side_thinks = all_sent && down == 0;
  if (!other_side_thinks && now - transfer.moved_at_ >= request.deadlines.stall) {
    transfer.stopped_ =
        failed(fmt::format("nothing moved for {:.1f} s", seconds(request.deadlines.stall)));
    return 1;
  }
  return 0;
}

CURLcode Transfer::go_on() {
  const CURLcode code = curl_easy_pause(handle_.get(), CURLPAUSE_CONT);
  // libcurl's word for a handle without a connection, on which nothing can be paused: the request
  // has not been sent yet, or is about to be sent again.
  return code == CURLE_BAD_FUNCTION_ARGUMENT ? CURLE_OK : code;
}

void Transfer::end(CURLcode code) {
  if (stopped_ && writer_) {
    stopped_ = writer_->result();
  }
  if (!stopped_) {
    end(stopped_.error());
    return;
  }
  if (code != CURLE_OK) {
    end(Error(Errc::delivery_failed, failure_text(code)));
    return;
  }
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  answer_.status = static_cast<int>(status);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RETRY_AFTER, &retry_after);
  if (retry_after > 0) {
    const std::chrono::seconds most = limits::retry_after_max;
    answer_.retry_after = std::chrono::seconds(std::min<curl_off_t>(retry_after, most.count()));
  }
  if (const Result<> usable = check_answer(); !usable) {
    end(usable.error());
    return;
  }
  result = std::move(answer_);
  ended.set();
}

void Transfer::end(Error error) {
  result = fail(std::move(error));
  ended.set();
}

// libcurl takes a head that breaks off, and one of several lengths where there should be one.
Result<> Transfer::check_answer() const {
  if (!head_ended_) {
    return failed("the head of the answer breaks off");
  }
  if (answer_.status < 200 || answer_.status > 599) {
    return failed(fmt::format("expected a status from 200 to 599, got {}", answer_.status));
  }
  std::size_t framings = 0;
  for (const auto& [name, value] : answer_.headers) {
    framings += equals_ignoring_case(name, "Content-Length") ? 1U : 0U;
    framings += equals_ignoring_case(name, "Transfer-Encoding") ? 1U : 0U;
  }
  if (framings > 1) {
    return failed("the answer gives its length more than once");
  }
  return {};
}

std::string Transfer::failure_text(CURLcode code) const {
  const char* text = error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(code);
  return request_.target.origin + ": " + text;
}

}  // namespace sluice::outgoing
