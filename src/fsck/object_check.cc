// SPDX-License-Identifier: MIT
#include "fsck/object_check.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/limits.h"
#include "fsck/extents.h"

namespace sluice::fsck {

using model::UploadRecord;

Result<> ObjectCheck::check_upload(const UploadRecord& record) {
  // Of any other there is nothing to say, and there may be a million of them: one request each.
  if (!needs_bytes(record)) {
    return {};
  }
  const auto extents = journal_.extents(record.id);
  if (!extents) {
    return fail(extents.error());
  }
  std::optional<std::vector<UploadObject>> objects;
  if (bucket_ != nullptr) {
    auto listed = bucket_->objects_of(record.id);
    if (!listed) {
      return fail(listed.error());
    }
    objects = *std::move(listed);
  }
  const ExtentReport found = compare(record, *extents, objects);
  if (rebuilds_ && !found.unused.empty() &&
      record.progress.state == model::UploadState::receiving) {
    rebuild(record, found.unused);
    return {};
  }
  if (const auto finding = judge_extents(record, found)) {
    Report::Repair repair;
    if (finding->remedy == Remedy::cut_stored) {
      repair = [&] { return repairs_.cut_stored(record, found.lost); };
    } else if (finding->remedy == Remedy::forget_blob) {
      repair = [&] { return repairs_.forget_blob(record); };
    }
    report_.add(*finding, repair);
  }
  return {};
}

void ObjectCheck::rebuild(const UploadRecord& record, const std::vector<model::Extent>& unused) {
  journal::UpdateUpload update{.id = record.id, .progress = record.progress, .extents = unused};
  update.layout = record.layout;
  RangeSet bytes;
  for (const model::Extent& extent : unused) {
    bytes.add(extent.range);
    update.progress.stored.add(extent.range);
  }
  report_.add({fmt::format("upload {}: objects hold the bytes {}, which the journal does not have",
                           record.id, bytes.to_text()),
               Remedy::rebuild},
              [&]() -> Result<std::string> {
                const Result<> done = journal_.commit(std::move(update));
                return done ? Result<std::string>("they are stored now") : fail(done.error());
              });
}

Result<> ObjectCheck::check_rest() {
  if (bucket_ == nullptr) {
    report_.add(
        {"the bytes of uploads lie in objects, which were not looked at: name the "
         "settings of the server with --config",
         Remedy::none, true});
    return {};
  }
  return bucket_->for_each_upload(
      [this](std::uint64_t upload_id, std::uint64_t objects, std::uint64_t bytes) -> Result<> {
        const auto record = journal_.find_upload(upload_id);
        if (!record) {
          return record.error().code() == Errc::record_damaged ? Result<>() : fail(record.error());
        }
        if (!*record) {
          report_.add(
              {fmt::format("{} objects with {} bytes are of upload {}, which the journal "
                           "does not know",
                           objects, bytes, upload_id)});
        }
        return {};
      });
}

}  // namespace sluice::fsck
