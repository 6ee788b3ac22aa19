// SPDX-License-Identifier: MIT
#include "video/video_library.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/checked.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "video/video_json.h"

namespace sluice::video {
namespace {

constexpr const char* deleted = "deleted";

Error not_found(const std::string& id) {
  return Error(Errc::not_found, "Couldn't find Video with ID=" + to_valid_utf8(id));
}

model::Answer answer_with(std::string document) {
  model::Answer answer;
  answer.status = 200;
  answer.headers.emplace_back("Content-Type", "application/json");
  answer.body = std::move(document);
  return answer;
}

delivery::Delivery delivered(const delivery::Handoff& handoff, std::string document) {
  delivery::Delivery delivery;
  delivery.answer =
      answer_with(handoff.is_multichunk ? processing_document(document) : std::move(document));
  delivery.blob_taken = true;
  return delivery;
}

VideoDescription description_of(const delivery::Handoff& handoff) {
  VideoDescription video;
  video.id = video_id(handoff.idempotency_key);
  video.file_name = handoff.file_name;
  video.file_size = handoff.file_size;
  video.parameters = handoff.parameters;
  video.extra_files = handoff.extra_files;
  return video;
}

model::VideoRecord new_record(const VideoDescription& video, std::uint64_t upload_id) {
  model::VideoRecord record;
  record.id = video.id;
  record.upload_id = upload_id;
  record.created_at = video.created_at;
  record.status = to_text(video.status);
  record.document = video_document(video);
  record.metadata = video_metadata(video);
  record.files_size = video.file_size;
  for (const model::ExtraFile& extra : video.extra_files) {
    record.files_size = saturating_add(record.files_size, extra.range.size());
  }
  return record;
}

std::string name_of(const std::string& id, const std::string& suffix) {
  return "videos/" + id + suffix;
}

// The main file, and the extra files behind it.
std::vector<store::NamedRange> files_of(const delivery::Handoff& handoff, const std::string& id) {
  std::vector<store::NamedRange> files;
  files.push_back({{0, handoff.file_size}, name_of(id, stored_extension(handoff.file_name))});
  for (const model::ExtraFile& extra : handoff.extra_files) {
    const std::string suffix = extra_file_suffix(files.size() - 1, extra.file_name);
    files.push_back({extra.range, name_of(id, suffix)});
  }
  return files;
}

// A page is never shortened instead: a client that counts takes such a page for the last one.
std::string entry_of_large(const model::VideoRecord& record) {
  boost::json::object document;
  document["id"] = record.id;
  document["status"] = record.status;
  return boost::json::serialize(document);
}

}  // namespace

class VideoLibrary::Change {
 public:
  Change(VideoLibrary& library, std::string id) : library_(library), id_(std::move(id)) {}
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
  VideoLibrary& library_;
  const std::string id_;
};

VideoLibrary::VideoLibrary(journal::Journal& journal, store::Store& store, store::NamedFiles& files,
                           delivery::SlowWork& slow_work, Prober& prober, Clock& clock, Log& log)
    : journal_(journal),
      store_(store),
      files_(files),
      slow_work_(slow_work),
      prober_(prober),
      clock_(clock),
      log_(log) {}

VideoLibrary::~VideoLibrary() = default;

runtime::Task<Result<delivery::Delivery>> VideoLibrary::deliver(const delivery::Handoff& handoff) {
  VideoDescription video = description_of(handoff);
  const std::vector<store::NamedRange> files = files_of(handoff, video.id);
  // The record comes after the move: an attempt that still finds the blob need not look for one.
  const bool leaves_trace = handoff.extra_files.empty() && handoff.file_size > 0;
  Result<bool> moved = false;
  if (leaves_trace) {
    moved = co_await store_.finish(handoff.upload_id, files);
  }
  if (!moved || !*moved) {
    Result<std::optional<model::VideoRecord>> known = co_await journal_.find_video(video.id);
    if (!known) {
      co_return fail(known.error());
    }
    if (std::optional<model::VideoRecord>& record = *known; record) {
      co_return delivered(handoff, std::move(record->document));
    }
    if (!leaves_trace) {
      moved = co_await store_.finish(handoff.upload_id, files);
    }
    if (!moved) {
      co_return fail(moved.error());
    }
  }
  Result<MediaInfo> media = co_await probe(handoff, files.front().name);
  if (!media && media.error().code() != Errc::unsupported_media_type) {
    co_return fail(media.error());
  }
  video.created_at = clock_.now();
  if (media) {
    video.status = VideoStatus::success;
    video.media = std::move(*media);
  } else {
    video.status = VideoStatus::fail;
    log_.warn(
        "video not recognised",
        {{"upload", handoff.upload_id}, {"video", video.id}, {"reason", media.error().message()}});
  }
  model::VideoRecord record = new_record(video, handoff.upload_id);
  record.owner = handoff.owner;
  delivery::Delivery delivery = delivered(handoff, record.document);
  delivery.changes.emplace_back(journal::PutVideo{std::move(record)});
  log_.info("video stored", {{"upload", handoff.upload_id},
                             {"video", video.id},
                             {"status", to_text(video.status)},
                             {"bytes", video.file_size}});
  co_return delivery;
}

delivery::Preview VideoLibrary::preview(const delivery::Handoff& handoff) const {
  VideoDescription video = description_of(handoff);
  video.status = VideoStatus::processing;
  video.created_at = handoff.created_at;
  return {video.id, answer_with(video_document(video))};
}

runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> VideoLibrary::read_delivered(
    const delivery::Handoff& handoff, ByteRange range) {
  const Result<model::VideoRecord> record =
      co_await find_present(video_id(handoff.idempotency_key), std::nullopt);
  const bool is_known = record || record.error().code() != Errc::not_found;
  if (is_known && !record) {
    co_return fail(record.error());
  }
  if (!is_known || !record->source_present) {
    co_return fail(Errc::not_found, "the file was removed from the video library");
  }
  const Result<std::string> extension = stored_extension_of(record->document);
  if (!extension) {
    co_return fail(extension.error());
  }
  co_return co_await files_.read(name_of(record->id, *extension), handoff.file_size, range);
}

runtime::Task<Result<MediaInfo>> VideoLibrary::probe(const delivery::Handoff& handoff,
                                                     std::string name) {
  if (!prober_.looks_at_files()) {
    co_return prober_.probe(-1);
  }
  const Result<std::shared_ptr<runtime::ReadableFile>> file =
      co_await files_.open(std::move(name), handoff.file_size);
  if (!file) {
    co_return fail(file.error());
  }
  auto work = [this, &file] { return prober_.probe((*file)->descriptor()); };
  co_return co_await slow_work_.run(handoff.owner, work);
}

runtime::Task<Result<>> VideoLibrary::put(model::VideoRecord record) {
  std::vector<journal::Change> changes;
  changes.emplace_back(journal::PutVideo{std::move(record)});
  co_return co_await journal_.commit(std::move(changes));
}

runtime::Task<Result<VideoList>> VideoLibrary::list(VideoFilter filter) {
  if (filter.status && !video_status_from_text(*filter.status)) {
    co_return fail(Errc::bad_request,
                   "status: expected processing, success or fail, got " +
                       to_valid_utf8(filter.status->substr(0, limits::excerpt_bytes_max)));
  }
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
  VideoList list;
  list.total = page->total;
  std::size_t bytes = 0;
  for (model::VideoRecord& record : page->records) {
    const bool fits = bytes + record.document.size() <= limits::list_page_bytes;
    list.documents.push_back(fits ? std::move(record.document) : entry_of_large(record));
    bytes += list.documents.back().size();
  }
  co_return list;
}

runtime::Task<Result<model::VideoRecord>> VideoLibrary::find_record(std::string id, Viewer viewer) {
  Result<std::optional<model::VideoRecord>> found = co_await journal_.find_video(id);
  if (!found) {
    co_return fail(found.error());
  }
  std::optional<model::VideoRecord>& record = *found;
  if (!record || (viewer && record->owner != *viewer)) {
    co_return fail(not_found(id));
  }
  co_return std::move(*record);
}

runtime::Task<Result<model::VideoRecord>> VideoLibrary::find_present(std::string id,
                                                                     Viewer viewer) {
  Result<model::VideoRecord> record = co_await find_record(id, std::move(viewer));
  if (record && record->status == deleted) {
    co_return fail(not_found(id));
  }
  co_return record;
}

runtime::Task<Result<std::string>> VideoLibrary::find(std::string id, Viewer viewer) {
  Result<model::VideoRecord> record = co_await find_present(std::move(id), std::move(viewer));
  if (!record) {
    co_return fail(record.error());
  }
  co_return std::move(record->document);
}

runtime::Task<Result<std::string>> VideoLibrary::metadata(std::string id, Viewer viewer) {
  Result<model::VideoRecord> record = co_await find_present(std::move(id), std::move(viewer));
  if (!record) {
    co_return fail(record.error());
  }
  co_return std::move(record->metadata);
}

runtime::Task<Result<>> VideoLibrary::remove(std::string id, Viewer viewer) {
  const Result<std::unique_ptr<Change>> change = co_await begin_change(id);
  if (!change) {
    co_return fail(change.error());
  }
  Result<model::VideoRecord> record = co_await find_record(id, std::move(viewer));
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
    log_.info("video removed", {{"upload", record->upload_id}, {"video", id}});
  }
  co_return forgotten;
}

