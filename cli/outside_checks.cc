// SPDX-License-Identifier: MIT
#include "cli/outside_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "base/limits.h"
#include "cli/body_cap.h"
#include "cli/outside_request.h"
#include "cli/upload_client.h"
#include "cli/url.h"

namespace sluice::cli {
namespace {

constexpr std::uint64_t upload_bytes = 2 * limits::MiB;
constexpr std::uint64_t piece_bytes = 512 * limits::KiB;
constexpr std::uint64_t first_bytes = 256 * limits::KiB;  // Of the piece, then silence.
constexpr std::chrono::seconds arrival_time{5};
constexpr std::chrono::milliseconds arrival_pause{200};
constexpr std::chrono::seconds send_time{10};
constexpr std::chrono::seconds long_pause{1};
constexpr std::chrono::hours certificate_time{24 * 14};
constexpr const char* octets = "Content-Type: application/octet-stream";
constexpr const char* tus_version = "Tus-Resumable: 1.0.0";

class OutsideChecks {
 public:
  OutsideChecks(const DoctorOptions& options, Findings& findings)
      : requester_(options), findings_(findings) {}
  OutsideChecks(const OutsideChecks&) = delete;
  OutsideChecks& operator=(const OutsideChecks&) = delete;
  ~OutsideChecks() {
    for (const auto& [target, fields] : opened_) {
      (void)requester_.exchange("DELETE", target, fields);
    }
  }

  void run() {
    if (!check_address()) {
      return;
    }
    const std::optional<std::string> target = check_session();
    if (target) {
      check_buffering(*target);
      check_pieces(*target);
      check_cap();
      check_preflight(*target);
      check_long(*target);
    }
    check_tus();
    check_interim();
    if (target) {
      check_removal(*target);
    }
  }

 private:
  bool check_address();
  void check_certificate(const Wire& wire);
  std::optional<std::string> check_session();
  void check_location(const std::string& location);
  void check_buffering(const std::string& target);
  void check_pieces(const std::string& target);
  void check_cap();
  void check_tus();
  void check_interim();
  void check_preflight(const std::string& target);
  void check_long(const std::string& target);
  void check_removal(const std::string& target);

  Conversation open(std::uint64_t size);
  // Remembers it to be removed; the target of requests to it, under the URL that is looked at.
  // `fields`: what its dialect asks of each request.
  std::string remember(const std::string& location, Fields fields = {});
  std::optional<std::uint64_t> stored(const std::string& target);
  Fields with_credentials(Fields fields) const;

  void add(Mark mark, std::string_view check, const std::string& text) {
    findings_.add(mark, check, text);
  }

