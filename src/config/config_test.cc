// SPDX-License-Identifier: MIT
#include "config/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "config/settings.h"
#include "support/temporary_directory.h"

namespace sluice::config {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  // Relative names would do, but messages show the path as given: keep it short in expectations.
  std::string write_file(std::string_view text) {
    const std::string path = directory_.path() + "/s.toml";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  // The problems of one file, with its directory taken off.
  ConfigProblems problems_of(std::string_view text) {
    return without_directory(load({.flags = {}, .environment = {}, .file = write_file(text)}));
  }

  ConfigProblems without_directory(const std::expected<Config, ConfigProblems>& loaded) {
    ConfigProblems problems = loaded ? ConfigProblems{} : loaded.error();
    for (std::string& problem : problems) {
      if (problem.starts_with(directory_.path())) {
        problem.erase(0, directory_.path().size() + 1);
      }
    }
    return problems;
  }

  testing::TemporaryDirectory directory_;
};

using Lines = ConfigProblems;

TEST_F(ConfigTest, WithoutSourcesIsTheDefaults) {
  const auto config = load({});
  ASSERT_TRUE(config);
  EXPECT_EQ(*config, Config{});
  EXPECT_TRUE(config->origins.empty());
  EXPECT_EQ(config->server.listen, (net::Endpoint{"127.0.0.1", 8080}));
  EXPECT_EQ(config->data.directory, "./sluice-data");
}

TEST_F(ConfigTest, FlagsWinOverEnvironmentWinsOverFile) {
  ConfigSources sources;
  sources.file =
      write_file("[server]\nlisten = \"127.0.0.1:1\"\nworkers = 1\n[data]\ndirectory = \"f\"\n");
  sources.environment = {{"SLUICE_LISTEN", "127.0.0.1:2"}, {"SLUICE_SERVER_WORKERS", "2"}};
  sources.flags = {{"server.listen", "127.0.0.1:3"}};
  const auto config = load(sources);
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_EQ(config->server.listen.port, 3);
  EXPECT_EQ(config->server.workers, 2U);
  EXPECT_EQ(config->data.directory, "f");
  EXPECT_EQ(config->origins.at("server.listen"), "--listen");
  EXPECT_EQ(config->origins.at("server.workers"), "SLUICE_SERVER_WORKERS");
  EXPECT_EQ(config->origins.at("data.directory"), *sources.file + ":5");
  EXPECT_FALSE(config->origins.contains("data.durability"));
}

TEST_F(ConfigTest, TheVariableNamesTheFileUnlessTheCallerDoes) {
  const std::string path = write_file("[server]\nworkers = 7\n");
  const auto config = load({.flags = {}, .environment = {{"SLUICE_CONFIG", path}}, .file = {}});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->server.workers, 7U);

  std::ofstream(directory_.path() + "/other.toml") << "[server]\nworkers = 8\n";
  const auto other = load({.flags = {},
                           .environment = {{"SLUICE_CONFIG", path}},
                           .file = directory_.path() + "/other.toml"});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->server.workers, 8U);
}

TEST_F(ConfigTest, UnknownKeysAreRefusedWithLineAndNearestKey) {
  EXPECT_EQ(
      problems_of("[server]\n\nlisen = \"127.0.0.1:1\"\n"),
      Lines{R"(s.toml:3: unknown key "server.lisen"; the nearest known one is server.listen)"});
  EXPECT_EQ(problems_of("listen = \"127.0.0.1:1\"\n"),
            Lines{R"(s.toml:1: unknown key "listen"; the nearest known one is tls.listen)"});
  EXPECT_EQ(
      problems_of("[sever]\nlisten = \"127.0.0.1:1\"\n"),
      Lines{R"(s.toml:2: unknown key "sever.listen"; the nearest known one is server.listen)"});
  EXPECT_EQ(problems_of("[data]\n[datum]\n").size(), 1U);
  EXPECT_EQ(problems_of("[data.directory]\nx = 1\n"),
            Lines{"s.toml:1: data.directory: expected a string, not a table"});
  const Lines escaped = problems_of("[server]\n\"a\\nb\" = 1\n");
  ASSERT_EQ(escaped.size(), 1U);
  EXPECT_TRUE(escaped.front().starts_with(R"(s.toml:2: unknown key "server.a\nb"; the nearest)"))
      << escaped.front();
}

