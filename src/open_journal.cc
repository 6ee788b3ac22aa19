// SPDX-License-Identifier: MIT
#include "open_journal.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "config/secret_file.h"
#include "journal/postgres/postgres_journal.h"
#include "journal/postgres/server_facts.h"
#include "runtime/task.h"
#include "runtime/worker.h"

namespace sluice {
namespace {

constexpr std::size_t node_name_size = 16;

Result<> open_file(const config::Config& config, const store::DataDirectory& data,
                   const journal::BlobSize& blob_size, Metrics& metrics, Log& log,
                   OpenJournal& journal) {
  auto opened = journal::SqliteJournal::open(data.journal_file(), config.data.durability, metrics,
                                             log, journal::current_boot_id(), blob_size);
  if (!opened) {
    return fail(opened.error());
  }
  journal.file = opened->get();
  journal.journal = *std::move(opened);
  return {};
}

Result<> open_postgres(const config::Config& config, const store::DataDirectory& data,
                       Metrics& metrics, Log& log, OpenJournal& journal) {
  Result<journal::postgres::Settings> settings = postgres_settings(config);
  if (!settings) {
    return fail(settings.error());
  }
  if (std::filesystem::exists(data.journal_file())) {
    return fail(Errc::bad_request, data.journal_file() +
                                       " is the journal of this server, and journal.url names " +
                                       "another: sluice migrate moves it there");
  }
  auto opened = journal::postgres::PostgresJournal::open(*std::move(settings), metrics, log);
  if (!opened) {
    return fail(opened.error());
  }
  journal.secret = (*opened)->secret();
  journal.journal = *std::move(opened);
  return {};
}

runtime::Task<> move_all(journal::SqliteJournal& from, journal::postgres::PostgresJournal& to,
                         std::string secret,
                         std::optional<Result<journal::postgres::Imported>>* moved) {
  moved->emplace(co_await journal::postgres::import_journal(from, to, std::move(secret)));
}

}  // namespace

Result<journal::postgres::Settings> postgres_settings(const config::Config& config) {
  Result<std::string> password = config::read_password(config.journal.password_file);
  if (!password) {
    return fail(password.error());
  }
  return journal::postgres::Settings{.connection = config.journal.url,
                                     .password = *std::move(password)};
}

Result<> try_journal(const config::Config& config) {
  const Result<journal::postgres::Settings> settings = postgres_settings(config);
  return settings ? journal::postgres::try_server(*settings) : fail(settings.error());
}

Result<journal::postgres::Imported> move_journal(const config::Config& config,
                                                 const store::DataDirectory& data) {
  const std::string file = data.journal_file();
  if (!std::filesystem::exists(file)) {
    return fail(Errc::bad_request, "there is no " + file);
  }
  Result<std::string> secret = data.secret();
  Result<journal::postgres::Settings> settings = postgres_settings(config);
  if (!secret || !settings) {
    return fail(secret ? settings.error() : secret.error());
  }
  NullLog log;
  Metrics metrics;
  runtime::Worker worker("migrate", log);
  auto from = journal::SqliteJournal::open(file, Durability::commit, metrics, log);
  if (!from) {
    return fail(from.error());
  }
  auto to = journal::postgres::PostgresJournal::open(*std::move(settings), metrics, log);
  if (!to) {
    return fail(to.error());
  }
  std::optional<Result<journal::postgres::Imported>> moved;
  runtime::run_and_wait(worker.executor(), log, "migrate",
                        move_all(**from, **to, *std::move(secret), &moved));
  from->reset();
  if (moved->has_value() && std::rename(file.c_str(), (file + ".migrated").c_str()) != 0) {
    return fail(Errc::storage_failed, file + " cannot be renamed: do so before the server starts");
  }
  return *std::move(moved);
}

// A node has its name from its data directory, which one process at a time has.
Result<OpenJournal> open_journal(const config::Config& config, const store::DataDirectory& data,
                                 const journal::BlobSize& blob_size, Metrics& metrics, Log& log) {
  Result<std::string> secret = data.secret();
  if (!secret) {
    return fail(secret.error());
  }
  OpenJournal journal;
  journal.node = to_hex(sha256("the name of a node " + *secret)).substr(0, node_name_size);
  journal.secret = *std::move(secret);
  const Result<> opened = config.shares_journal()
                              ? open_postgres(config, data, metrics, log, journal)
                              : open_file(config, data, blob_size, metrics, log, journal);
  return opened ? Result<OpenJournal>(std::move(journal)) : fail(opened.error());
}

}  // namespace sluice
