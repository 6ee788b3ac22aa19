// SPDX-License-Identifier: MIT
// One request on its way through libcurl. For HttpClient alone.
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "outgoing/file_calls.h"
#include "outgoing/http_request.h"
#include "runtime/blocking_pool.h"
#include "runtime/event.h"

namespace sluice::outgoing {

// Made on the caller's thread; from begin() on used by the client's thread alone, until `ended` is
// set, which is when `result` may be read.
class Transfer {
 public:
  // Files are read and written on `pool`.
  Transfer(HttpRequest request, runtime::BlockingPool& pool);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // The handle, ready to be performed; an error when the request cannot be sent as it is. `notice`
  // says that the transfer can go on after a file.
  Result<CURL*> begin(const Notice& notice);
  CURL* handle() const noexcept { return handle_.get(); }
  // Goes on after a notice, which may come when nothing waits for it; an error ends the transfer.
  CURLcode go_on();
  // The answer is not in its file yet: the transfer must not end before a notice.
  bool is_writing() const { return writer_ && writer_->is_busy(); }
  void end(CURLcode code);
  void end(Error error);

  Result<HttpAnswer> result = fail(Errc::internal, "the request has not ended");
  runtime::Event ended;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self);
  static int seek(void* self, curl_off_t offset, int origin);
  static std::size_t take_header(const char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(const char* data, std::size_t size, std::size_t count, void* self);
  static int watch(void* self, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                   curl_off_t up);

  void set_connection();
  void set_callbacks();
  void set_method();
  Result<> set_headers();
  Duration longest_time() const;
  Result<> take_header_line(std::string_view line);
  Result<> take_body_bytes(Bytes bytes);
  Result<> check_answer() const;
  std::string failure_text(CURLcode code) const;

  struct HandleDeleter {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  const HttpRequest request_;
  const std::string url_;
  runtime::BlockingPool& pool_;
  std::unique_ptr<CURL, HandleDeleter> handle_;
  std::unique_ptr<curl_slist, ListDeleter> headers_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  std::optional<BodyReader> reader_;  // Of a body.
  std::optional<SinkWriter> writer_;  // Of an answer that goes into the sink.

  HttpAnswer answer_;
  std::size_t head_bytes_ = 0;
  bool head_ended_ = false;
  std::uint64_t sent_ = 0;
  Result<> stopped_;  // Why a callback ended the transfer.

  SteadyTime moved_at_;
  std::optional<SteadyTime> sent_at_;  // When all of the body had left.
  curl_off_t moved_bytes_ = 0;
};

}  // namespace sluice::outgoing
