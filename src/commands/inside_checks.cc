// SPDX-License-Identifier: MIT
#include "commands/inside_checks.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "cli/findings.h"
#include "cli/progress.h"
#include "commands/preflight.h"
#include "object_storage.h"
#include "open_journal.h"
#include "outgoing/target.h"

namespace sluice::commands {
namespace {

using cli::Findings;
using cli::Mark;

constexpr int certificate_days = 14;
constexpr long connect_ms = 5'000;
// Beside connections: the journal, files of uploads, requests of Sluice's own.
constexpr std::uint64_t descriptors_beside = 1'000;
constexpr std::time_t year_2024 = 1'704'067'200;

void check_data(const config::Config& config, Findings& findings) {
  const std::string& path = config.data.directory;
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    findings.add(Mark::ok, "data", path + " is not there yet; the server makes it");
  } else if (status.st_uid != ::geteuid()) {
    findings.add(Mark::warning, "data",
                 fmt::format("{} belongs to the user {}, this is {}: run this as the user of the "
                             "server, or give it the directory",
                             path, status.st_uid, ::geteuid()));
  } else if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    findings.add(Mark::warning, "data",
                 fmt::format("{} has mode {:04o}: others of this machine may look into it; chmod "
                             "700",
                             path, status.st_mode & 07777U));
  } else {
    findings.add(Mark::ok, "data", path + " is the server's alone");
  }
}

void check_room(const config::Config& config, Findings& findings) {
  struct statvfs status{};
  const std::string& path = config.data.directory;
  // Before the first start there is none: then the file system is that of its parent.
  if (::statvfs(path.c_str(), &status) != 0 && ::statvfs((path + "/..").c_str(), &status) != 0 &&
      ::statvfs(".", &status) != 0) {
    findings.add(Mark::problem, "disk", "the free room of " + path + " cannot be read");
    return;
  }
  const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
  constexpr std::uint64_t inodes_min = 100'000;
  const std::string shown = cli::format_bytes(free) + " are free";
  if (free < config.data.low_water) {
    findings.add(Mark::problem, "disk",
                 fmt::format("{}, less than data.low_water ({}): no upload is taken; make room",
                             shown, cli::format_bytes(config.data.low_water)));
  } else if (free / 4 < config.data.low_water) {
    findings.add(Mark::warning, "disk",
                 fmt::format("{}, of which data.low_water ({}) stay free: make room soon", shown,
                             cli::format_bytes(config.data.low_water)));
  } else if (status.f_files > 0 && status.f_favail < inodes_min) {
    findings.add(
        Mark::warning, "disk",
        fmt::format("{} inodes are free: many small files find no place", status.f_favail));
  } else {
    findings.add(Mark::ok, "disk", shown);
  }
}

void check_descriptors(const config::Config& config, Findings& findings) {
  rlimit limit{};
  const std::uint64_t wanted = config.limits.connections + descriptors_beside;
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < wanted) {
    findings.add(Mark::warning, "descriptors",
                 fmt::format("a process started here may have {} open, limits.connections = {} "
                             "needs {}: raise LimitNOFILE of the unit (ulimit -Hn), or lower the "
                             "setting",
                             limit.rlim_max, config.limits.connections, wanted));
  } else {
    findings.add(Mark::ok, "descriptors",
                 fmt::format("enough for {} connections", config.limits.connections));
  }
}

void check_clock(Findings& findings) {
  timex state{};
  const int told = ::adjtimex(&state);
  if (std::time(nullptr) < year_2024) {
    findings.add(Mark::problem, "clock",
                 "the clock is years behind: signatures are refused and uploads expire at the "
                 "wrong time; set it");
  } else if (told == TIME_ERROR || (static_cast<unsigned>(state.status) & STA_UNSYNC) != 0U) {
    findings.add(Mark::warning, "clock",
                 "the kernel says that the clock is not synchronised: signatures of clients are "
                 "good for auth.window around it; run systemd-timesyncd or chrony");
  } else {
    findings.add(Mark::ok, "clock", "is synchronised");
  }
}

std::string trouble_of_connection(const outgoing::Target& target, const std::string& ca_file) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, void (*)(CURL*)> handle(
      global == CURLE_OK ? curl_easy_init() : nullptr, curl_easy_cleanup);
  if (!handle) {
    return "libcurl does not work";
  }
  std::array<char, CURL_ERROR_SIZE> text{};
  curl_easy_setopt(handle.get(), CURLOPT_URL, target.origin.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(handle.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, text.data());
  if (!target.unix_socket.empty()) {
    curl_easy_setopt(handle.get(), CURLOPT_UNIX_SOCKET_PATH, target.unix_socket.c_str());
  }
  if (!ca_file.empty()) {
    curl_easy_setopt(handle.get(), CURLOPT_CAINFO, ca_file.c_str());
  }
  const CURLcode code = curl_easy_perform(handle.get());
  if (code == CURLE_OK) {
    return {};
  }
  return text[0] != '\0' ? text.data() : curl_easy_strerror(code);
}

