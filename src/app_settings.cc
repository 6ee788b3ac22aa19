// SPDX-License-Identifier: MIT
#include "app_settings.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/limits.h"
#include "config/secret_file.h"
#include "http/authority.h"
#include "journal/boot.h"
#include "net/network.h"
#include "pages/page_file.h"
#include "pages/page_routes.h"
#include "protocol/dialect_names.h"

namespace sluice {
namespace {

// As protocol::ProtocolSettings has them.
std::vector<std::string> host_names(const config::Config::Server& server) {
  std::vector<std::string> names;
  std::ranges::transform(server.hosts, std::back_inserter(names), http::host_name);
  if (!server.public_url.empty()) {
    names.push_back(http::host_name(http::authority_of(server.public_url)));
  }
  return names;
}

}  // namespace

std::size_t worker_count(const config::Config& config) {
  const std::uint64_t wanted =
      config.server.workers != 0 ? config.server.workers : std::thread::hardware_concurrency();
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(wanted, 1, limits::workers_max));
}

// From loopback come a proxy in front of the server, with the requests of all clients, and programs
// of this machine, which have simpler ways to harm the server.
net::ConnectionLimits::Settings connection_limits(const config::Config& config) {
  net::ConnectionLimits::Settings settings;
  settings.total_max = config.limits.connections;
  settings.per_address_max = config.limits.connections_per_address;
  settings.proxies = config.server.trusted_proxies.networks();
  settings.proxies.push_back(*net::parse_network("127.0.0.0/8"));
  settings.proxies.push_back(*net::parse_network("::1"));
  return settings;
}

upload::EngineSettings engine_settings(const config::Config& config, const std::string& node) {
  upload::EngineSettings settings;
  settings.admission = {config.limits.file_size, config.data.low_water, config.limits.uploads,
                        config.limits.room_share};
  settings.expiry = {config.expiry.idle,    config.expiry.absolute, config.expiry.finished,
                     config.expiry.refused, config.expiry.failed,   config.expiry.untouched};
  settings.answer_wait = config.delivery.wait;
  settings.lease.node = node;
  const Durability durability = config.data.durability;
  // Without the boot id it cannot be told later which bytes a power cut has left.
  settings.defers_syncs = durability == Durability::interval ||
                          (durability == Durability::none && !journal::current_boot_id().empty());
  return settings;
}

Result<delivery::HttpBackendSettings> backend_settings(const config::Config& config) {
  const config::Config::Backend& backend = config.backend;
  delivery::HttpBackendSettings settings;
  Result<outgoing::UrlTemplate> url = outgoing::UrlTemplate::parse(backend.url);
  if (!url) {
    return fail(url.error());
  }
  settings.url = *std::move(url);
  Result<std::string> secret = config::read_secret(backend.secret_file);
  if (!secret) {
    return fail(secret.error());
  }
  settings.secret = *std::move(secret);
  settings.mode = backend.mode;
  settings.method = backend.method;
  settings.deadlines.whole = backend.timeout;
  settings.answer_headers = backend.answer_headers;
  settings.trouble = backend.trouble;
  settings.with_digest = backend.digest;
  settings.ca_file = backend.ca_file;
  settings.answer_bytes_max = config.delivery.answer_max;
  return settings;
}

checks::CheckSettings check_settings(const config::Config& config) {
  const config::Config::Checks& given = config.checks;
  checks::CheckSettings settings;
  settings.types = {given.types_allowed, given.types_denied};
  settings.program = given.program;
  settings.program_time_max = given.program_time;
  settings.program_memory_bytes = given.program_memory;
  settings.clamd = {given.clamd, given.clamd_time};
  settings.clamd_found = given.clamd_found;
  settings.clamd_too_large = given.clamd_too_large;
  settings.at_once = given.at_once;
  return settings;
}

delivery::OutboxSettings outbox_settings(const config::Config& config, const std::string& node) {
  const config::Config::Delivery& given = config.delivery;
  delivery::OutboxSettings settings{
      {given.retry_first, given.retry_max}, given.give_up_after, given.at_once};
  settings.lease.node = node;
  return settings;
}

auth::AuthenticatorSettings authenticator_settings(const config::Config& config) {
  return {config.auth.hosts, config.auth.window, config.auth.file_window};
}

