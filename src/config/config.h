// SPDX-License-Identifier: MIT
// The operator's settings. Values come from flags, then the environment, then a TOML file, then the
// defaults. A default that another folder needs as well stands in base/limits.h or in that folder.
// settings.cc holds the one table of names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/credential.h"
#include "base/clock.h"
#include "base/durability.h"
#include "base/limits.h"
#include "base/log.h"
#include "delivery/checks.h"
#include "delivery/handoff_request.h"
#include "net/endpoint.h"
#include "net/trusted_proxies.h"
#include "outgoing/trouble.h"
#include "protocol/origins.h"
#include "protocol/protocol_settings.h"

namespace sluice::config {

enum class LogFormat {
  automatic,  // Text where standard error is a terminal, else JSON.
  text,
  json,
  journald,  // Entries with fields, to systemd's journal.
};

// What the embedded backend makes of a finished file.
enum class BackendKind { videos, files };

struct Config {
  struct Server {
    net::Endpoint listen{.address = "127.0.0.1", .port = 8080};
    std::uint32_t socket_mode = 0660;  // Of the Unix socket's name, where `listen` is one.
    // Without a slash at its end. Empty: derived from each request's Host.
    std::string public_url;
    bool open = false;
    std::vector<std::string> hosts;
    bool authorize_upload = false;
    net::TrustedProxies trusted_proxies;
    std::uint64_t workers = 0;  // 0: one for each core.
    Duration drain_delay{};     // Before the drain begins.
    Duration drain = std::chrono::seconds(10);

    friend bool operator==(const Server&, const Server&) = default;
  };
  struct Admin {
    net::Endpoint listen;    // Neither address nor path: no listener.
    std::string token_file;  // For the console; empty: it is for this machine alone.

    friend bool operator==(const Admin&, const Admin&) = default;
  };
  struct Tls {
    net::Endpoint listen;  // Neither address nor path: no listener.
    std::string certificate;
    std::string key;
    Duration handshake = std::chrono::seconds(15);

    friend bool operator==(const Tls&, const Tls&) = default;
  };
  struct Cors {
    protocol::Origins origins = protocol::ProtocolSettings().origins;
    protocol::Origins api_origins;
    bool crossdomain_xml = false;

    friend bool operator==(const Cors&, const Cors&) = default;
  };
  struct Dialects {
    std::vector<std::string> enabled = protocol::ProtocolSettings().dialects;
    std::string path = protocol::ProtocolSettings().files_path;
    std::uint64_t rufh_newest = protocol::rufh_newest;
    protocol::Downloads downloads = protocol::Downloads::off;

    friend bool operator==(const Dialects&, const Dialects&) = default;
  };
  struct Pages {
    bool upload = true;   // The page on which people drop files.
    bool console = true;  // The operator's, where admin.listen is.

    friend bool operator==(const Pages&, const Pages&) = default;
  };
  struct Auth {
    std::string file;  // Of [[credentials]]; read again when it changes. Empty: none.
    std::vector<std::string> hosts;
    Duration window = limits::signature_window_default;
    Duration file_window = limits::file_signature_window_default;
    std::uint64_t unauthenticated_bytes = limits::unauthenticated_bytes_default;
    std::uint64_t unauthenticated_bytes_per_address =
        limits::unauthenticated_bytes_per_address_default;

    friend bool operator==(const Auth&, const Auth&) = default;
  };
  struct Data {
    std::string directory = "./sluice-data";
    bool force = false;  // Also where others keep files.
    Durability durability = Durability::commit;
    Duration sync_interval = std::chrono::seconds(1);
    std::uint64_t low_water = limits::low_water_bytes_default;

    friend bool operator==(const Data&, const Data&) = default;
  };
  struct Journal {
    std::string url;  // Of PostgreSQL, as libpq reads it; empty: in the data directory.
    std::string password_file;

    friend bool operator==(const Journal&, const Journal&) = default;
  };
  struct Store {
    std::string url;  // As s3::parse_bucket_url() reads it; empty: the data directory.

