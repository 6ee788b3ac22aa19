// SPDX-License-Identifier: MIT
// The clients of two nodes, and the answers that they may get.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "simulation/two_engines_world.h"

namespace sluice::simulation {

using model::UploadRecord;
using model::UploadState;
using runtime::Task;

namespace {

constexpr std::uint64_t file_size_max = 3000;

}  // namespace

Task<> TwoEngines::create(Node& node) {
  std::string source = dice_.bytes(dice_.between(1, file_size_max));
  upload::NewUpload request{source.size(), "file.mp4", "video/mp4", "{}"};
  const Result<upload::SnapshotPtr> created = co_await node.engine().create(std::move(request));
  if (!node.gate().is_alive() || !created) {
    co_return;
  }
  Known known;
  known.id = (*created)->id;
  known.token = (*created)->token;
  shared_.sources[known.id] = std::move(source);
  if (!uploads_.emplace(known.id, std::move(known)).second) {
    shared_.violate("two uploads have one number");
  }
}

Task<> TwoEngines::append(Node& node, Known& upload, ByteRange range, ClientSource::Ending ending) {
  const Known before = upload;
  const std::string bytes = shared_.sources[upload.id].substr(range.begin, range.size());
  const std::uint64_t sent =
      ending == ClientSource::Ending::end ? bytes.size() : dice_.below(bytes.size() + 1);
  ClientSource body(bytes.substr(0, sent), ending, bytes.size(), dice_);
  sources_.push_back({&body, &node});
  const upload::Range piece{range.begin, range.end};
  const Result<upload::SnapshotPtr> result =
      co_await node.engine().append(before.token, piece, body);
  std::erase_if(sources_, [&](const Request& request) { return request.source == &body; });
  if (!node.gate().is_alive()) {
    co_return;
  }
  if (result) {
    hear(upload, before, **result);
  } else {
    hear_error(before, upload, result.error());
  }
}

Task<> TwoEngines::status(Node& node, Known& upload) {
  const Known before = upload;
  const Result<upload::SnapshotPtr> result = co_await node.engine().status(before.token);
  if (!node.gate().is_alive()) {
    co_return;
  }
  if (result) {
    hear(upload, before, **result);
  } else {
    hear_error(before, upload, result.error());
  }
}

Task<> TwoEngines::abort(Node& node, Known& upload) {
  upload.may_be_gone = true;
  (void)co_await node.engine().abort(upload.token);
}

Task<> TwoEngines::reap(Node& node) {
  (void)co_await node.engine().reaper().reap();
}

void TwoEngines::hear(Known& upload, const Known& before, const upload::Snapshot& snapshot) {
  if (snapshot.acknowledged < before.acknowledged) {
    shared_.violate(fmt::format("of upload {} {} bytes were acknowledged, and then only {}",
                                upload.id, before.acknowledged, snapshot.acknowledged));
  }
  upload.acknowledged = std::max(upload.acknowledged, snapshot.acknowledged);
  if (!snapshot.answer) {
    if (before.answer) {
      shared_.violate(fmt::format("the answer of upload {} is forgotten", upload.id));
    }
    return;
  }
  if (upload.answer && *upload.answer != snapshot.answer->body) {
    shared_.violate(fmt::format("upload {} has two answers", upload.id));
  }
  upload.answer = snapshot.answer->body;
}

// An answer that a retry does not heal is a violation.
void TwoEngines::hear_error(const Known& before, const Known& upload, const Error& error) {
  const bool is_mistake = info(error.code()).http_status < 500;
  if (is_mistake && error.code() != Errc::closed_by_peer && !upload.may_be_gone) {
    shared_.violate(fmt::format("a client of upload {} hears {}: {}", before.id,
                                info(error.code()).name, error.message()));
  }
}

void TwoEngines::check() {
  for (const auto& [id, upload] : uploads_) {
    if (sound()) {
      check_upload(upload);
    }
  }
  std::set<std::uint64_t> with_video;
  for (const auto& [id, video] : shared_.journal.videos) {
    if (!with_video.insert(video.upload_id).second) {
      shared_.violate(fmt::format("the hand-off of upload {} had two effects", video.upload_id));
    }
  }
}

void TwoEngines::check_upload(const Known& upload) {
  const auto found = shared_.journal.uploads.find(upload.id);
  if (found == shared_.journal.uploads.end()) {
    shared_.violate(fmt::format("upload {} is lost", upload.id));
    return;
  }
  const UploadRecord& record = found->second;
  if (upload::is_gone(record.progress.state)) {
    if (!upload.may_be_gone) {
      shared_.violate(fmt::format("upload {} is gone", upload.id));
    }
    return;
  }
  if (upload::acknowledged(record.progress) < upload.acknowledged) {
    shared_.violate(fmt::format("upload {}: the journal has lost acknowledged bytes", upload.id));
  }
  if (upload.answer &&
      (!record.progress.answer || record.progress.answer->body != *upload.answer)) {
    shared_.violate(fmt::format("upload {}: the journal has another answer", upload.id));
  }
  if (upload::is_decided(record.progress.state)) {
    return;
  }
  const std::string& source = shared_.sources[upload.id];
  const std::string& blob = shared_.store.blobs[upload.id].durable;
  for (const ByteRange& range : record.progress.stored.ranges()) {
    if (blob.size() < range.end ||
        blob.compare(range.begin, range.size(), source, range.begin, range.size()) != 0) {
      shared_.violate(fmt::format("upload {}: stored bytes are gone or others", upload.id));
    }
  }
}

}  // namespace sluice::simulation