runtime::Task<Result<>> VideoLibrary::remove_source(std::string id, Viewer viewer) {
  const Result<std::unique_ptr<Change>> change = co_await begin_change(id);
  if (!change) {
    co_return fail(change.error());
  }
  Result<model::VideoRecord> record = co_await find_present(id, std::move(viewer));
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

runtime::Task<Result<>> VideoLibrary::remove_files(const model::VideoRecord& record) {
  const Result<std::string> extension = stored_extension_of(record.document);
  const auto extra_files = stored_extra_files_of(record.document);
  if (!extension || !extra_files) {
    co_return fail(extension ? extra_files.error() : extension.error());
  }
  std::vector<std::string> names{name_of(record.id, *extension)};
  for (const StoredExtraFile& extra : *extra_files) {
    names.push_back(name_of(record.id, extra.suffix));
  }
  const Result<> removed = co_await files_.remove(std::move(names));
  if (!removed) {
    log_.error("a video's file was not removed", {{"upload", record.upload_id},
                                                  {"video", record.id},
                                                  {"reason", removed.error().message()}});
  }
  co_return removed;
}

// One whose file cannot be removed comes again in the next round, and does not stop the others.
runtime::Task<> VideoLibrary::clean_leftovers() {
  for (std::string last;;) {
    const Result<std::vector<model::VideoRecord>> leftovers =
        co_await journal_.leftover_videos(last, limits::video_leftovers_batch);
    if (!leftovers) {
      log_.error("the journal does not say which videos are left over",
                 {{"reason", leftovers.error().message()}});
      co_return;
    }
    if (leftovers->empty()) {
      co_return;
    }
    for (const model::VideoRecord& record : *leftovers) {
      (void)co_await remove(record.id, std::nullopt);
    }
    last = leftovers->back().id;
  }
}

runtime::Task<Result<std::unique_ptr<VideoLibrary::Change>>> VideoLibrary::begin_change(
    std::string id) {
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
    const bool ended = co_await other->wait(limits::video_change_patience);
    if (!ended) {
      co_return fail(Errc::overloaded, "another change of this video is still under way");
    }
  }
}

}  // namespace sluice::video
