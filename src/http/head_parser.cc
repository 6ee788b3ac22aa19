// SPDX-License-Identifier: MIT
#include "http/head_parser.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <charconv>
#include <limits>
#include <string>

#include "base/checked.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::http {
namespace {

namespace beast = boost::beast;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// One empty line before a request line is tolerated (RFC 9112 2.2).
std::size_t begin_of_head(std::string_view text) noexcept {
  return text.starts_with("\r\n") ? 2 : 0;
}

bool is_text(char c) noexcept {
  return (static_cast<unsigned char>(c) >= 0x20U && c != '\x7F') || c == '\t';
}

// From `at` on, where what comes is no text, or `end`. Most bytes of a head need no closer look.
std::size_t end_of_text(std::string_view text, std::size_t at, std::size_t end) noexcept {
  while (at < end && is_text(text[at])) {
    ++at;
  }
  return at;
}

// Where the first head of `text` ends; 0 while its end has not arrived. A byte that makes a head
// impossible is refused where it stands, so that the verdict does not depend on how the bytes
// arrive.
Result<std::size_t> end_of_head(std::string_view text) {
  const std::size_t begin = begin_of_head(text);
  const std::size_t size = std::min(text.size(), limits::head_bytes_max);
  std::size_t line = begin;
  for (std::size_t i = begin; i < size; ++i) {
    const bool in_request_line = line == begin;
    if (i > line && text[i - 1] != '\r') {
      const std::size_t line_max = in_request_line ? begin + limits::target_bytes_max : size;
      i = end_of_text(text, i, std::min(line_max, size));
      if (i == size) {
        break;
      }
    }
    const char c = text[i];
    const bool after_cr = i > line && text[i - 1] == '\r';
    if (after_cr != (c == '\n')) {
      return fail(Errc::bad_request,
                  "expected CR LF at the end of every line of the head; got one without the other");
    }
    if (!is_text(c) && c != '\r' && c != '\n') {
      return fail(Errc::bad_request,
                  "expected text in the head; got the control character " + in_quotes({&c, 1}));
    }
    if (in_request_line && i - begin >= limits::target_bytes_max) {
      return fail(Errc::target_too_long, "expected a request line of less than " +
                                             std::to_string(limits::target_bytes_max) + " bytes");
    }
    if (!in_request_line && i == line && (c == ' ' || c == '\t')) {
      return fail(Errc::bad_request,
                  "expected every field on one line; got a folded one (RFC 9112 5.2)");
    }
    if (c == '\n' && i == line + 1) {
      if (in_request_line) {
        return fail(Errc::bad_request, "expected a request line; got empty lines");
      }
      return i + 1;
    }
    if (c == '\n') {
      line = i + 1;
    }
  }
  if (text.size() >= limits::head_bytes_max) {
    return fail(Errc::head_too_large,
                "expected a head of at most " + std::to_string(limits::head_bytes_max) + " bytes");
  }
  return 0;
}

// Takes request line and fields from Beast, whose parser is used for nothing else: its body framing
// reads some requests in another way than a proxy in front of it may.
class HeadReader final : public beast::http::basic_parser<true> {
 public:
  HeadReader() {
    header_limit(limits::head_bytes_max);
    skip(true);
  }

  Request request;
  std::string target;
  int version = 0;
  bool too_many_fields = false;