  const Requester requester_;
  Findings& findings_;
  std::vector<std::pair<std::string, Fields>> opened_;
};

bool OutsideChecks::check_address() {
  const auto wire = requester_.connect();
  if (!wire) {
    add(Mark::problem, "address",
        "nothing answers there: " + wire.error() + "; look at the name, the port and the firewall");
    return false;
  }
  check_certificate(**wire);
  const Conversation health = requester_.exchange("GET", requester_.target_of("/healthz"), {});
  if (!health.answer || health.answer->status != 200) {
    add(Mark::problem, "address",
        "/healthz is not answered by Sluice but with " + described(health) +
            "; lead the proxy to the address of server.listen");
    return false;
  }
  add(Mark::ok, "address", "Sluice answers");
  return true;
}

void OutsideChecks::check_certificate(const Wire& wire) {
  const auto end = wire.certificate_end();
  if (!end) {
    add(is_loopback(requester_.options().url) ? Mark::skipped : Mark::warning, "certificate",
        "no TLS: upload URLs and credentials travel in clear text");
    return;
  }
  const auto left = *end - std::chrono::system_clock::now();
  const auto days = std::chrono::duration_cast<std::chrono::days>(left).count();
  add(left < certificate_time ? Mark::warning : Mark::ok, "certificate",
      left < certificate_time ? fmt::format("ends in {} days: renew it", days)
                              : fmt::format("is good for {} days", days));
}

Fields OutsideChecks::with_credentials(Fields fields) const {
  const std::vector<std::string>& more = requester_.options().headers;
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

Conversation OutsideChecks::open(std::uint64_t size) {
  return requester_.exchange("POST", requester_.target_of("/videos/upload.json"),
                             with_credentials({"Content-Type: application/x-www-form-urlencoded"}),
                             fmt::format("file_name=sluice-doctor.bin&file_size={}", size));
}

std::string location_in(const Conversation& opened) {
  if (!opened.answer || opened.answer->status != 201) {
    return {};
  }
  std::error_code error;
  const boost::json::value document = boost::json::parse(opened.answer->body, error);
  const boost::json::object* object = error ? nullptr : document.if_object();
  const boost::json::value* location = object ? object->if_contains("location") : nullptr;
  return location != nullptr && location->is_string() ? std::string(location->get_string())
                                                      : std::string();
}

std::string OutsideChecks::remember(const std::string& location, Fields fields) {
  // Where it leads elsewhere, the path behind "/uploads/" is the same.
  const std::size_t begin = location.rfind("/uploads/");
  opened_.emplace_back(begin == std::string::npos ? request_target(location)
                                                  : requester_.target_of(location.substr(begin)),
                       std::move(fields));
  return opened_.back().first;
}

std::optional<std::string> OutsideChecks::check_session() {
  const Conversation opened = open(upload_bytes);
  const std::string location = location_in(opened);
  if (!location.empty()) {
    add(Mark::ok, "session", "an upload can be opened");
    check_location(location);
    return remember(location);
  }
  const int status = opened.answer ? opened.answer->status : 0;
  // Without any credential the Panda API says 400.
  const bool has_credential = !requester_.options().headers.empty();
  const char* advice = status == 401 || (status == 400 && !has_credential)
                           ? "; name a credential with --api-key-file"
                       : status == 421 ? "; name this host in server.hosts or server.public_url"
                       : status == 404 ? "; the Panda API is not among dialects.enabled, or the "
                                         "proxy does not pass /videos/ on"
                                       : "";
  add(Mark::problem, "session", "no upload can be opened: " + described(opened) + advice);
  return std::nullopt;
}

void OutsideChecks::check_location(const std::string& location) {
  const std::string& url = requester_.options().url;
  const std::string wanted = shown_origin(url) + requester_.target_of("/uploads/");
  const std::string got = shown_origin(location);
  if (location.starts_with(wanted)) {
    add(Mark::ok, "location", "locations lead to " + got);
    return;
  }
  add(Mark::problem, "location",
      fmt::format(
          "locations lead to {}, not to where clients came from: set server.public_url to "
          "{}, or let the proxy set X-Forwarded-Proto and X-Forwarded-Host and name it in "
          "server.trusted_proxies",
          location.starts_with(got) && got == shown_origin(url) ? "another path of " + got : got,
          url));
}

std::optional<std::uint64_t> OutsideChecks::stored(const std::string& target) {
  const Conversation status = requester_.exchange(
      "PUT", target, {fmt::format("Content-Range: bytes */{}", upload_bytes), octets});
  if (!status.answer || status.answer->status != 204) {
    return std::nullopt;
  }
  const std::optional<std::string> range = status.answer->field("Range");
  return range ? parse_stored_range(*range) : std::optional<std::uint64_t>(0);
}

void OutsideChecks::check_buffering(const std::string& target) {
  const auto wire = requester_.connect();
  const Fields fields{octets, fmt::format("Content-Length: {}", piece_bytes),
                      "Content-Range: " + content_range({0, piece_bytes}, upload_bytes)};
  const auto begin = std::chrono::steady_clock::now();
  if (!wire ||
      !(*wire)->send(requester_.head("PUT", target, fields) + std::string(first_bytes, 's'),
                     begin + send_time)) {
    add(Mark::problem, "buffering", "a piece could not be sent: the connection was lost");
    return;
  }
  std::optional<std::uint64_t> arrived;
  do {
    arrived = stored(target);
    if (arrived == first_bytes) {
      add(Mark::ok, "buffering", "bytes arrive while their request is still being sent");
      return;
    }
    std::this_thread::sleep_for(arrival_pause);
  } while (std::chrono::steady_clock::now() < begin + arrival_time);
  if (!arrived) {
    add(Mark::problem, "buffering", "the server does not tell how much of an upload it has");
  } else if (*arrived == 0) {
    add(Mark::problem, "buffering",
        fmt::format("a proxy keeps the body until the request is complete: after {} s none of {} "
                    "KiB had arrived. What it holds is lost when the connection breaks. Switch "
                    "that off (nginx: proxy_request_buffering off; docs/proxies.md), or send small "
                    "pieces",
                    arrival_time.count(), first_bytes / limits::KiB));
  } else {
    add(Mark::warning, "buffering",
        fmt::format("a proxy keeps a part of the body: after {} s {} of {} bytes had arrived",
                    arrival_time.count(), *arrived, first_bytes));
  }
}

void OutsideChecks::check_pieces(const std::string& target) {
  const std::uint64_t begin = stored(target).value_or(0);
  const ByteRange rest{begin, begin + piece_bytes};
  const Conversation sent = requester_.exchange(
      "PUT", target, {octets, "Content-Range: " + content_range(rest, upload_bytes)},
      std::string(piece_bytes, 's'));
  const std::optional<std::string> range = sent.answer ? sent.answer->field("Range") : std::nullopt;
  if (sent.answer && sent.answer->status == 204 && range &&
      parse_stored_range(*range) == rest.end) {
    add(Mark::ok, "pieces", "PUT with Content-Range goes on where an upload broke off");
    return;
  }
  add(Mark::problem, "pieces",
      "PUT with Content-Range does not come through: " + described(sent) +
          "; let the proxy pass the method and the field on");
}

void OutsideChecks::check_cap() {
  // Sluice refuses what has no room; then a smaller one is as good.
  constexpr std::uint64_t largest = 5UL * 1024 * limits::MiB;
  for (std::uint64_t size = largest; size >= 64 * limits::MiB; size /= 2) {
    const std::string location = location_in(open(size + 1));
    if (!location.empty()) {
      add_body_cap(find_body_cap(requester_, remember(location), size), size, findings_);
      return;
    }
  }
  add(Mark::skipped, "body size", "no large upload can be opened");
}

void OutsideChecks::check_tus() {
  const Conversation opened = requester_.exchange(
      "POST", requester_.target_of(requester_.options().files_path),
      with_credentials({tus_version, fmt::format("Upload-Length: {}", upload_bytes)}));
  const std::optional<std::string> location =
      opened.answer ? opened.answer->field("Location") : std::nullopt;
  if (!location || opened.answer->status != 201) {
    add(Mark::skipped, "patch", "no upload of tus can be opened: " + described(opened));
    return;
  }
  const std::string target = remember(*location, {tus_version});
  const Conversation sent = requester_.exchange(
      "PATCH", target,
      {tus_version, "Content-Type: application/offset+octet-stream", "Upload-Offset: 0"},
      std::string(limits::KiB, 's'));
  if (sent.answer && sent.answer->status == 204 && sent.answer->field("Upload-Offset")) {
    add(Mark::ok, "patch", "PATCH comes through, as tus and the IETF draft need it");
    return;
  }
  add(Mark::problem, "patch",
      "PATCH does not come through: " + described(sent) +
          "; allow the method in the proxy and its firewall rules. tus-js-client can do without: "
          "overridePatchMethod");
}

void OutsideChecks::check_interim() {
  // Version 6 is that of URLSession.
  const Conversation sent = requester_.exchange(
      "POST", requester_.target_of(requester_.options().files_path),
      with_credentials({"Upload-Draft-Interop-Version: 6", "Upload-Complete: ?0", octets,
                        fmt::format("Upload-Length: {}", upload_bytes)}),
      std::string(limits::KiB, 's'));
  const auto location_of = [](const WireAnswer& answer) { return answer.field("Location"); };
  if (sent.answer && location_of(*sent.answer)) {
    remember(*location_of(*sent.answer));
  }
  const auto interim = std::ranges::find(sent.interims, 104, &WireAnswer::status);
  if (!sent.answer) {
    add(Mark::problem, "104",
        "a request of the IETF draft is never answered: " + sent.trouble +
            ". nginx takes 104 for the final answer; let it take Upload-Draft-Interop-Version "
            "away (packaging/proxies/nginx.conf)");
  } else if (sent.answer->status != 201) {
    add(Mark::skipped, "104", "no upload of the IETF draft can be opened: " + described(sent));
  } else if (interim == sent.interims.end()) {
    add(Mark::warning, "104",
        "the answer 104 does not come through: URLSession uploads, but does not resume; tus and "
        "pieces are not concerned");
  } else {
    add(Mark::ok, "104", "comes through, so that URLSession resumes");
  }
}

void OutsideChecks::check_preflight(const std::string& target) {
  const std::string& origin = requester_.options().origin;
  const Conversation asked = requester_.exchange(
      "OPTIONS", target,
      {"Origin: " + origin, "Access-Control-Request-Method: PATCH",
       "Access-Control-Request-Headers: content-range, upload-offset, tus-resumable"});
  const Conversation read = requester_.exchange(
      "PUT", target,
      {"Origin: " + origin, octets, fmt::format("Content-Range: bytes */{}", upload_bytes)});
  constexpr const char* allowed = "Access-Control-Allow-Origin";
  if (!asked.answer || !read.answer || asked.answer->status >= 300) {
    add(Mark::problem, "pages",
        "a preflight does not come through: " + described(asked) +
            "; let the proxy pass OPTIONS on without asking for credentials");
  } else if (asked.answer->count(allowed) > 1 || read.answer->count(allowed) > 1) {
    add(Mark::problem, "pages",
        "Access-Control-Allow-Origin comes twice, which browsers refuse: let the proxy add none");
  } else if (!asked.answer->field(allowed) || !read.answer->field(allowed)) {
    add(Mark::warning, "pages",
        "pages of " + origin +
            " may not upload: list it in cors.origins, or look at another "
            "origin with --origin");
  } else if (asked.answer->field("Access-Control-Allow-Methods").value_or("").find("PATCH") ==
             std::string::npos) {
    add(Mark::problem, "pages",
        "the answer to a preflight does not allow PATCH: let the proxy "
        "leave the answers to OPTIONS to Sluice");
  } else if (!read.answer->field("Access-Control-Expose-Headers")) {
    add(Mark::problem, "pages",
        "a page cannot read Location and Range: the proxy takes "
        "Access-Control-Expose-Headers away");
  } else {
    add(Mark::ok, "pages", "pages of " + origin + " may upload");
  }
}

void OutsideChecks::check_long(const std::string& target) {
  const unsigned seconds = requester_.options().long_seconds;
  if (seconds == 0) {
    add(Mark::skipped, "long", "a request that lasts: --long 90 sends one of 90 seconds");
    return;
  }
  const std::uint64_t begin = stored(target).value_or(0);
  const auto started = std::chrono::steady_clock::now();
  const auto deadline = started + std::chrono::seconds(seconds) + send_time;
  const auto wire = requester_.connect();
  const Fields fields{octets, fmt::format("Content-Length: {}", seconds),
                      "Content-Range: " + content_range({begin, begin + seconds}, upload_bytes)};
  bool open = wire && (*wire)->send(requester_.head("PUT", target, fields), deadline).has_value();
  for (unsigned sent = 0; open && sent < seconds; ++sent) {
    std::this_thread::sleep_for(long_pause);
    open = (*wire)->send("s", deadline).has_value();
  }
  Conversation done;
  if (wire) {
    auto answer = (*wire)->read(true, deadline);
    done.trouble = answer ? "" : answer.error();
    done.answer = answer ? std::optional(*std::move(answer)) : std::nullopt;
  }
  const auto lasted =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started);
  if (done.answer && done.answer->status == 204) {
    add(Mark::ok, "long", fmt::format("a slow request of {} s comes through", seconds));
    return;
  }
  add(Mark::problem, "long",
      fmt::format("a slow request was cut off after {} s: {}; let the proxy wait longer between "
                  "bytes and for a whole request, or send small pieces",
                  lasted.count(), described(done)));
}

void OutsideChecks::check_removal(const std::string& target) {
  const Conversation removed = requester_.exchange("DELETE", target, {});
  std::erase_if(opened_, [&target](const auto& opened) { return opened.first == target; });
  if (removed.answer && removed.answer->status == 200) {
    add(Mark::ok, "delete", "an upload can be given up");
    return;
  }
  add(Mark::warning, "delete",
      "DELETE does not come through: " + described(removed) +
          "; uploads that people give up stay until they expire");
}

}  // namespace

void check_from_outside(const DoctorOptions& options, Findings& findings) {
  OutsideChecks(options, findings).run();
}

}  // namespace sluice::cli