TEST_F(ConfigTest, EmptySectionsAreFine) {
  EXPECT_EQ(problems_of("[server]\n[log]\n"), Lines{});
}

TEST_F(ConfigTest, WrongTypesAndValuesSayWhatWasExpectedAndWhatCame) {
  const std::pair<const char*, const char*> cases[] = {
      {"[server]\nlisten = 8080\n",
       "s.toml:2: server.listen: expected ADDR:PORT or [IPv6]:PORT, like \"127.0.0.1:8080\", or "
       "unix:/PATH, or none, not "
       "the number 8080"},
      {"[server]\nworkers = \"4\"\n",
       "s.toml:2: server.workers: expected a whole number from 0 to 256, not \"4\""},
      {"[server]\nworkers = -1\n",
       "s.toml:2: server.workers: expected a whole number from 0 to 256, not the number -1"},
      {"[server]\nopen = \"true\"\n",
       "s.toml:2: server.open: expected true or false, not \"true\""},
      {"[timeouts]\nhead = 15\n",
       "s.toml:2: timeouts.head: expected a duration: a whole number with ms, s, m, h or d, like "
       "\"30s\", not the "
       "number 15"},
      {"[limits]\nbuffers = 1.5\n",
       "s.toml:2: limits.buffers: expected bytes as a whole number, or one with KiB, MiB, GiB or "
       "TiB, not a number "
       "with a fraction"},
      {"[limits]\nbuffers = \"1KiB\"\n",
       "s.toml:2: limits.buffers: expected a size from 1MiB to 1TiB, not \"1KiB\""},
      {"[data]\ndurability = \"maybe\"\n",
       "s.toml:2: data.durability: expected one of \"commit\", \"interval\", \"none\", not "
       "\"maybe\""},
      {"[data]\ndirectory = []\n", "s.toml:2: data.directory: expected a string, not an array"},
      {"[video]\nprobe = 2026-01-01\n",
       "s.toml:2: video.probe: expected a string, not a date or a time"},
  };
  for (const auto& [text, problem] : cases) {
    EXPECT_EQ(problems_of(text), Lines{problem});
  }
}

TEST_F(ConfigTest, SizesMayBeTomlIntegers) {
  const auto config =
      load({.flags = {}, .environment = {}, .file = write_file("[data]\nlow_water = 4096\n")});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->data.low_water, 4096U);
}

TEST_F(ConfigTest, AllProblemsOfAllSourcesAreReported) {
  ConfigSources sources;
  sources.file = write_file("[log]\nlevle = \"info\"\n[server]\nworkers = 999\n");
  sources.environment = {{"SLUICE_LISTEN", "nowhere"}, {"SLUICE_OPNE", "1"},
                         {"SLUICE_TEST_X", "1"},       {"SLUICE_API_KEY", "1"},
                         {"SLUICE_SERVER", "1"},       {"HOME", "/"}};
  sources.flags = {{"data.directory", ""}};
  const Lines problems = without_directory(load(sources));
  EXPECT_EQ(
      problems,
      (Lines{
          R"(s.toml:2: unknown key "log.levle"; the nearest known one is log.level)",
          "s.toml:4: server.workers: expected a whole number from 0 to 256, not the number 999",
          std::string("SLUICE_LISTEN: server.listen: expected ADDR:PORT or [IPv6]:PORT, like ") +
              R"("127.0.0.1:8080", or unix:/PATH, or none, not "nowhere")",
          R"(SLUICE_OPNE: unknown variable "SLUICE_OPNE"; the nearest known one is SLUICE_OPEN)",
          R"(--data: data.directory: expected a path, not "")",
      }));
}

TEST_F(ConfigTest, BrokenOrMissingFilesAreNamed) {
  const Lines broken = problems_of("[server]\nlisten = \n");
  ASSERT_EQ(broken.size(), 1U);
  EXPECT_TRUE(broken.front().starts_with("s.toml:2: expected TOML: ")) << broken.front();
  EXPECT_EQ(problems_of("[log]\nlevel=\"info\"\nlevel=\"warn\"\n").size(), 1U);

  const auto missing =
      load({.flags = {}, .environment = {}, .file = directory_.path() + "/none.toml"});
  EXPECT_EQ(without_directory(missing),
            Lines{"none.toml: cannot be read: No such file or directory"});
  const auto directory = load({.flags = {}, .environment = {}, .file = directory_.path() + "/."});
  EXPECT_EQ(without_directory(directory), Lines{".: cannot be read: Is a directory"});
  EXPECT_EQ(problems_of(std::string(limits::config_file_bytes_max + 1, '\n')),
            Lines{"s.toml: expected at most 1048576 bytes of settings"});
}