    friend bool operator==(const Store&, const Store&) = default;
  };
  struct S3 {
    std::string endpoint;  // Empty: that of AWS for the region.
    std::string region = "us-east-1";
    std::string credentials_file;  // Empty: the environment has the keys.
    std::string ca_file;
    std::uint64_t scratch = limits::scratch_bytes_default;  // Bytes.

    friend bool operator==(const S3&, const S3&) = default;
  };
  struct Limits {
    std::uint64_t file_size = limits::file_size_max_default;
    std::uint64_t buffers = limits::buffer_budget_bytes_default;  // Bytes.
    std::uint64_t connections = limits::connections_max;
    std::uint64_t connections_per_address = limits::connections_per_address_max;  // 0: no bound.
    std::uint64_t requests_per_connection = limits::requests_per_connection_max;  // 0: no bound.
    std::uint64_t uploads = limits::uploads_max;
    std::uint64_t sessions = limits::sessions_per_owner_default;
    std::uint64_t records = limits::records_per_owner_default;
    std::uint64_t room_share = limits::room_share_default;  // Percent.
    std::uint64_t part_connections = limits::part_connections_default;
    std::uint64_t creations_per_address = 0;  // In a minute; 0: no bound.
    std::uint64_t creations_per_owner = 0;    // As above.

    friend bool operator==(const Limits&, const Limits&) = default;
  };
  struct Timeouts {
    Duration head = limits::head_timeout_default;
    Duration idle = limits::idle_timeout_default;
    Duration body = limits::body_timeout_default;
    Duration write = limits::write_timeout_default;
    Duration progress_window = limits::progress_window;
    std::uint64_t progress_bytes = limits::progress_bytes;  // 0: any pace will do.

    friend bool operator==(const Timeouts&, const Timeouts&) = default;
  };
  struct Expiry {
    Duration untouched = limits::untouched_life_default;
    Duration idle = limits::idle_life_default;
    Duration absolute = limits::upload_life_default;
    Duration finished = limits::finished_life_default;
    Duration refused = limits::refused_life_default;
    Duration failed = limits::failed_life_default;
    Duration sweep = std::chrono::seconds(60);

    friend bool operator==(const Expiry&, const Expiry&) = default;
  };
  struct Delivery {
    Duration wait = limits::answer_wait_default;
    Duration retry_first = limits::retry_first_default;
    Duration retry_max = limits::retry_longest_default;
    Duration give_up_after = limits::delivery_give_up_default;
    std::uint64_t at_once = limits::deliveries_at_once_default;
    std::uint64_t answer_max = limits::answer_file_bytes_default;  // Bytes.

    friend bool operator==(const Delivery&, const Delivery&) = default;
  };
  struct Checks {
    std::vector<std::string> types_allowed;  // Empty: every type.
    std::vector<std::string> types_denied;
    std::string program;  // Empty: none.
    Duration program_time = limits::check_program_time_default;
    std::uint64_t program_memory = limits::check_program_memory_bytes_default;  // Bytes.
    net::Endpoint clamd;  // Neither address nor path: none is asked.
    Duration clamd_time = limits::clamd_time_default;
    delivery::Verdict::Kind clamd_found = delivery::Verdict::Kind::refuse;
    delivery::Verdict::Kind clamd_too_large = delivery::Verdict::Kind::set_aside;
    std::uint64_t at_once = limits::checks_at_once_default;

    friend bool operator==(const Checks&, const Checks&) = default;
  };
  struct Backend {
    std::string url;  // Empty: the embedded backend.
    BackendKind kind = BackendKind::videos;
    delivery::HandoffMode mode = delivery::HttpBackendSettings().mode;
    std::string method = delivery::HttpBackendSettings().method;
    std::string secret_file;
    Duration timeout = delivery::HttpBackendSettings().deadlines.whole;
    std::vector<std::string> headers;
    std::vector<std::string> answer_headers{"content-type", "content-encoding", "content-language",
                                            "location"};
    std::vector<int> trouble = outgoing::usual_trouble();
    bool digest = false;
    std::string directory;
    std::string copy_to;  // A place of the application as that of store.url; empty: none.
    std::string ca_file;

