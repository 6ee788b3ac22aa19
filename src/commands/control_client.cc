// SPDX-License-Identifier: MIT
#include "commands/control_client.h"

#include <curl/curl.h>

#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

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

struct CurlCloser {
  void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
};

}  // namespace

boost::json::object ControlAnswer::members() const {
  boost::system::error_code error;
  boost::json::value document = boost::json::parse(body, error);
  return error || !document.is_object() ? boost::json::object() : std::move(document.get_object());
}

std::string ControlAnswer::member(const char* name) const {
  const boost::json::object document = members();
  const boost::json::value* value = document.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::uint64_t ControlAnswer::count(const char* name) const {
  const boost::json::object document = members();
  const boost::json::value* value = document.if_contains(name);
  boost::system::error_code error;
  const auto number = value == nullptr ? 0 : value->to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

boost::json::array ControlAnswer::list(const char* name) const {
  boost::json::object document = members();
  boost::json::value* value = document.if_contains(name);
  return value != nullptr && value->is_array() ? std::move(value->get_array())
                                               : boost::json::array();
}

namespace {

Result<ControlAnswer> perform(const std::string& data_directory, const std::string& path,
                              bool is_command, std::chrono::milliseconds time_max) {
  const std::unique_ptr<CURL, CurlCloser> curl(curl_easy_init());
  if (!curl) {
    return fail(Errc::internal, "libcurl cannot be set up");
  }
  const std::string socket = data_directory + "/control.sock";
  const std::string url = "http://sluice" + path;
  ControlAnswer answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  if (is_command) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, "");
  }
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
                "no server answers at " + socket + ": " + curl_easy_strerror(code) +
                    "; --data or SLUICE_DATA names the server's data directory, /var/lib/sluice "
                    "for the packages' service");
  }
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

}  // namespace

void add_server_option(CLI::App& command, std::string& directory) {
  command.add_option("--data", directory, "The server's data directory")
      ->type_name("DIR")
      ->envname("SLUICE_DATA")
      ->capture_default_str();
}

Result<ControlAnswer> send_command(const std::string& data_directory, const std::string& path,
                                   std::chrono::milliseconds time_max) {
  return perform(data_directory, path, true, time_max);
}

Result<ControlAnswer> ask(const std::string& data_directory, const std::string& path) {
  return perform(data_directory, path, false, limits::control_time_max);
}

std::optional<int> for_each_page(const std::string& data_directory, const std::string& filter,
                                 const std::function<void(const boost::json::array&)>& take) {
  std::uint64_t after = 0;
  do {
    const std::string behind = after == 0 ? "" : "&after=" + std::to_string(after);
    const Result<ControlAnswer> answer =
        ask(data_directory,
            "/uploads?count=" + std::to_string(limits::operator_page_count_max) + behind + filter);
    if (const std::optional<int> failure = failure_of(answer)) {
      return failure;
    }
    take(answer->list("uploads"));
    after = answer->count("next");
  } while (after != 0);
  return std::nullopt;
}

std::optional<int> failure_of(const Result<ControlAnswer>& answer) {
  if (!answer) {
    std::fprintf(stderr, "sluice: %s\n", answer.error().message().c_str());
    return exit_no_server;
  }
  if (answer->status != 200) {
    std::fprintf(stderr, "sluice: %s\n", answer->member("message").c_str());
    return exit_refused;
  }
  return std::nullopt;
}

}  // namespace sluice::commands