TEST_F(ConfigTest, AnAddressThatOthersReachNeedsOpen) {
  ConfigSources sources;
  sources.flags = {{"server.listen", "0.0.0.0:8080"}};
  const auto refused = load(sources);
  ASSERT_FALSE(refused);
  ASSERT_EQ(refused.error().size(), 1U);
  EXPECT_TRUE(refused.error().front().starts_with("--listen: \"0.0.0.0:8080\" can be reached"));
  EXPECT_NE(refused.error().front().find("--open"), std::string::npos);

  sources.flags.emplace_back("server.open", "true");
  EXPECT_TRUE(load(sources));
  EXPECT_TRUE(load({.flags = {{"server.listen", "[::1]:0"}}, .environment = {}, .file = {}}));
}

TEST_F(ConfigTest, TlsNeedsItsPairAndSomethingListens) {
  EXPECT_EQ(problems_of("[tls]\nlisten = \"127.0.0.1:0\"\nkey = \"k\"\n"),
            (Lines{"s.toml:2: expected tls.certificate and tls.key beside tls.listen"}));
  EXPECT_EQ(problems_of("[server]\nlisten = \"none\"\n"),
            (Lines{"s.toml:2: expected an address in server.listen or tls.listen, both are "
                   "\"none\""}));
  const auto config = load({.flags = {},
                            .environment = {},
                            .file = write_file("[server]\nlisten = \"none\"\n[tls]\nlisten = "
                                               "\"[::1]:1\"\ncertificate = \"c\"\nkey = \"k\"\n")});
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->server.listen.is_set());
}

TEST_F(ConfigTest, RetryPausesFitTogether) {
  EXPECT_EQ(problems_of("[delivery]\nretry_first = \"10m\"\n"),
            Lines{"s.toml:2: delivery.retry_first is 10m, expected at most delivery.retry_max, "
                  "which is 5m (default)"});
}

// Every value differs from its default.
constexpr const char* everything_set = R"([server]
listen = "[::1]:0"
socket_mode = "0600"
public_url = "https://u.example.com/a"
open = true
hosts = "inside.example.com"
authorize_upload = true
trusted_proxies = "10.0.0.0/8, unix"
workers = 3
drain_delay = "1ms"
drain = "0ms"
[admin]
listen = "[::1]:2"
token_file = "/etc/sluice/admin-token"
[tls]
listen = "[::1]:1"
certificate = "c.pem"
key = "k.pem"
handshake = "1s"
[cors]
origins = "https://a.example, https://*.b.example"
api_origins = "*"
crossdomain_xml = true
[dialects]
enabled = "tus, range308"
path = "/u/p"
rufh_newest = 6
downloads = "capability"
[pages]
upload = false
console = false
[auth]
file = "/dev/null"
hosts = "api.example.com, 192.0.2.1:8080"
window = "1m"
file_window = "2m"
unauthenticated_bytes = "1MiB"
unauthenticated_bytes_per_address = "512KiB"
[data]
directory = "/srv/a \"b\" \\ ä"
force = true
durability = "none"
sync_interval = "16ms"
low_water = "3KiB"
[s3]
endpoint = "https://s3.example.com"
region = "eu-central-1"
credentials_file = "/etc/sluice/s3"
ca_file = "/etc/s3-ca.pem"
scratch = "65MiB"
[limits]
records = 7
room_share = 33
file_size = 123457
buffers = "5MiB"
connections = 12
connections_per_address = 13
requests_per_connection = 14
uploads = 15
sessions = 13
part_connections = 13
creations_per_address = 17
creations_per_owner = 18
[timeouts]
head = "1ms"
idle = "2s"
body = "3m"
write = "4h"
progress_window = "5h"
progress_bytes = "2KiB"
[expiry]
idle = "5d"
absolute = "36h"
finished = "1001ms"
refused = "16s"
untouched = "18s"
failed = "15s"
sweep = "7s"
[delivery]
wait = "8s"
retry_first = "9s"
retry_max = "10s"
give_up_after = "14s"
at_once = 7
answer_max = "5MiB"
[checks]
types_allowed = "video/*, image/png"
types_denied = "video/x-flv"
program = "/usr/local/bin/look"
program_time = "17s"
program_memory = "64MiB"
clamd = "unix:/run/clamd"
clamd_time = "18s"
clamd_found = "set_aside"
clamd_too_large = "take"
at_once = 3
[backend]
url = "http://app:3000/videos/{id}"
mode = "reference"
method = "PUT"
secret_file = "/etc/sluice/secret"
timeout = "11s"
headers = "cookie, user-agent"
answer_headers = "content-type"
trouble = "409, 429"
digest = "sha256"
directory = "/srv/in"
ca_file = "/etc/ca.pem"
[hooks]
authorize = "http://app:3000/may"
created = "http://app:3000/created"
finished = "https://app:3000/finished"
aborted = "http://app:3000/aborted"
expired = "unix:/run/app:/expired"
video_created = "http://app:3000/panda"
secret_file = "/etc/sluice/hook-secret"
ca_file = "/etc/hook-ca.pem"
timeout = "12s"
give_up_after = "13s"
headers = "authorization"
trouble = "404"
[log]
level = "warn"
format = "json"
journal = "/run/journal"
[video]
probe = "/usr/lib/x"
)";

