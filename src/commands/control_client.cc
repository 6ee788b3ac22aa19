// SPDX-License-Identifier: MIT
#include "commands/control_client.h"

#include <curl/curl.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <memory>

#include "base/limits.h"

namespace sluice::commands {
namespace {

// Called by libcurl for each part of the body; a result below its size ends the transfer.
std::size_t take(const char* bytes, std::size_t size, std::size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + size * count > limits::control_answer_bytes_max) {
    return 0;
  }
  text.append(bytes, size * count);
  return size * count;
}

// Null where there is none.
boost::json::value member_of(const std::string& body, const char* name) {
  boost::system::error_code error;
  const boost::json::value document = boost::json::parse(body, error);
  const boost::json::object* const object = error ? nullptr : document.if_object();
  const boost::json::value* const value = object == nullptr ? nullptr : object->if_contains(name);
  return value == nullptr ? boost::json::value() : *value;
}

struct CurlCloser {
  void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
};

}  // namespace

std::string ControlAnswer::member(const char* name) const {
  const boost::json::value value = member_of(body, name);
  return value.is_string() ? std::string(value.get_string()) : std::string();
}

std::uint64_t ControlAnswer::count(const char* name) const {
  const boost::json::value value = member_of(body, name);
  boost::system::error_code error;
  const auto number = value.to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

Result<ControlAnswer> send_command(const std::string& data_directory, const std::string& path) {
  const std::unique_ptr<CURL, CurlCloser> curl(curl_easy_init());
  if (!curl) {
    return fail(Errc::internal, "libcurl cannot be set up");
  }
  const std::string socket = data_directory + "/control.sock";
  const std::string url = "http://sluice" + path;
  constexpr std::chrono::milliseconds time_max = limits::control_time_max;
  ControlAnswer answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, "");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(time_max.count()));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &take);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
  CURLcode code = curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
  if (code == CURLE_OK) {
    code = curl_easy_perform(curl.get());
  }
  if (code != CURLE_OK) {
    return fail(Errc::closed_by_peer,
                "no server answers at " + socket + ": " + curl_easy_strerror(code));
  }
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

}  // namespace sluice::commands