    friend bool operator==(const Backend&, const Backend&) = default;
  };
  // URLs as outgoing::parse_target() reads them; empty: none.
  struct Hooks {
    std::string authorize;
    std::string created;
    std::string finished;
    std::string aborted;
    std::string expired;
    std::string video_created;
    std::string secret_file;
    std::string ca_file;
    Duration timeout = limits::hook_timeout_default;
    Duration give_up_after = limits::hook_give_up_default;
    std::vector<std::string> headers;
    std::vector<int> trouble = outgoing::usual_trouble();

    friend bool operator==(const Hooks&, const Hooks&) = default;
  };
  struct Logging {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::automatic;
    std::string journal = "/run/systemd/journal/socket";

    friend bool operator==(const Logging&, const Logging&) = default;
  };
  struct Video {
    // Path of the probe helper. Empty: the one installed beside the server; "off": none.
    std::string probe;

    friend bool operator==(const Video&, const Video&) = default;
  };

  Server server;
  Admin admin;
  Tls tls;
  Cors cors;
  Dialects dialects;
  Pages pages;
  Auth auth;
  Data data;
  Journal journal;
  Store store;
  S3 s3;
  Limits limits;
  Timeouts timeouts;
  Expiry expiry;
  Delivery delivery;
  Checks checks;
  Backend backend;
  Hooks hooks;
  Logging log;
  Video video;

  // The [[credentials]] of the configuration file itself, and its path.
  std::vector<auth::Credential> credentials;
  std::string credentials_file;

  // As video.probe; "off" where no file is taken for a video.
  std::string probe() const { return backend.kind == BackendKind::files ? "off" : video.probe; }

  // Without credentials a request has no owner and may do everything.
  bool requires_credentials() const { return !credentials.empty() || !auth.file.empty(); }

  // Whether the bytes of uploads lie in an object store.
  bool stores_objects() const { return !store.url.empty(); }
  // Whether several nodes may work with the same uploads.
  bool shares_journal() const { return !journal.url.empty(); }

  // Setting's key -> where its value came from ("--listen", "SLUICE_LISTEN", "sluice.toml:3"). A
  // key that is not here has its default.
  std::map<std::string, std::string, std::less<>> origins;
  // "default" for such a key.
  std::string origin(std::string_view key) const;

  // The values alone; where they came from does not count.
  friend bool operator==(const Config& left, const Config& right);
};

struct FlagInfo {
  std::string_view key;   // "server.listen"
  std::string_view flag;  // "--listen"
  std::string_view help;
  std::string_view
      value_name;  // "ADDR:PORT"; empty for a flag without a value, which means "true".
};

// The settings that have a flag on the command line.
std::vector<FlagInfo> flags();

struct ConfigSources {
  std::vector<std::pair<std::string, std::string>> flags;  // Setting's key, text.
  // Variables and their values. Only SLUICE_* counts; SLUICE_TEST_* is left to tests.
  std::vector<std::pair<std::string, std::string>> environment;
  // The TOML file. Without it, the one that SLUICE_CONFIG names, and else none.
  std::optional<std::string> file;
};

// The SLUICE_* variables of this process.
std::vector<std::pair<std::string, std::string>> process_environment();

// One line each, beginning with the place: "sluice.toml:3: unknown key ...".
using ConfigProblems = std::vector<std::string>;

// The configuration, or everything that is wrong with it.
std::expected<Config, ConfigProblems> load(const ConfigSources& sources);

// TOML that loads back to the same settings, each value with its origin as a comment. Of
// credentials it says the number alone.
std::string effective_settings(const Config& config);
// TOML with the defaults, each setting with its help: packaging/sluice.toml.example.
std::string example_settings();

}  // namespace sluice::config