// Cannot stand beside `backend.url`.
constexpr const char* embedded_backend_set = "[backend]\nkind = \"files\"\n";
// Cannot stand beside `data.durability`.
constexpr const char* object_store_set =
    "[journal]\nurl = \"postgresql://db/sluice\"\npassword_file = \"/run/db\"\n"
    "[store]\nurl = \"s3://films/a\"\n[backend]\nurl = \"http://app/\"\n"
    "mode = \"reference\"\ncopy_to = \"s3://media/in\"\n";

TEST_F(ConfigTest, EffectiveSettingsLoadBackToTheSame) {
  for (const char* text : {"", everything_set, embedded_backend_set, object_store_set}) {
    const auto config = load({.flags = {}, .environment = {}, .file = write_file(text)});
    ASSERT_TRUE(config) << config.error().front();
    const auto again =
        load({.flags = {}, .environment = {}, .file = write_file(effective_settings(*config))});
    ASSERT_TRUE(again) << again.error().front();
    EXPECT_EQ(*again, *config);
    EXPECT_EQ(again->origins.size(), settings().size());
  }
}

TEST_F(ConfigTest, NoSettingIsForgottenInTheRoundTrip) {
  std::vector<Config> sets;
  for (const char* text : {everything_set, embedded_backend_set, object_store_set}) {
    const auto config = load({.flags = {}, .environment = {}, .file = write_file(text)});
    ASSERT_TRUE(config) << config.error().front();
    sets.push_back(*config);
  }
  for (const Setting& setting : settings()) {
    const auto config = std::ranges::find_if(
        sets, [&](const Config& set) { return set.origins.contains(setting.key); });
    ASSERT_NE(config, sets.end()) << setting.key;
    EXPECT_NE(setting.print(*config), setting.print(Config{})) << setting.key;
    Config changed;
    std::string text = setting.print(*config);
    if (text.starts_with('"')) {
      text = text.substr(1, text.size() - 2);
    }
    EXPECT_TRUE(setting.assign(changed, text)) << setting.key;
    EXPECT_FALSE(changed == Config{}) << setting.key << " is left out of the comparison";
  }
}

TEST_F(ConfigTest, AFileHasOneBackend) {
  const auto config = load({.flags = {{"backend.url", "http://app/"}},
                            .environment = {},
                            .file = write_file(embedded_backend_set)});
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 1U);
  EXPECT_NE(config.error().front().find(R"(:2: backend.kind is "files", the embedded backend)"),
            std::string::npos)
      << config.error().front();
  EXPECT_NE(config.error().front().find("backend.url (--backend)"), std::string::npos);
  EXPECT_TRUE(load({.flags = {{"backend.url", "http://app/"}, {"backend.kind", "videos"}},
                    .environment = {},
                    .file = {}}));
  EXPECT_FALSE(load({.flags = {{"backend.kind", "any"}}, .environment = {}, .file = {}}));
}