 private:
  void on_request_impl(beast::http::verb /*method*/, beast::string_view method_text,
                       beast::string_view target_text, int version_number,
                       beast::error_code& /*error*/) override {
    request.method_text.assign(method_text.data(), method_text.size());
    target.assign(target_text.data(), target_text.size());
    version = version_number;
  }
  void on_field_impl(beast::http::field /*name*/, beast::string_view name, beast::string_view value,
                     beast::error_code& error) override {
    if (request.headers.fields().size() == limits::header_count_max) {
      too_many_fields = true;
      error = beast::http::error::header_limit;
      return;
    }
    request.headers.add(std::string(name.data(), name.size()),
                        std::string(trimmed({value.data(), value.size()})));
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override {
    return 0;
  }
  void on_finish_impl(beast::error_code&) override {}
};

bool is_other_version(std::string_view version) noexcept {
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
         version[6] == '.' && is_digit(version[7]) && version != "HTTP/1.0" &&
         version != "HTTP/1.1";
}

Result<> read_head(HeadReader& reader, std::string_view head) {
  // Beside the fields there are the request line and the empty one.
  const auto lines = static_cast<std::size_t>(std::ranges::count(head, '\n'));
  reader.request.headers.reserve(std::min(saturating_subtract(lines, 2), limits::header_count_max));
  beast::error_code error;
  reader.put({head.data(), head.size()}, error);
  if (reader.too_many_fields) {
    return fail(Errc::head_too_large, "expected at most " +
                                          std::to_string(limits::header_count_max) +
                                          " header fields; got more");
  }
  const std::string_view request_line = head.substr(0, head.find("\r\n"));
  if (error == beast::http::error::bad_version &&
      is_other_version(request_line.substr(request_line.rfind(' ') + 1))) {
    return fail(Errc::version_not_supported,
                "expected HTTP/1.1 or HTTP/1.0; got " + in_quotes(request_line));
  }
  if (error || !reader.is_done()) {
    return fail(Errc::bad_request, "expected a request head of RFC 9112; got " +
                                       in_quotes(request_line) + ": " +
                                       (error ? error.message() : "incomplete"));
  }
  return {};
}

// Narrower than RFC 3986 3.2: no escapes and none of the sub-delimiters, which no name on a network
// has, so that a Host can stand in a Location as it came.
bool is_host_field(std::string_view text) noexcept {
  const auto is_hex = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  const auto is_name_char = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~").contains(c);
  };
  const bool literal = text.starts_with('[');
  const std::size_t end = literal ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) {
    return false;
  }
  const std::string_view name = literal ? text.substr(1, end - 1) : text.substr(0, end);
  const std::string_view port = text.substr(literal ? end + 1 : end);
  const bool good_name =
      !name.empty() &&
      (literal
           ? std::ranges::all_of(name, [&](char c) { return is_hex(c) || c == ':' || c == '.'; })
           : std::ranges::all_of(name, is_name_char));
  const bool good_port = port.empty() || (port.front() == ':' && port.size() <= 6 &&
                                          std::ranges::all_of(port.substr(1), is_digit));
  return good_name && good_port;
}

Result<> check_host(const Headers& headers, int version) {
  const std::size_t count = headers.count("Host");
  if (count > 1 || (count == 0 && version == 11)) {
    return fail(Errc::bad_request, "expected exactly one Host field; got " + std::to_string(count));
  }
  if (const auto host = headers.find("Host"); host && !is_host_field(*host)) {
    return fail(Errc::bad_request,
                "expected Host \"name\" or \"name:port\"; got " + in_quotes(*host));
  }
  return {};
}

// Splits the target into path and query. The absolute form is reduced to them and its authority
// replaces Host (RFC 9112 3.2.2).
Result<> read_target(Request& request, std::string_view target) {
  const auto refuse = [&] {
    return fail(Errc::bad_request,
                "expected a request target like \"/path?query\" in printable ASCII; got " +
                    in_quotes(target));
  };
  if (!std::ranges::all_of(target, [](char c) { return c > ' ' && c < '\x7F' && c != '#'; })) {
    return refuse();
  }
  std::string_view rest = target;
  if (!target.starts_with('/') && target != "*") {
    const std::size_t scheme_size = target.find("://");
    const std::string_view scheme = target.substr(0, scheme_size);
    if (scheme_size == std::string_view::npos ||
        !(equals_ignoring_case(scheme, "http") || equals_ignoring_case(scheme, "https"))) {
      return refuse();
    }
    rest.remove_prefix(scheme_size + 3);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (!is_host_field(authority)) {
      return refuse();
    }
    request.headers.set("Host", std::string(authority));
    rest.remove_prefix(authority.size());
  }
  const std::size_t mark = std::min(rest.find('?'), rest.size());
  request.path = rest.substr(0, mark);
  request.query = rest.substr(std::min(mark + 1, rest.size()));
  if (request.path.empty()) {
    request.path = request.method == Method::options && rest.empty() ? "*" : "/";
  }
  return request.path != "*" || request.method == Method::options ? Result<>() : refuse();
}

