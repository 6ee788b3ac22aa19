// SPDX-License-Identifier: MIT
#include "library/library.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "base/checked.h"
#include "base/limits.h"
#include "library/document.h"
#include "library/stored_names.h"

namespace sluice::library {
namespace {

using model::VideoRecord;
using runtime::Task;

constexpr const char* deleted = "deleted";

// A record that is being removed says no more of which kind it was.
bool is_of(const VideoRecord& record, Kind kind) {
  return record.status == deleted || (record.status == stored) == (kind == Kind::file);
}

// A page is never shortened instead: a client that counts takes such a page for the last one.
std::string entry_of_large(const VideoRecord& record) {
  boost::json::object document;
  document["id"] = record.id;
  document["status"] = record.status;
  return boost::json::serialize(document);
}

}  // namespace

class Library::Change {
 public:
  Change(Library& library, std::string id) : library_(library), id_(std::move(id)) {}
  ~Change() {
    std::shared_ptr<runtime::Event> ended;
    {
      const MutexLock lock(library_.mutex_);
      ended = std::move(library_.changes_.extract(id_).mapped());
    }
    ended->set();
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

 private:
  Library& library_;
  const std::string id_;
};

Library::Library(journal::Journal& journal, store::Store& store, store::NamedFiles& files, Log& log)
    : journal_(journal), store_(store), files_(files), log_(log) {}

Library::~Library() = default;

Task<Result<std::optional<VideoRecord>>> Library::take(const delivery::Handoff& handoff) {
  const std::vector<store::NamedRange> files = stored_files(handoff);
  // The record comes after the move: an attempt that still finds the blob need not look for one.
  const bool leaves_trace = handoff.extra_files.empty() && handoff.file_size > 0;
  Result<bool> moved = false;
  if (leaves_trace) {
    moved = co_await store_.finish(handoff.upload_id, files);
    if (moved && *moved) {
      co_return std::nullopt;
    }
  }
  Result<std::optional<VideoRecord>> known =
      co_await journal_.find_video(record_id(handoff.idempotency_key));
  if (!known || *known) {
    co_return known;
  }
  if (!leaves_trace) {
    moved = co_await store_.finish(handoff.upload_id, files);
  }
  if (!moved) {
    co_return fail(moved.error());
  }
  co_return std::nullopt;
}

Task<Result<std::shared_ptr<runtime::ReadableFile>>> Library::open(
    const delivery::Handoff& handoff) {
  co_return co_await files_.open(stored_files(handoff).front().name, handoff.file_size);
}

Task<Result<std::shared_ptr<runtime::ByteSource>>> Library::read(const VideoRecord& record,
                                                                 ByteRange range) {
  if (!record.source_present || record.status == deleted) {
    co_return fail(Errc::not_found, "the file was removed from the library");
  }
  const Result<std::string> extension = stored_extension_of(record.document);
  const Result<std::uint64_t> size = stored_size_of(record.document);
  if (!extension || !size) {
    co_return fail(extension ? size.error() : extension.error());
  }
  co_return co_await files_.read(stored_name(record.id, *extension), *size, range);
}

Task<Result<std::shared_ptr<runtime::ByteSource>>> Library::read_delivered(
    const delivery::Handoff& handoff, ByteRange range) {
  const Result<std::optional<VideoRecord>> record =
      co_await journal_.find_video(record_id(handoff.idempotency_key));
  if (!record) {
    co_return fail(record.error());
  }
  if (!*record) {
    co_return fail(Errc::not_found, "the file was removed from the library");
  }
  co_return co_await read(**record, range);
}

Task<Result<>> Library::put(VideoRecord record) {
  std::vector<journal::Change> changes;
  changes.emplace_back(journal::PutVideo{std::move(record)});
  co_return co_await journal_.commit(std::move(changes));
}

Task<Result<DocumentList>> Library::list(Filter filter) {
  journal::VideoQuery query;
  query.status = std::move(filter.status);
  query.owner = std::move(filter.viewer);
  query.count = std::clamp<std::uint64_t>(filter.per_page, 1, limits::list_per_page_max);
  const std::uint64_t pages_before =
      std::clamp<std::uint64_t>(filter.page, 1, limits::list_page_max) - 1;
  query.offset = pages_before * query.count;
  Result<journal::VideoPage> page = co_await journal_.list_videos(std::move(query));
  if (!page) {
    co_return fail(page.error());
  }
  DocumentList list;
  list.total = page->total;
  std::size_t bytes = 0;
  for (VideoRecord& record : page->records) {
    const bool fits = bytes + record.document.size() <= limits::list_page_bytes;
    list.documents.push_back(fits ? std::move(record.document) : entry_of_large(record));
    bytes += list.documents.back().size();
  }
  co_return list;
}

Task<Result<VideoRecord>> Library::find_record(Kind kind, std::string id, model::Viewer viewer) {
  Result<std::optional<VideoRecord>> found = co_await journal_.find_video(std::move(id));
  if (!found) {
    co_return fail(found.error());
  }
  std::optional<VideoRecord>& record = *found;
  if (!record || !is_of(*record, kind) || (viewer && record->owner != *viewer)) {
    co_return fail(Errc::not_found);
  }
  co_return std::move(*record);
}

Task<Result<VideoRecord>> Library::find(Kind kind, std::string id, model::Viewer viewer) {
  Result<VideoRecord> record = co_await find_record(kind, std::move(id), std::move(viewer));
  if (record && record->status == deleted) {
    co_return fail(Errc::not_found);
  }
  co_return record;
}

Task<Result<>> Library::remove(Kind kind, std::string id, model::Viewer viewer) {
  const Result<std::unique_ptr<Change>> change = co_await begin_change(id);
  if (!change) {
    co_return fail(change.error());
  }
  Result<VideoRecord> record = co_await find_record(kind, id, std::move(viewer));
  if (!record) {
    co_return fail(record.error());
  }
  if (record->source_present) {
    if (record->status != deleted) {
      record->status = deleted;
      const Result<> buried = co_await put(*record);
      if (!buried) {
        co_return fail(buried.error());
      }
    }
    const Result<> removed = co_await remove_files(*record);
    if (!removed) {
      co_return fail(removed.error());
    }
  }
  std::vector<journal::Change> changes;
  changes.emplace_back(journal::RemoveVideo{id});
  const Result<> forgotten = co_await journal_.commit(std::move(changes));
  if (forgotten) {
    log_.info("removed from the library", {{"upload", record->upload_id}, {"file", id}});
  }
  co_return forgotten;
}

Task<Result<>> Library::remove_source(Kind kind, std::string id, model::Viewer viewer) {
  const Result<std::unique_ptr<Change>> change = co_await begin_change(id);
  if (!change) {
    co_return fail(change.error());
  }
  Result<VideoRecord> record = co_await find(kind, id, std::move(viewer));
  if (!record) {
    co_return fail(record.error());
  }
  if (!record->source_present) {
    co_return Result<>();
  }
  // The record says that there is a file until there surely is none.
  const Result<> removed = co_await remove_files(*record);
  if (!removed) {
    co_return fail(removed.error());
  }
  record->source_present = false;
  co_return co_await put(std::move(*record));
}

Task<Result<>> Library::remove_files(const VideoRecord& record) {
  const Result<std::string> extension = stored_extension_of(record.document);
  const auto extra_files = stored_extra_files_of(record.document);
  if (!extension || !extra_files) {
    co_return fail(extension ? extra_files.error() : extension.error());
  }
  std::vector<std::string> names{stored_name(record.id, *extension)};
  for (const StoredExtraFile& extra : *extra_files) {
    names.push_back(stored_name(record.id, extra.suffix));
  }
  const Result<> removed = co_await files_.remove(std::move(names));
  if (!removed) {
    log_.error(
        "a file of the library was not removed",
        {{"upload", record.upload_id}, {"file", record.id}, {"reason", removed.error().message()}});
  }
  co_return removed;
}

// One whose file cannot be removed comes again in the next round, and does not stop the others.
Task<> Library::clean_leftovers() {
  for (std::string last;;) {
    const Result<std::vector<VideoRecord>> leftovers =
        co_await journal_.leftover_videos(last, limits::library_leftovers_batch);
    if (!leftovers) {
      log_.error("the journal does not say which files of the library are left over",
                 {{"reason", leftovers.error().message()}});
      co_return;
    }
    if (leftovers->empty()) {
      co_return;
    }
    for (const VideoRecord& record : *leftovers) {
      (void)co_await remove(Kind::file, record.id, std::nullopt);  // Of either kind.
    }
    last = leftovers->back().id;
  }
}

Task<Result<std::unique_ptr<Library::Change>>> Library::begin_change(std::string id) {
  for (;;) {
    std::shared_ptr<runtime::Event> other;
    {
      const MutexLock lock(mutex_);
      const auto [place, inserted] = changes_.try_emplace(id);
      if (inserted) {
        place->second = std::make_shared<runtime::Event>();
        co_return std::make_unique<Change>(*this, std::move(id));
      }
      other = place->second;
    }
    const bool ended = co_await other->wait(limits::library_change_patience);
    if (!ended) {
      co_return fail(Errc::overloaded, "another change of this record is still under way");
    }
  }
}

VideoRecord record_of(const delivery::Handoff& handoff) {
  VideoRecord record;
  record.id = record_id(handoff.idempotency_key);
  record.upload_id = handoff.upload_id;
  record.owner = handoff.owner;
  record.files_size = handoff.file_size;
  for (const model::ExtraFile& extra : handoff.extra_files) {
    record.files_size = saturating_add(record.files_size, extra.range.size());
  }
  return record;
}

model::Answer answer_with(std::string document) {
  model::Answer answer;
  answer.status = 200;
  answer.headers.emplace_back("Content-Type", "application/json");
  answer.body = std::move(document);
  return answer;
}

delivery::Delivery Library::delivered(const delivery::Handoff& handoff,
                                      std::string document) const {
  delivery::Delivery delivery;
  delivery.answer =
      answer_with(handoff.is_multichunk ? processing_document(document) : std::move(document));
  delivery.blob_taken = store_.finish_takes_blob();
  return delivery;
}

delivery::Delivery Library::kept(const delivery::Handoff& handoff, VideoRecord record) const {
  delivery::Delivery delivery = delivered(handoff, record.document);
  delivery.changes.emplace_back(journal::PutVideo{std::move(record)});
  return delivery;
}

}  // namespace sluice::library
