// SPDX-License-Identifier: MIT
#include "open_journal.h"

#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "config/secret_file.h"
#include "journal/postgres/postgres_journal.h"

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

Result<> open_postgres(const config::Config& config, Metrics& metrics, Log& log,
                       OpenJournal& journal) {
  Result<journal::postgres::Settings> settings = postgres_settings(config);
  if (!settings) {
    return fail(settings.error());
  }
  auto opened = journal::postgres::PostgresJournal::open(*std::move(settings), metrics, log);
  if (!opened) {
    return fail(opened.error());
  }
  journal.secret = (*opened)->secret();
  journal.journal = *std::move(opened);
  return {};
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
                              ? open_postgres(config, metrics, log, journal)
                              : open_file(config, data, blob_size, metrics, log, journal);
  return opened ? Result<OpenJournal>(std::move(journal)) : fail(opened.error());
}

}  // namespace sluice