// Everything that RFC 9112 6.3 lets a recipient guess is refused instead.
Result<> read_framing(Request& request, int version) {
  const auto coding = request.headers.find("Transfer-Encoding");
  const auto length = request.headers.find("Content-Length");
  if (coding) {
    if (length || request.headers.count("Transfer-Encoding") > 1 || coding->empty() ||
        version != 11) {
      return fail(Errc::bad_request,
                  "expected one Transfer-Encoding, on HTTP/1.1 only and never beside "
                  "Content-Length; got Transfer-Encoding " +
                      in_quotes(*coding));
    }
    if (!equals_ignoring_case(*coding, "chunked")) {
      return fail(Errc::not_implemented,
                  "expected Transfer-Encoding \"chunked\"; got " + in_quotes(*coding));
    }
    request.framing = Framing::chunked;
    return {};
  }
  if (!length) {
    return {};
  }
  const char* const end = length->data() + length->size();
  const auto [stop, error] =
      std::from_chars(length->data(), length->data() + length->size(), request.content_length);
  if (request.headers.count("Content-Length") > 1 || error != std::errc() || stop != end ||
      request.content_length > std::numeric_limits<std::int64_t>::max()) {
    return fail(
        Errc::bad_request,
        "expected one Content-Length of decimal digits below 2^63; got " + in_quotes(*length));
  }
  request.framing = Framing::length;
  return {};
}

// Calls `visit` with every element of the comma separated list that all fields of that name make
// (RFC 9110 5.6.1).
template <class Visit>
void for_each_element(const Headers& headers, std::string_view name, const Visit& visit) {
  for (const Header& field : headers.fields()) {
    if (!equals_ignoring_case(field.name, name)) {
      continue;
    }
    std::string_view list = field.value;
    while (!list.empty()) {
      const std::string_view item = list.substr(0, list.find(','));
      list.remove_prefix(std::min(item.size() + 1, list.size()));
      if (!trimmed(item).empty()) {
        visit(trimmed(item));
      }
    }
  }
}

Result<> read_expectation(Request& request, int version) {
  bool expects = false;
  std::optional<std::string> unknown;
  for_each_element(request.headers, "Expect", [&](std::string_view item) {
    if (equals_ignoring_case(item, "100-continue")) {
      expects = true;
    } else {
      unknown = item;
    }
  });
  if (unknown) {
    return fail(Errc::expectation_failed,
                "expected Expect \"100-continue\" or none; got " + in_quotes(*unknown));
  }
  const bool body_to_come = request.framing == Framing::chunked || request.content_length > 0;
  request.understands_interims = version == 11;
  request.expects_continue = expects && request.understands_interims && body_to_come;
  return {};
}

void read_persistence(Request& request, int version) {
  bool close = false;
  bool keep_alive = version == 11;
  for_each_element(request.headers, "Connection", [&](std::string_view option) {
    close = close || equals_ignoring_case(option, "close");
    keep_alive = keep_alive || equals_ignoring_case(option, "keep-alive");
  });
  request.keep_alive = keep_alive && !close;
}

Result<Request> read_request(std::string_view head) {
  HeadReader reader;
  if (auto read = read_head(reader, head); !read) {
    return fail(std::move(read).error());
  }
  Request& request = reader.request;
  request.method = method_named(request.method_text);
  if (auto host = check_host(request.headers, reader.version); !host) {
    return fail(std::move(host).error());
  }
  if (auto target = read_target(request, reader.target); !target) {
    return fail(std::move(target).error());
  }
  if (auto framing = read_framing(request, reader.version); !framing) {
    return fail(std::move(framing).error());
  }
  if (auto expectation = read_expectation(request, reader.version); !expectation) {
    return fail(std::move(expectation).error());
  }
  read_persistence(request, reader.version);
  return std::move(request);
}

}  // namespace

Method method_named(std::string_view text) noexcept {
  constexpr std::array<std::pair<std::string_view, Method>, 7> methods{
      {{"GET", Method::get},
       {"HEAD", Method::head},
       {"POST", Method::post},
       {"PUT", Method::put},
       {"PATCH", Method::patch},
       {"DELETE", Method::delete_},
       {"OPTIONS", Method::options}}};
  const auto* const found =
      std::ranges::find(methods, text, &std::pair<std::string_view, Method>::first);
  return found == methods.end() ? Method::other : found->second;
}

Result<std::optional<ParsedHead>> parse_head(Bytes input) {
  const std::string_view text = as_text(input);
  const Result<std::size_t> end = end_of_head(text);
  if (!end) {
    return fail(end.error());
  }
  if (*end == 0) {
    return std::nullopt;
  }
  const std::size_t begin = begin_of_head(text);
  Result<Request> request = read_request(text.substr(begin, *end - begin));
  if (!request) {
    return fail(std::move(request).error());
  }
  return ParsedHead{.request = *std::move(request), .size = *end};
}

}  // namespace sluice::http