TEST_F(ConfigTest, ACopyIsOfAnObjectAndForABackendThatIsToldWhereItIs) {
  const auto config =
      load({.flags = {}, .environment = {{"SLUICE_BACKEND_COPY_TO", "s3://media"}}, .file = {}});
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 2U);
  EXPECT_TRUE(config.error().front().contains("needs backend.mode = \"reference\", not \"body\""));
  EXPECT_TRUE(config.error().back().contains("needs store.url"));
}

TEST_F(ConfigTest, AJournalForSeveralNodesNeedsAStoreForThem) {
  const auto config =
      load({.flags = {{"journal.url", "postgresql://db/a"}}, .environment = {}, .file = {}});
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 1U);
  EXPECT_TRUE(config.error().front().contains("journal.url needs store.url"));
  const auto open = load({.flags = {{"journal.url", "postgresql://me:secret@db/a"}},
                          .environment = {},
                          .file = write_file(object_store_set)});
  ASSERT_FALSE(open);
  EXPECT_TRUE(open.error().front().contains("journal.password_file")) << open.error().front();
  EXPECT_FALSE(open.error().front().contains("secret")) << open.error().front();
}

TEST_F(ConfigTest, ObjectsGoWithWhatNeedsNoFilesOfThisMachine) {
  for (const char* kind : {"videos", "files"}) {
    EXPECT_TRUE(load({{{"store.url", "s3://films"}, {"backend.kind", kind}}, {}, {}}));
  }
  const auto weak = load({.flags = {},
                          .environment = {{"SLUICE_BACKEND_DIRECTORY", "/srv/in"},
                                          {"SLUICE_S3_SCRATCH", "64MiB"},
                                          {"SLUICE_DELIVERY_ANSWER_MAX", "65MiB"},
                                          {"SLUICE_CHECKS_PROGRAM", "/bin/true"},
                                          {"SLUICE_DATA_DURABILITY", "interval"}},
                          .file = write_file(object_store_set)});
  EXPECT_EQ(weak ? 0U : weak.error().size(), 4U);
}

TEST_F(ConfigTest, EffectiveSettingsNameTheirOrigins) {
  ConfigSources sources;
  sources.file = write_file("[server]\nworkers = 2\n");
  sources.environment = {{"SLUICE_LOG_LEVEL", "warn"}};
  sources.flags = {{"data.directory", "d"}};
  const auto config = load(sources);
  ASSERT_TRUE(config);
  const std::string text = effective_settings(*config);
  EXPECT_NE(text.find("workers = 2  # " + *sources.file + ":2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("level = \"warn\"  # SLUICE_LOG_LEVEL\n"), std::string::npos) << text;
  EXPECT_NE(text.find("directory = \"d\"  # --data\n"), std::string::npos) << text;
  EXPECT_NE(text.find("open = false  # default\n"), std::string::npos) << text;
  EXPECT_TRUE(text.starts_with("[server]\nlisten = \"127.0.0.1:8080\"  # default\n")) << text;
}

TEST(Environment, HoldsOnlyOurVariables) {
  ASSERT_EQ(::setenv("SLUICE_TEST_OF_ENVIRONMENT", "a=b", 1), 0);
  const auto environment = process_environment();
  const std::pair<std::string, std::string> ours{"SLUICE_TEST_OF_ENVIRONMENT", "a=b"};
  EXPECT_NE(std::ranges::find(environment, ours), environment.end());
  for (const auto& [name, text] : environment) {
    EXPECT_TRUE(name.starts_with("SLUICE_")) << name;
  }
}

TEST(Config, DoesNotPassTheTypeOfARequestOn) {
  const auto refused = load({.flags = {},
                             .environment = {{"SLUICE_BACKEND_HEADERS", "cookie, Content-Type"}},
                             .file = std::nullopt});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().front().starts_with("SLUICE_BACKEND_HEADERS: backend.headers: "))
      << refused.error().front();
}

TEST(Config, NamesTheKeyOfACredentialsFileThatIsNotThere) {
  const auto refused = load({.flags = {},
                             .environment = {{"SLUICE_AUTH_FILE", "/nowhere/credentials.toml"}},
                             .file = std::nullopt});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().front().starts_with("SLUICE_AUTH_FILE: auth.file: /nowhere/"))
      << refused.error().front();
}

}  // namespace
}  // namespace sluice::config