protocol::ProtocolSettings protocol_settings(const config::Config& config) {
  protocol::ProtocolSettings settings;
  settings.file_size_max = config.limits.file_size;
  settings.sessions_max = config.limits.sessions;
  settings.records_max = config.limits.records;
  settings.unauthenticated_bytes = config.auth.unauthenticated_bytes;
  settings.unauthenticated_bytes_per_address = config.auth.unauthenticated_bytes_per_address;
  settings.takes_extra_files = config.backend.url.empty()
                                   ? config.backend.kind == config::BackendKind::videos
                                   : config.backend.mode != delivery::HandoffMode::body;
  settings.part_connections = config.limits.part_connections;
  settings.creation_rates = std::make_shared<protocol::CreationRates>(
      config.limits.creations_per_address, config.limits.creations_per_owner);
  settings.origins = config.cors.origins;
  settings.api_origins = config.cors.api_origins;
  settings.dialects = config.dialects.enabled;
  settings.files_path = config.dialects.path;
  settings.rufh_newest = config.dialects.rufh_newest;
  settings.downloads = config.dialects.downloads;
  settings.hosts = host_names(config.server);
  settings.serves_every_host = config.server.open;
  settings.shows_inside = !config.admin.listen.is_set();
  settings.page_sessions = config.server.authorize_upload;
  settings.crossdomain_xml = config.cors.crossdomain_xml;
  settings.kept_headers = config.backend.headers;
  return settings;
}

admin::OperatorListener::Settings admin_listener_settings(const config::Config& config) {
  return {.endpoint = config.admin.listen,
          .socket = {.socket_mode = config.server.socket_mode},
          .session = session_settings(config),
          .connections_max = limits::admin_connections_max,
          .drain_time = limits::admin_drain_max};
}

admin::OperatorListener::Settings control_listener_settings(const config::Config& config,
                                                            const std::string& data_directory) {
  return {.endpoint = {.address = {}, .port = 0, .path = data_directory + "/control.sock"},
          .session = {},
          .connections_max = limits::control_connections_max,
          .drain_time = config.server.drain};
}

http::SessionSettings session_settings(const config::Config& config) {
  http::SessionSettings settings;
  settings.head_timeout = config.timeouts.head;
  settings.idle_timeout = config.timeouts.idle;
  settings.body = {config.timeouts.body, config.timeouts.progress_window,
                   config.timeouts.progress_bytes};
  settings.write = {config.timeouts.write, config.timeouts.progress_window,
                    config.timeouts.progress_bytes};
  settings.requests_max = config.limits.requests_per_connection;
  settings.trusted_proxies = config.server.trusted_proxies;
  return settings;
}

Result<hooks::HookSettings> hook_settings(const config::Config& config, const std::string& node,
                                          Metrics& metrics) {
  const config::Config::Hooks& given = config.hooks;
  hooks::HookSettings settings;
  settings.node = node;
  if (!given.authorize.empty()) {
    settings.authorize = *outgoing::parse_target(given.authorize);
  }
  using hooks::Event;
  const std::array<std::pair<Event, const std::string*>, 5> receivers{
      {{Event::created, &given.created},
       {Event::finished, &given.finished},
       {Event::aborted, &given.aborted},
       {Event::expired, &given.expired},
       {Event::video_created, &given.video_created}}};
  for (const auto& [event, url] : receivers) {
    if (!url->empty()) {
      settings.receivers[event] = *outgoing::parse_target(*url);
    }
  }
  Result<std::string> secret = config::read_secret(given.secret_file);
  if (!secret) {
    return fail(secret.error());
  }
  settings.secret = *std::move(secret);
  settings.ca_file = given.ca_file;
  settings.timeout = given.timeout;
  settings.request_headers = given.headers;
  settings.trouble = given.trouble;
  settings.delays = {config.delivery.retry_first, config.delivery.retry_max};
  settings.give_up_after = given.give_up_after;
  settings.seconds = &metrics.hook_seconds;
  return settings;
}

bool has_console(const config::Config& config) {
  return config.admin.listen.is_set() && config.pages.console;
}

bool has_upload_page(const config::Config& config) {
  const bool speaks_tus = std::ranges::find(config.dialects.enabled, protocol::tus_name) !=
                          config.dialects.enabled.end();
  return config.pages.upload && speaks_tus && !pages::built_files().empty();
}

std::vector<protocol::Route> upload_page(const config::Config& config,
                                         std::function<std::uint64_t()> file_size_max) {
  if (!has_upload_page(config)) {
    return {};
  }
  return pages::page_routes(pages::built_files(), {.files_path = config.dialects.path,
                                                   .file_size_max = std::move(file_size_max)});
}

Duration clock_agreement(const config::Config& config) {
  const config::Config::Expiry& expiry = config.expiry;
  return std::min<Duration>({limits::clock_agreement_time, expiry.idle, expiry.absolute,
                             expiry.finished, expiry.failed, expiry.refused,
                             config.hooks.give_up_after});
}

}  // namespace sluice
