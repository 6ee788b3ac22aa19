// SPDX-License-Identifier: MIT
#include "journal/postgres/import.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace sluice::journal::postgres {
namespace {

using runtime::Task;

Task<Result<>> expect_empty(PostgresJournal& to) {
  const auto uploads = co_await to.list_uploads({.count = 1});
  const auto videos = co_await to.list_videos({.status = {}, .count = 1});
  if (!uploads || !videos) {
    co_return fail(uploads ? videos.error() : uploads.error());
  }
  if (!uploads->empty() || !videos->records.empty()) {
    co_return fail(Errc::bad_request,
                   "PostgreSQL: the tables hold uploads already: take an empty database or schema");
  }
  co_return Result<>();
}

Task<Result<std::vector<model::Extent>>> all_extents(SqliteJournal& from, std::uint64_t id) {
  std::vector<model::Extent> all;
  for (;;) {
    auto page = co_await from.extents(id, all.empty() ? 0 : all.back().range.end,
                                      limits::extents_page_count);
    if (!page || page->empty()) {
      co_return page ? Result<std::vector<model::Extent>>(std::move(all)) : fail(page.error());
    }
    all.insert(all.end(), page->begin(), page->end());
  }
}

bool cover(const std::vector<model::Extent>& extents, const model::UploadProgress& progress) {
  RangeSet covered;
  for (const model::Extent& extent : extents) {
    covered.add(extent.range);
  }
  const auto& stored = progress.stored.ranges();
  return !progress.blob_present || std::ranges::all_of(stored, [&](const ByteRange& range) {
    return covered.contains(range);
  });
}

Task<Result<>> import_upload(SqliteJournal& from, PostgresJournal& to, model::UploadRecord record) {
  auto extents = co_await all_extents(from, record.id);
  if (!extents) {
    co_return fail(extents.error());
  }
  if (!cover(*extents, record.progress)) {
    co_return fail(Errc::bad_request,
                   "the bytes of upload " + std::to_string(record.id) +
                       " lie in the data directory, where other nodes do not see them: let the "
                       "uploads end there first");
  }
  std::vector<Change> changes;
  changes.emplace_back(CreateUpload{std::move(record), {}, *std::move(extents)});
  co_return co_await to.commit(std::move(changes));
}

// `read(after)` gives the next page, `write(record)` takes a record; `after` follows.
template <class After, class Read, class Write>
Task<Result<std::size_t>> import_pages(After after, Read read, Write write) {
  std::size_t count = 0;
  for (;;) {
    auto page = co_await read(after);
    if (!page || page->empty()) {
      co_return page ? Result<std::size_t>(count) : fail(page.error());
    }
    after = page->back().id;
    for (auto& record : *page) {
      if (const Result<> written = co_await write(std::move(record)); !written) {
        co_return fail(written.error());
      }
      ++count;
    }
  }
}

Task<Result<>> import_signatures(SqliteJournal& from, PostgresJournal& to) {
  std::string after;
  for (;;) {
    const auto page = co_await from.signatures_after(after, limits::fsck_page_count);
    if (!page || page->empty()) {
      co_return page ? Result<>() : fail(page.error());
    }
    after = page->back().digest;
    for (const UseSignature& use : *page) {
      std::vector<Change> changes;
      changes.emplace_back(use);
      if (const Result<> used = co_await to.commit(std::move(changes)); !used) {
        co_return used;
      }
    }
  }
}

// Those are the last calls: `from` has no further uploads.
Task<Result<>> adopt(SqliteJournal& from, PostgresJournal& to, std::string secret) {
  const auto damaged = co_await from.damaged_rows();
  const Result<std::uint64_t> next = co_await from.next_upload_id();
  if (!damaged || !next) {
    co_return fail(damaged ? next.error() : damaged.error());
  }
  if (!damaged->empty()) {
    co_return fail(Errc::bad_request,
                   "the journal has rows that cannot be read: see sluice fsck --repair");
  }
  co_return co_await to.adopt(std::move(secret), *next);
}

}  // namespace

Task<Result<Imported>> import_journal(SqliteJournal& from, PostgresJournal& to,
                                      std::string secret) {
  if (const Result<> empty = co_await expect_empty(to); !empty) {
    co_return fail(empty.error());
  }
  const auto write_one = [&to](Change change) {
    std::vector<Change> changes;
    changes.emplace_back(std::move(change));
    return to.commit(std::move(changes));
  };
  const auto uploads = co_await import_pages(
      std::uint64_t{0},
      [&from](std::uint64_t after) { return from.uploads_after(after, limits::fsck_page_count); },
      [&](model::UploadRecord record) { return import_upload(from, to, std::move(record)); });
  if (!uploads) {
    co_return fail(uploads.error());
  }
  const auto videos = co_await import_pages(
      std::string(),
      [&from](const std::string& after) {
        return from.videos_after(after, limits::fsck_page_count);
      },
      [&](model::VideoRecord record) { return write_one(PutVideo{std::move(record)}); });
  if (!videos) {
    co_return fail(videos.error());
  }
  const auto notifications = co_await import_pages(
      std::uint64_t{0},
      [&from](std::uint64_t after) {
        return from.notifications_after(after, limits::fsck_page_count);
      },
      [&](model::Notification notification) {
        return write_one(AddNotification{std::move(notification)});
      });
  if (!notifications) {
    co_return fail(notifications.error());
  }
  if (const Result<> signatures = co_await import_signatures(from, to); !signatures) {
    co_return fail(signatures.error());
  }
  if (const Result<> adopted = co_await adopt(from, to, std::move(secret)); !adopted) {
    co_return fail(adopted.error());
  }
  co_return Imported{*uploads, *videos, *notifications};
}

}  // namespace sluice::journal::postgres
