// SPDX-License-Identifier: MIT
#include "config/settings.h"

#include <algorithm>
#include <array>

#include "config/backend_types.h"
#include "config/check_types.h"
#include "config/store_types.h"

namespace sluice::config {
namespace {

using Server = Config::Server;
using Admin = Config::Admin;
using Tls = Config::Tls;
using Cors = Config::Cors;
using Dialects = Config::Dialects;
using Pages = Config::Pages;
using Auth = Config::Auth;
using Data = Config::Data;
using Journal = Config::Journal;
using Store = Config::Store;
using S3 = Config::S3;
using Limits = Config::Limits;
using Timeouts = Config::Timeouts;
using Expiry = Config::Expiry;
using Delivery = Config::Delivery;
using Checks = Config::Checks;
using Backend = Config::Backend;
using Hooks = Config::Hooks;
using Logging = Config::Logging;
using Video = Config::Video;

constexpr std::int64_t milliseconds(Duration duration) {
  return duration.count();
}
constexpr std::int64_t longest = milliseconds(limits::duration_setting_max);

using Pause = Span<0, longest>;  // May be none at all.
using Interval = Span<10, 60'000>;
using Deadline = Span<1, longest>;  // Something is always waited for.
using AnySize = Size<0, std::uint64_t{1} << 60U>;

enum class When { restart, reload };

struct Names {
  std::string_view key;
  std::string_view environment;
  std::string_view flag;
  When takes_effect = When::restart;  // A value that is changed while the server runs.
};

// One row: the value `Section.Member` of Config, with the text form of `Type`.
template <class Type, auto Section, auto Member>
constexpr Setting row(Names names, std::string_view help) {
  return {
      .key = names.key,
      .environment = names.environment,
      .flag = names.flag,
      .value_name = Type::value_name,
      .forms = Type::forms,
      .assign = [](Config& config, std::string_view text) -> Parsed<std::monostate> {
        Parsed<typename Type::Value> value = Type::parse(text);
        if (!value) {
          return std::unexpected(std::move(value.error()));
        }
        config.*Section.*Member = *std::move(value);
        return {};
      },
      .print = [](const Config& config) { return Type::print(config.*Section.*Member); },
      .copy = [](const Config& from, Config& to) { to.*Section.*Member = from.*Section.*Member; },
      .help = help,
      .reloads = names.takes_effect == When::reload,
  };
}

// A setting with a flag has its variable named after the flag, the others after their key.
constexpr std::array table{
    row<Address, &Config::server, &Server::listen>(
        {"server.listen", "SLUICE_LISTEN", "--listen"},
        "Address and port to listen on, port 0 takes a free port; or unix:/PATH, a socket in the "
        "file system; or none."),
    row<FileMode, &Config::server, &Server::socket_mode>(
        {"server.socket_mode", "SLUICE_SERVER_SOCKET_MODE", {}},
        "Permissions of that socket: who may write to it may connect."),
    row<BaseUrl, &Config::server, &Server::public_url>(
        {"server.public_url", "SLUICE_PUBLIC_URL", "--public-url"},
        "URL under which clients reach the server; empty: derived from each request's Host."),
    row<Switch, &Config::server, &Server::open>(
        {"server.open", "SLUICE_OPEN", "--open"},
        "Anyone who reaches the address may upload, under whatever name: needed for an address "
        "that is not loopback."),
    row<HostList, &Config::server, &Server::hosts>(
        {"server.hosts", "SLUICE_SERVER_HOSTS", {}},
        "Host names under which a server without credentials is used, with commas between them, "
        "beside addresses, localhost and the host of server.public_url."),
    row<Switch, &Config::server, &Server::authorize_upload>(
        {"server.authorize_upload", "SLUICE_SERVER_AUTHORIZE_UPLOAD", {}},
        "Open sessions at /panda/authorize_upload for scripts of the server's own origin."),
    row<ProxyList, &Config::server, &Server::trusted_proxies>(
        {"server.trusted_proxies", "SLUICE_SERVER_TRUSTED_PROXIES", {}},
        "Proxies whose Forwarded and X-Forwarded fields are believed: addresses and networks with "
        "commas between them; unix: every peer on the Unix socket."),
    row<Count<0, limits::workers_max>, &Config::server, &Server::workers>(
        {"server.workers", "SLUICE_SERVER_WORKERS", {}}, "Event loops; 0: one for each core."),
    row<Pause, &Config::server, &Server::drain_delay>(
        {"server.drain_delay", "SLUICE_SERVER_DRAIN_DELAY", {}},
        "On SIGTERM everything goes on for this long, but /readyz says 503: so that a balancer "
        "sees it before connections are refused."),
    row<Pause, &Config::server, &Server::drain>(
        {"server.drain", "SLUICE_SERVER_DRAIN", {}},
        "On SIGTERM running requests get this long to end."),

    row<Address, &Config::admin, &Admin::listen>(
        {"admin.listen", "SLUICE_ADMIN_LISTEN", {}},
        "Address and port, or unix:/PATH, of /readyz and /metrics, answered there to every "
        "request; none: they are where the server listens, for this machine and for "
        "server.trusted_proxies."),
    row<Path<true>, &Config::admin, &Admin::token_file>(
        {"admin.token_file", "SLUICE_ADMIN_TOKEN_FILE", {}},
        "File with the token that the console there asks for; empty: the console is for requests "
        "that come straight from this machine or from server.trusted_proxies."),

    row<Address, &Config::tls, &Tls::listen>(
        {"tls.listen", "SLUICE_TLS_LISTEN", {}},
        "Address and port to listen on for https; none: nowhere."),
    row<Path<true>, &Config::tls, &Tls::certificate>(
        {"tls.certificate", "SLUICE_TLS_CERTIFICATE", {}, When::reload},
        "PEM file with the server's certificate and those that vouch for it."),
    row<Path<true>, &Config::tls, &Tls::key>({"tls.key", "SLUICE_TLS_KEY", {}, When::reload},
                                             "PEM file with its key, without a pass phrase."),
    row<Deadline, &Config::tls, &Tls::handshake>(
        {"tls.handshake", "SLUICE_TLS_HANDSHAKE", {}},
        "A TLS handshake must have ended this long after the connection began."),

    row<OriginList, &Config::cors, &Cors::origins>(
        {"cors.origins", "SLUICE_CORS_ORIGINS", {}, When::reload},
        "Origins whose pages may use upload locations, with commas between them; * is every one."),
    row<OriginList, &Config::cors, &Cors::api_origins>(
        {"cors.api_origins", "SLUICE_CORS_API_ORIGINS", {}, When::reload},
        "Origins whose pages may call the API; empty: none."),
    row<Switch, &Config::cors, &Cors::crossdomain_xml>(
        {"cors.crossdomain_xml", "SLUICE_CORS_CROSSDOMAIN_XML", {}},
        "Answer /crossdomain.xml, with the hosts of cors.origins, for uploaders in Flash."),

    row<DialectList, &Config::dialects, &Dialects::enabled>(
        {"dialects.enabled", "SLUICE_DIALECTS_ENABLED", {}},
        "The languages that the server speaks, with commas between them: panda, tus, rufh (the "
        "resumable uploads of the IETF), range308, formchunks, filepond."),
    row<UrlPath, &Config::dialects, &Dialects::path>(
        {"dialects.path", "SLUICE_DIALECTS_PATH", {}},
        "Path at which uploads are opened in the dialects that have none of their own."),
    row<Count<protocol::rufh_oldest, protocol::rufh_newest>, &Config::dialects,
        &Dialects::rufh_newest>(
        {"dialects.rufh_newest", "SLUICE_DIALECTS_RUFH_NEWEST", {}},
        "The newest interop version of the IETF draft for resumable uploads that is spoken, from 3 "
        "to 10; requests in a newer one are plain uploads."),
    row<DownloadsWord, &Config::dialects, &Dialects::downloads>(
        {"dialects.downloads", "SLUICE_DIALECTS_DOWNLOADS", {}},
        "Whether the file of a finished upload can be read again while an embedded backend keeps "
        "it: off, or capability (by clients that know the upload's location)."),

    row<Switch, &Config::pages, &Pages::upload>(
        {"pages.upload", "SLUICE_PAGES_UPLOAD", {}},
        "Answer / with a page on which people drop files; it needs tus in dialects.enabled."),
    row<Switch, &Config::pages, &Pages::console>(
        {"pages.console", "SLUICE_PAGES_CONSOLE", {}},
        "Answer / at admin.listen with the console, a page on which operators watch uploads, end "
        "them and have them handed over again."),

    row<Path<true>, &Config::auth, &Auth::file>(
        {"auth.file", "SLUICE_AUTH_FILE", {}},
        "File of credentials, read again when it changes; empty: none."),
    row<HostList, &Config::auth, &Auth::hosts>(
        {"auth.hosts", "SLUICE_AUTH_HOSTS", {}, When::reload},
        "Host names that clients sign for, with commas between them; empty: the one in the "
        "request."),
    row<Deadline, &Config::auth, &Auth::window>(
        {"auth.window", "SLUICE_AUTH_WINDOW", {}, When::reload},
        "A signature is accepted this long before and after its timestamp."),
    row<Deadline, &Config::auth, &Auth::file_window>(
        {"auth.file_window", "SLUICE_AUTH_FILE_WINDOW", {}, When::reload},
        "The same where the file comes with the signature: POST /videos.json."),
    row<AnySize, &Config::auth, &Auth::unauthenticated_bytes>(
        {"auth.unauthenticated_bytes", "SLUICE_AUTH_UNAUTHENTICATED_BYTES", {}},
        "Room for files whose credential comes behind them, for all such requests together."),
    row<AnySize, &Config::auth, &Auth::unauthenticated_bytes_per_address>(
        {"auth.unauthenticated_bytes_per_address",
         "SLUICE_AUTH_UNAUTHENTICATED_BYTES_PER_ADDRESS",
         {}},
        "Of this room, for the requests of one address; loopback, Unix sockets and trusted proxies "
        "stand for many."),

    row<Path<false>, &Config::data, &Data::directory>(
        {"data.directory", "SLUICE_DATA", "--data"},
        "Directory of the journal, the uploads and the videos."),
    row<Switch, &Config::data, &Data::force>(
        {"data.force", "SLUICE_FORCE", "--force"},
        "Use that directory although it holds files of others."),
    row<DurabilityWord, &Config::data, &Data::durability>(
        {"data.durability", "SLUICE_DATA_DURABILITY", {}},
        "What an acknowledgement promises: commit (survives a power cut), interval (survives the "
        "end of the process; a power cut takes at most the latest bytes) or none (survives the end "
        "of the process)."),
    row<Interval, &Config::data, &Data::sync_interval>(
        {"data.sync_interval", "SLUICE_DATA_SYNC_INTERVAL", {}},
        "With durability = interval, acknowledged bytes are synced so often; with none, they are "
        "noted in the journal."),
    row<AnySize, &Config::data, &Data::low_water>(
        {"data.low_water", "SLUICE_DATA_LOW_WATER", {}, When::reload},
        "So much disk stays free: an upload that does not fit beside it is refused, and with less "
        "the server is not ready."),

    row<JournalUrl, &Config::journal, &Journal::url>(
        {"journal.url", "SLUICE_JOURNAL", "--journal"},
        "PostgreSQL for what is known of uploads, postgresql://USER@HOST/DATABASE; nodes that name "
        "the same share it (docs/cluster.md); empty: a file in the data directory."),
    row<Path<true>, &Config::journal, &Journal::password_file>(
        {"journal.password_file", "SLUICE_JOURNAL_PASSWORD_FILE", {}},
        "File whose first line is the password for it."),
    row<StoreUrl, &Config::store, &Store::url>(
        {"store.url", "SLUICE_STORE", "--store"},
        "Where the bytes of uploads lie: s3://BUCKET/PREFIX (docs/s3.md); empty: the data "
        "directory."),
    row<EndpointUrl, &Config::s3, &S3::endpoint>(
        {"s3.endpoint", "SLUICE_S3_ENDPOINT", {}},
        "The object store: http or https, a host and perhaps a port; empty: that of AWS for "
        "s3.region."),
    row<RegionWord, &Config::s3, &S3::region>({"s3.region", "SLUICE_S3_REGION", {}},
                                              "Region of the bucket, as requests are signed."),
    row<Path<true>, &Config::s3, &S3::credentials_file>(
        {"s3.credentials_file", "SLUICE_S3_CREDENTIALS_FILE", {}},
        "File with a section [default] as the tools of AWS read it; empty: AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the environment."),
    row<Path<true>, &Config::s3, &S3::ca_file>(
        {"s3.ca_file", "SLUICE_S3_CA_FILE", {}},
        "PEM file of the authorities to be trusted with https; empty: the system's."),
    row<Size<limits::scratch_bytes_min, std::uint64_t{1} << 60U>, &Config::s3, &S3::scratch>(
        {"s3.scratch", "SLUICE_S3_SCRATCH", {}},
        "Received bytes that wait for their objects take so much disk at most, in the data "
        "directory; when it is full, clients wait."),

    row<Size<1, limits::file_size_max>, &Config::limits, &Limits::file_size>(
        {"limits.file_size", "SLUICE_LIMITS_FILE_SIZE", {}, When::reload},
        "Largest file that is accepted."),
    row<Size<limits::buffer_budget_bytes_min, limits::buffer_budget_bytes_max>, &Config::limits,
        &Limits::buffers>({"limits.buffers", "SLUICE_LIMITS_BUFFERS", {}},
                          "Memory for bytes on their way to the disk, for all uploads together."),
    row<Count<1, limits::connections_setting_max>, &Config::limits, &Limits::connections>(
        {"limits.connections", "SLUICE_LIMITS_CONNECTIONS", {}, When::reload},
        "Connections open at the same time."),
    row<Count<0, limits::connections_setting_max>, &Config::limits,
        &Limits::connections_per_address>(
        {"limits.connections_per_address",
         "SLUICE_LIMITS_CONNECTIONS_PER_ADDRESS",
         {},
         When::reload},
        "Of these from one address (IPv6: from one /64); loopback and Unix sockets do not count; "
        "0: no bound of its own."),
    row<Count<0, limits::count_setting_max>, &Config::limits, &Limits::requests_per_connection>(
        {"limits.requests_per_connection",
         "SLUICE_LIMITS_REQUESTS_PER_CONNECTION",
         {},
         When::reload},
        "A connection is closed after so many requests; 0: never."),
    row<Count<1, limits::count_setting_max>, &Config::limits, &Limits::uploads>(
        {"limits.uploads", "SLUICE_LIMITS_UPLOADS", {}, When::reload},
        "Unfinished uploads; a further one is refused until one of them has ended."),
    row<Count<1, limits::sessions_setting_max>, &Config::limits, &Limits::sessions>(
        {"limits.sessions", "SLUICE_LIMITS_SESSIONS", {}, When::reload},
        "Unfinished uploads of one owner; without credentials, of all clients together."),
    row<Count<1, limits::sessions_setting_max>, &Config::limits, &Limits::records>(
        {"limits.records", "SLUICE_LIMITS_RECORDS", {}, When::reload},
        "Records of one owner: uploads until they are forgotten, and videos; one with long "
        "parameters counts once for each 4 KiB."),
    row<Count<1, 100>, &Config::limits, &Limits::room_share>(
        {"limits.room_share", "SLUICE_LIMITS_ROOM_SHARE", {}, When::reload},
        "Percent of the free room that unfinished uploads of one owner may have, where there are "
        "several; without credentials, of one address that is no proxy's."),
    row<Count<1, limits::part_connections_max>, &Config::limits, &Limits::part_connections>(
        {"limits.part_connections", "SLUICE_LIMITS_PART_CONNECTIONS", {}, When::reload},
        "So many parts of a multi-chunk upload a client is told to send at once."),
    row<Count<0, limits::creations_per_minute_max>, &Config::limits,
        &Limits::creations_per_address>(
        {"limits.creations_per_address", "SLUICE_LIMITS_CREATIONS_PER_ADDRESS", {}, When::reload},
        "New uploads from one address (IPv6: one /64) in a minute; loopback, Unix sockets and "
        "trusted proxies stand for many and do not count; 0: no bound."),
    row<Count<0, limits::creations_per_minute_max>, &Config::limits, &Limits::creations_per_owner>(
        {"limits.creations_per_owner", "SLUICE_LIMITS_CREATIONS_PER_OWNER", {}, When::reload},
        "New uploads of one owner in a minute; 0: no bound."),

    row<Deadline, &Config::timeouts, &Timeouts::head>(
        {"timeouts.head", "SLUICE_TIMEOUTS_HEAD", {}, When::reload},
        "A request's head must have arrived this long after its first byte."),
    row<Deadline, &Config::timeouts, &Timeouts::idle>(
        {"timeouts.idle", "SLUICE_TIMEOUTS_IDLE", {}, When::reload},
        "A connection is closed after this long without a request."),
    row<Deadline, &Config::timeouts, &Timeouts::body>(
        {"timeouts.body", "SLUICE_TIMEOUTS_BODY", {}, When::reload},
        "A request ends when nothing of its body arrives for this long; what came is kept."),
    row<Deadline, &Config::timeouts, &Timeouts::write>(
        {"timeouts.write", "SLUICE_TIMEOUTS_WRITE", {}, When::reload},
        "A connection is closed when the client takes no byte of a response for this long."),
    row<Deadline, &Config::timeouts, &Timeouts::progress_window>(
        {"timeouts.progress_window", "SLUICE_TIMEOUTS_PROGRESS_WINDOW", {}, When::reload},
        "A client has to move a few bytes in each such time that the server waits for it."),
    row<AnySize, &Config::timeouts, &Timeouts::progress_bytes>(
        {"timeouts.progress_bytes", "SLUICE_TIMEOUTS_PROGRESS_BYTES", {}, When::reload},
        "So many: a body that brings fewer ends like one that stalls, a response that is taken "
        "more slowly is given up; 0: any pace will do."),

    row<Deadline, &Config::expiry, &Expiry::untouched>(
        {"expiry.untouched", "SLUICE_EXPIRY_UNTOUCHED", {}, When::reload},
        "An upload of which no byte has come expires so long after it was created."),
    row<Deadline, &Config::expiry, &Expiry::idle>(
        {"expiry.idle", "SLUICE_EXPIRY_IDLE", {}, When::reload},
        "An unfinished upload expires after this long without activity."),
    row<Deadline, &Config::expiry, &Expiry::absolute>(
        {"expiry.absolute", "SLUICE_EXPIRY_ABSOLUTE", {}, When::reload},
        "An unfinished upload expires this long after it was created, whatever happens."),
    row<Deadline, &Config::expiry, &Expiry::finished>(
        {"expiry.finished", "SLUICE_EXPIRY_FINISHED", {}, When::reload},
        "The answer of a finished upload can be asked for this long."),
    row<Deadline, &Config::expiry, &Expiry::refused>(
        {"expiry.refused", "SLUICE_EXPIRY_REFUSED", {}, When::reload},
        "A file that the backend refused is kept this long with the answer, for `sluice retry`."),
    row<Deadline, &Config::expiry, &Expiry::failed>(
        {"expiry.failed", "SLUICE_EXPIRY_FAILED", {}, When::reload},
        "A file whose hand-off was given up, or that was set aside, is kept this long, for the "
        "operator."),
    row<Deadline, &Config::expiry, &Expiry::sweep>({"expiry.sweep", "SLUICE_EXPIRY_SWEEP", {}},
                                                   "Pause between two looks for expired uploads."),

    row<Pause, &Config::delivery, &Delivery::wait>(
        {"delivery.wait", "SLUICE_DELIVERY_WAIT", {}, When::reload},
        "The last piece's request waits this long for the answer before it is told to come again."),
    row<Deadline, &Config::delivery, &Delivery::retry_first>(
        {"delivery.retry_first", "SLUICE_DELIVERY_RETRY_FIRST", {}, When::reload},
        "Pause after the first failed hand-off; it doubles with each further one, and each is "
        "shortened at random by up to a half."),
    row<Deadline, &Config::delivery, &Delivery::retry_max>(
        {"delivery.retry_max", "SLUICE_DELIVERY_RETRY_MAX", {}, When::reload},
        "Longest pause between two hand-offs."),
    row<Pause, &Config::delivery, &Delivery::give_up_after>(
        {"delivery.give_up_after", "SLUICE_DELIVERY_GIVE_UP_AFTER", {}, When::reload},
        "A hand-off that has failed for this long since the file was complete is given up."),
    row<Count<1, limits::deliveries_at_once_max>, &Config::delivery, &Delivery::at_once>(
        {"delivery.at_once", "SLUICE_DELIVERY_AT_ONCE", {}}, "Hand-offs at the same time."),
    row<Size<1, limits::answer_file_bytes_max>, &Config::delivery, &Delivery::answer_max>(
        {"delivery.answer_max", "SLUICE_DELIVERY_ANSWER_MAX", {}, When::reload},
        "A longer answer of the backend counts as unreadable."),

    row<TypeList, &Config::checks, &Checks::types_allowed>(
        {"checks.types_allowed", "SLUICE_CHECKS_TYPES_ALLOWED", {}},
        "Types of files, found by their content, that are handed over, with commas between them: "
        "video/*, image/png; all others are refused; empty: every type is handed over."),
    row<TypeList, &Config::checks, &Checks::types_denied>(
        {"checks.types_denied", "SLUICE_CHECKS_TYPES_DENIED", {}},
        "Types of files that are refused, also where they are allowed."),
    row<Path<true>, &Config::checks, &Checks::program>(
        {"checks.program", "SLUICE_CHECKS_PROGRAM", {}},
        "Program that gets each finished file as its standard input, in a jail, and takes it (exit "
        "status 0), refuses it (1) or sets it aside (2), with words on its standard output; "
        "empty: none."),
    row<Deadline, &Config::checks, &Checks::program_time>(
        {"checks.program_time", "SLUICE_CHECKS_PROGRAM_TIME", {}},
        "A file for which it needs longer is set aside."),
    row<Size<limits::MiB, std::uint64_t{1} << 40U>, &Config::checks, &Checks::program_memory>(
        {"checks.program_memory", "SLUICE_CHECKS_PROGRAM_MEMORY", {}},
        "It has so much memory, and each program that it starts."),
    row<Address, &Config::checks, &Checks::clamd>(
        {"checks.clamd", "SLUICE_CHECKS_CLAMD", {}},
        "Socket of clamd, which scans each finished file: unix:/PATH or ADDR:PORT; none."),
    row<Deadline, &Config::checks, &Checks::clamd_time>(
        {"checks.clamd_time", "SLUICE_CHECKS_CLAMD_TIME", {}},
        "It has to take bytes, or to reply, in this time."),
    row<VerdictWord, &Config::checks, &Checks::clamd_found>(
        {"checks.clamd_found", "SLUICE_CHECKS_CLAMD_FOUND", {}},
        "A file in which it finds something: refuse, set_aside or take."),
    row<VerdictWord, &Config::checks, &Checks::clamd_too_large>(
        {"checks.clamd_too_large", "SLUICE_CHECKS_CLAMD_TOO_LARGE", {}},
        "A file that is larger than its StreamMaxLength: refuse, set_aside or take."),
    row<Count<1, limits::checks_at_once_max>, &Config::checks, &Checks::at_once>(
        {"checks.at_once", "SLUICE_CHECKS_AT_ONCE", {}},
        "Files that are checked at the same time."),

    row<BackendUrl, &Config::backend, &Backend::url>(
        {"backend.url", "SLUICE_BACKEND", "--backend"},
        "Where finished files go: http, https or unix:/SOCKET:/PATH, with names in braces "
        "(docs/backend.md); empty: the embedded backend."),
    row<BackendKindWord, &Config::backend, &Backend::kind>(
        {"backend.kind", "SLUICE_BACKEND_KIND", "--backend-kind"},
        "What the embedded backend makes of finished files: videos (they are probed, the answer is "
        "Video JSON) or files (any file is kept as it is and can be downloaded, docs/files.md)."),
    row<HandoffModeWord, &Config::backend, &Backend::mode>(
        {"backend.mode", "SLUICE_BACKEND_MODE", {}},
        "How: body (the file is the request's body), form (multipart/form-data) or reference (JSON "
        "that says where the file is)."),
    row<MethodWord, &Config::backend, &Backend::method>(
        {"backend.method", "SLUICE_BACKEND_METHOD", {}}, "Method of the request: POST or PUT."),
    row<Path<true>, &Config::backend, &Backend::secret_file>(
        {"backend.secret_file", "SLUICE_BACKEND_SECRET_FILE", {}, When::reload},
        "File whose first line is the secret that signs requests; empty: they are not signed."),
    row<Deadline, &Config::backend, &Backend::timeout>(
        {"backend.timeout", "SLUICE_BACKEND_TIMEOUT", {}, When::reload},
        "The backend's whole answer must have come this long after the request was sent."),
    row<HeaderNames, &Config::backend, &Backend::headers>(
        {"backend.headers", "SLUICE_BACKEND_HEADERS", {}},
        "Headers of the session's request that the backend gets too, with commas between them."),
    row<HeaderNames, &Config::backend, &Backend::answer_headers>(
        {"backend.answer_headers", "SLUICE_BACKEND_ANSWER_HEADERS", {}, When::reload},
        "Headers of the backend's answer that the client gets, with commas between them."),
    row<StatusList, &Config::backend, &Backend::trouble>(
        {"backend.trouble", "SLUICE_BACKEND_TROUBLE", {}, When::reload},
        "Statuses of 400 to 499 that speak of the way to the backend and not of the file, with "
        "commas between them: another attempt follows."),
    row<DigestWord, &Config::backend, &Backend::digest>(
        {"backend.digest", "SLUICE_BACKEND_DIGEST", {}},
        "sha256: the file is read once more and its digest sent along; none."),
    row<Path<true>, &Config::backend, &Backend::directory>(
        {"backend.directory", "SLUICE_BACKEND_DIRECTORY", {}},
        "With mode reference each file gets a second name (a hard link) here; empty: its path in "
        "the data directory is told."),
    row<StoreUrl, &Config::backend, &Backend::copy_to>(
        {"backend.copy_to", "SLUICE_BACKEND_COPY_TO", {}},
        "With mode reference and files in an object store: where in that store each file is made "
        "an object of the application's, s3://BUCKET/PREFIX; empty: an object in Sluice's own "
        "bucket is told."),
    row<Path<true>, &Config::backend, &Backend::ca_file>(
        {"backend.ca_file", "SLUICE_BACKEND_CA_FILE", {}, When::reload},
        "PEM file of the authorities to be trusted with https; empty: the system's."),

    row<HookUrl, &Config::hooks, &Hooks::authorize>(
        {"hooks.authorize", "SLUICE_HOOKS_AUTHORIZE", {}, When::reload},
        "Asked before a session is created (docs/backend.md): http, https or unix:/SOCKET:/PATH; "
        "empty: none."),
    row<HookUrl, &Config::hooks, &Hooks::created>(
        {"hooks.created", "SLUICE_HOOKS_CREATED", {}, When::reload}, "Told of each new upload."),
    row<HookUrl, &Config::hooks, &Hooks::finished>(
        {"hooks.finished", "SLUICE_HOOKS_FINISHED", {}, When::reload},
        "Told of each upload that has its answer."),
    row<HookUrl, &Config::hooks, &Hooks::aborted>(
        {"hooks.aborted", "SLUICE_HOOKS_ABORTED", {}, When::reload},
        "Told of each upload that its client gave up."),
    row<HookUrl, &Config::hooks, &Hooks::expired>(
        {"hooks.expired", "SLUICE_HOOKS_EXPIRED", {}, When::reload},
        "Told of each upload that expired."),
    row<HookUrl, &Config::hooks, &Hooks::video_created>(
        {"hooks.video_created", "SLUICE_HOOKS_VIDEO_CREATED", {}, When::reload},
        "Gets the Panda notification video-created, a form, for each finished upload whose answer "
        "has an id."),
    row<Path<true>, &Config::hooks, &Hooks::secret_file>(
        {"hooks.secret_file", "SLUICE_HOOKS_SECRET_FILE", {}, When::reload},
        "File whose first line is the secret that signs requests; empty: they are not signed."),
    row<Path<true>, &Config::hooks, &Hooks::ca_file>(
        {"hooks.ca_file", "SLUICE_HOOKS_CA_FILE", {}, When::reload},
        "PEM file of the authorities to be trusted with https; empty: the system's."),
    row<Deadline, &Config::hooks, &Hooks::timeout>(
        {"hooks.timeout", "SLUICE_HOOKS_TIMEOUT", {}, When::reload},
        "One request to a hook takes at most this long."),
    row<Deadline, &Config::hooks, &Hooks::give_up_after>(
        {"hooks.give_up_after", "SLUICE_HOOKS_GIVE_UP_AFTER", {}, When::reload},
        "An event that no receiver has taken for this long is dropped."),
    row<HeaderNames, &Config::hooks, &Hooks::headers>(
        {"hooks.headers", "SLUICE_HOOKS_HEADERS", {}, When::reload},
        "Headers of the session's request that authorize is told, with commas between them."),
    row<StatusList, &Config::hooks, &Hooks::trouble>(
        {"hooks.trouble", "SLUICE_HOOKS_TROUBLE", {}, When::reload},
        "Statuses of 400 to 499 of authorize that speak of the way to it and not of the upload, "
        "with commas between them: the client is told to come again."),

    row<LogLevelWord, &Config::log, &Logging::level>(
        {"log.level", "SLUICE_LOG_LEVEL", {}, When::reload},
        "Least important level that is logged: info, warn or error."),
    row<LogFormatWord, &Config::log, &Logging::format>(
        {"log.format", "SLUICE_LOG_FORMAT", {}},
        "Lines on standard error: text, json, or auto (text on a terminal, json elsewhere); or "
        "journald: entries with fields in systemd's journal."),
    row<Path<false>, &Config::log, &Logging::journal>({"log.journal", "SLUICE_LOG_JOURNAL", {}},
                                                      "Socket of this journal."),

    row<Path<true>, &Config::video, &Video::probe>(
        {"video.probe", "SLUICE_VIDEO_PROBE", {}},
        "Path of the probe helper; empty: the one beside the server's binary, where it is "
        "installed; off: every file is accepted without probing."),
};

}  // namespace

std::span<const Setting> settings() {
  return table;
}

const Setting* find_setting(std::string_view key) {
  const auto found = std::ranges::find(table, key, &Setting::key);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace sluice::config
