// SPDX-License-Identifier: MIT
// The invariants of several nodes.
#include <fmt/format.h>

#include <set>

#include "simulation/nodes_world.h"

namespace sluice::simulation {

using model::UploadRecord;

void NodesWorld::check() {
  for (auto& [id, upload] : uploads_) {
    if (sound()) {
      check_upload(upload);
    }
  }
  check_application();
}

void NodesWorld::check_application() {
  for (const auto& [key, taken] : shared_.application) {
    const auto found = uploads_.find(taken.upload_id);
    const std::string* const confirmed =
        found == uploads_.end() ? nullptr : &found->second.confirmed;
    for (std::size_t at = 0; confirmed != nullptr && at < confirmed->size(); ++at) {
      if ((*confirmed)[at] != '\0' && (*confirmed)[at] != taken.bytes.at(at)) {
        shared_.violate(
            fmt::format("the backend has another byte {} of upload {} than was "
                        "acknowledged",
                        at, taken.upload_id));
      }
    }
  }
  std::set<std::uint64_t> with_video;
  for (const auto& [id, video] : shared_.journal.videos) {
    if (!with_video.insert(video.upload_id).second) {
      shared_.violate(fmt::format("the hand-off of upload {} had two effects", video.upload_id));
    }
  }
}

void NodesWorld::check_upload(Known& upload) {
  const auto found = shared_.journal.uploads.find(upload.id);
  if (found == shared_.journal.uploads.end()) {
    if (!upload.may_be_gone) {
      shared_.violate(fmt::format("upload {} is lost", upload.id));
    }
    return;
  }
  const UploadRecord& record = found->second;
  if (upload::is_gone(record.progress.state)) {
    if (!upload.may_be_gone) {
      shared_.violate(fmt::format("upload {} is {}: {}", upload.id,
                                  model::to_text(record.progress.state), record.progress.failure));
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
  if (record.progress.state != model::UploadState::delivered) {
    check_bytes(upload, record.progress.stored);
  }
}

// A byte that is stored is in the bucket, is one that a client has sent, and stays as it is.
void NodesWorld::check_bytes(Known& upload, const RangeSet& ranges) {
  if (shared_.journal.covered(upload.id) != ranges) {
    shared_.violate(fmt::format("upload {}: its extents are not what is stored", upload.id));
  }
  std::string content = shared_.content_of(upload.id);
  content.resize(upload.source.size());
  const auto violate = [&](std::size_t at, const char* what) {
    shared_.violate(fmt::format("upload {}: byte {} {}", upload.id, at, what));
  };
  for (const ByteRange& range : ranges.ranges()) {
    const std::size_t hole = content.find('\0', range.begin);
    if (hole < range.end) {
      violate(hole, "is stored, and gone");
    }
  }
  for (std::size_t at = 0; at < content.size(); ++at) {
    const char byte = content[at];
    if (upload.confirmed[at] != '\0' && upload.confirmed[at] != byte) {
      violate(at, "is not as it was acknowledged");
    }
    if (upload.stored[at] != '\0' && upload.stored[at] != byte) {
      violate(at, "was stored, and has changed");
    }
    if (byte != '\0' && byte != upload.source[at] &&
        !(upload.is_mixed && byte == upload.others[at])) {
      violate(at, "was never sent");
    }
    upload.stored[at] = byte;
  }
}

}  // namespace sluice::simulation