void check_application(const char* check, const std::string& url, const std::string& ca_file,
                       const char* consequence, Findings& findings) {
  // Names in braces stand behind the host.
  const Result<outgoing::Target> target = outgoing::parse_target(url.substr(0, url.find('{')));
  if (!target) {
    findings.add(Mark::problem, check, target.error().message());
    return;
  }
  const std::string shown =
      target->unix_socket.empty() ? target->origin : "unix:" + target->unix_socket;
  const std::string trouble = trouble_of_connection(*target, ca_file);
  if (trouble.empty()) {
    findings.add(Mark::ok, check, shown + " takes connections");
  } else {
    findings.add(Mark::problem, check,
                 fmt::format("{} cannot be reached: {}. {}", shown, trouble, consequence));
  }
}

void check_applications(const config::Config& config, Findings& findings) {
  if (!config.backend.url.empty()) {
    check_application("backend", config.backend.url, config.backend.ca_file,
                      "Finished files wait, and their clients too", findings);
  }
  if (!config.hooks.authorize.empty()) {
    check_application("hooks", config.hooks.authorize, config.hooks.ca_file,
                      "No upload can be opened", findings);
  }
  std::set<std::string> told{config.hooks.authorize};
  for (const std::string* url :
       {&config.hooks.created, &config.hooks.finished, &config.hooks.aborted, &config.hooks.expired,
        &config.hooks.video_created}) {
    if (!url->empty() && told.insert(*url).second) {
      check_application("hooks", *url, config.hooks.ca_file, "What it is to be told waits for it",
                        findings);
    }
  }
}

void check_journal(const config::Config& config, Findings& findings) {
  if (!config.shares_journal()) {
    return;
  }
  const Result<> tried = try_journal(config);
  findings.add(tried ? Mark::ok : Mark::problem, "journal",
               tried ? "PostgreSQL takes changes and keeps them" : tried.error().message());
}

void check_store(const config::Config& config, Findings& findings) {
  if (!config.stores_objects()) {
    return;
  }
  const auto bucket = OfflineBucket::open(config);
  if (!bucket) {
    findings.add(Mark::problem, "store", bucket.error().message());
    return;
  }
  const s3::ProbeReport report = (*bucket)->probe();
  for (const std::string& refusal : report.refusals) {
    findings.add(Mark::problem, "store", refusal);
  }
  for (const std::string& warning : report.warnings) {
    findings.add(Mark::warning, "store", warning);
  }
  if (report.refusals.empty() && report.warnings.empty()) {
    findings.add(Mark::ok, "store", config.store.url + " keeps what the server relies on");
  }
}

void check_certificate(const config::Config& config, Findings& findings) {
  if (config.tls.certificate.empty()) {
    return;
  }
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(config.tls.certificate.c_str(), "re"),
                                                   std::fclose);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(
      file ? PEM_read_X509(file.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
  int days = 0;
  int seconds = 0;
  if (!certificate ||
      ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate.get())) != 1) {
    findings.add(Mark::problem, "certificate", config.tls.certificate + " holds no certificate");
  } else if (days < 0 || seconds < 0) {
    findings.add(Mark::problem, "certificate",
                 config.tls.certificate + " has ended: renew it, then send SIGHUP");
  } else if (days < certificate_days) {
    findings.add(Mark::warning, "certificate",
                 fmt::format("{} ends in {} days: renew it, then send SIGHUP",
                             config.tls.certificate, days));
  } else {
    findings.add(Mark::ok, "certificate", fmt::format("is good for {} days", days));
  }
}

}  // namespace

void check_from_inside(const config::Config& config, Findings& findings) {
  const config::ConfigProblems problems = problems_around(config);
  for (const std::string& problem : problems) {
    findings.add(Mark::problem, "settings", problem);
  }
  if (problems.empty()) {
    findings.add(Mark::ok, "settings", "the server can start with them");
  }
  check_data(config, findings);
  check_room(config, findings);
  check_descriptors(config, findings);
  check_clock(findings);
  check_journal(config, findings);
  check_store(config, findings);
  check_applications(config, findings);
  check_certificate(config, findings);
}

}  // namespace sluice::commands
