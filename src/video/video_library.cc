// SPDX-License-Identifier: MIT
#include "video/video_library.h"

#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "library/stored_names.h"
#include "video/video_json.h"

namespace sluice::video {
namespace {

using model::VideoRecord;

VideoDescription description_of(const delivery::Handoff& handoff) {
  VideoDescription video;
  video.id = library::record_id(handoff.idempotency_key);
  video.file_name = handoff.file_name;
  video.file_size = handoff.file_size;
  video.parameters = handoff.parameters;
  video.extra_files = handoff.extra_files;
  return video;
}

// In the API's words where the record is not there.
Error told_of(const std::string& id, const Error& error) {
  return error.code() == Errc::not_found
             ? Error(Errc::not_found, "Couldn't find Video with ID=" + to_valid_utf8(id))
             : error;
}

}  // namespace

runtime::Task<Result<delivery::Delivery>> VideoLibrary::deliver(const delivery::Handoff& handoff) {
  const Result<std::optional<VideoRecord>> known = co_await library_.take(handoff);
  if (!known) {
    co_return fail(known.error());
  }
  if (*known) {
    co_return library_.delivered(handoff, (*known)->document);
  }
  Result<MediaInfo> media = co_await probe(handoff);
  if (!media && media.error().code() != Errc::unsupported_media_type) {
    co_return fail(media.error());
  }
  VideoDescription video = description_of(handoff);
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
  VideoRecord record = library::record_of(handoff);
  record.created_at = video.created_at;
  record.status = to_text(video.status);
  record.document = video_document(video);
  record.metadata = video_metadata(video);
  log_.info("video stored", {{"upload", handoff.upload_id},
                             {"video", video.id},
                             {"status", to_text(video.status)},
                             {"bytes", video.file_size}});
  co_return library_.kept(handoff, std::move(record));
}

delivery::Preview VideoLibrary::preview(const delivery::Handoff& handoff) const {
  VideoDescription video = description_of(handoff);
  video.status = VideoStatus::processing;
  video.created_at = handoff.created_at;
  return {video.id, library::answer_with(video_document(video))};
}

runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> VideoLibrary::read_delivered(
    const delivery::Handoff& handoff, ByteRange range) {
  return library_.read_delivered(handoff, range);
}

runtime::Task<Result<MediaInfo>> VideoLibrary::probe(const delivery::Handoff& handoff) {
  if (std::optional<MediaInfo> known = prober_.known()) {
    co_return *std::move(known);
  }
  const Result<std::shared_ptr<runtime::ReadableFile>> file = co_await library_.open(handoff);
  if (!file) {
    co_return fail(file.error());
  }
  auto work = [this, &file, &handoff] { return prober_.probe(**file, handoff.file_size); };
  co_return co_await slow_work_.run(handoff.owner, work);
}

runtime::Task<Result<VideoList>> VideoLibrary::list(VideoFilter filter) {
  if (filter.status && !video_status_from_text(*filter.status)) {
    co_return fail(Errc::bad_request,
                   "status: expected processing, success or fail, got " +
                       to_valid_utf8(filter.status->substr(0, limits::excerpt_bytes_max)));
  }
  co_return co_await library_.list(std::move(filter));
}

runtime::Task<Result<VideoRecord>> VideoLibrary::find_record(std::string id, model::Viewer viewer) {
  Result<VideoRecord> record = co_await library_.find(library::Kind::video, id, std::move(viewer));
  if (!record) {
    co_return fail(told_of(id, record.error()));
  }
  co_return record;
}

runtime::Task<Result<std::string>> VideoLibrary::find(std::string id, model::Viewer viewer) {
  Result<VideoRecord> record = co_await find_record(std::move(id), std::move(viewer));
  if (!record) {
    co_return fail(record.error());
  }
  co_return std::move(record->document);
}

runtime::Task<Result<std::string>> VideoLibrary::metadata(std::string id, model::Viewer viewer) {
  Result<VideoRecord> record = co_await find_record(std::move(id), std::move(viewer));
  if (!record) {
    co_return fail(record.error());
  }
  co_return std::move(record->metadata);
}

runtime::Task<Result<>> VideoLibrary::remove(std::string id, model::Viewer viewer) {
  const Result<> removed = co_await library_.remove(library::Kind::video, id, std::move(viewer));
  if (!removed) {
    co_return fail(told_of(id, removed.error()));
  }
  co_return Result<>();
}

runtime::Task<Result<>> VideoLibrary::remove_source(std::string id, model::Viewer viewer) {
  const Result<> removed =
      co_await library_.remove_source(library::Kind::video, id, std::move(viewer));
  if (!removed) {
    co_return fail(told_of(id, removed.error()));
  }
  co_return Result<>();
}

}  // namespace sluice::video
