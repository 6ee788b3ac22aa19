// SPDX-License-Identifier: MIT
#include "upload/learn_size.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "upload/checkpoint.h"

namespace sluice::upload {

using runtime::Task;

namespace {

// False when it is the size that is known already.
Result<bool> is_news(const LiveUpload& upload, std::uint64_t file_size) {
  if (const std::optional<std::uint64_t> known = upload.file_size()) {
    return *known == file_size
               ? Result<bool>(false)
               : fail(Errc::size_mismatch,
                      fmt::format("expected {} bytes, which is the size of the file, got {}",
                                  *known, file_size));
  }
  const std::uint64_t stored = end_of(upload.progress().stored);
  if (stored > file_size) {
    return fail(Errc::size_mismatch,
                fmt::format("expected no size below {} bytes, which are stored, got {}", stored,
                            file_size));
  }
  if (file_size > upload.size_bound()) {
    return fail(Errc::file_too_large,
                fmt::format("File size limit is set to {} bytes, file_size is {}",
                            upload.size_bound(), file_size));
  }
  return true;
}

// Bytes beyond it that were written and never named would be in the file that is handed over.
Task<Result<Transition>> commit_size(LiveUpload& upload, const AppendTools& tools,
                                     std::uint64_t file_size) {
  if (const Result<> cut = co_await tools.store.release_room(upload.id(), file_size); !cut) {
    co_return fail(cut.error());
  }
  BytesStored event{{}, next_expiry(upload, tools), !upload.is_partial(), tools.clock.now()};
  event.file_size = file_size;
  Result<Transition> committed = co_await upload.commit(event);
  while (committed && committed->sync_first) {
    const std::shared_ptr<store::Blob> blob =
        tools.store.open({upload.id(), upload.room(), end_of(upload.progress().stored)});
    Result<Settled> settled = co_await settle_all(upload, *blob, {});
    if (!settled) {
      co_return fail(settled.error());
    }
    event.synced = std::move(settled->synced);
    committed = co_await upload.commit(event);
  }
  co_return committed;
}

}  // namespace

Task<Result<bool>> learn_size(LiveUpload& upload, const AppendTools& tools,
                              std::uint64_t file_size) {
  Result<bool> news = is_news(upload, file_size);
  if (!news || !*news) {
    co_return news;
  }
  // Requests that write behind the end are cut off, and later ones know the size.
  Claim claim(upload, {file_size, upload.size_bound()});
  if (const Result<std::size_t> acquired = co_await claim.acquire(); !acquired) {
    co_return fail(acquired.error());
  }
  news = is_news(upload, file_size);
  if (!news || !*news) {
    co_return news;
  }
  const Result<Transition> committed = co_await commit_size(upload, tools, file_size);
  if (!committed) {
    co_return fail(committed.error());
  }
  // Another engine may have been first.
  news = is_news(upload, file_size);
  co_return news ? Result<bool>(committed->deliver) : news;
}

}  // namespace sluice::upload
