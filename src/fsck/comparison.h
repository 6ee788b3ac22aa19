// SPDX-License-Identifier: MIT
// The problems of a record of the journal and a file that do not fit together. Pure: no I/O, no
// clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/upload.h"
#include "model/video.h"

namespace sluice::fsck {

enum class Remedy {
  none,         // Only a person can decide.
  cut_stored,   // The upload's stored ranges end where its blob does.
  forget_blob,  // The upload keeps its answer and can be handed over no more.
  move_aside,   // The file goes to lost+found.
  rebuild,      // Bytes of an upload are stored again.
  forget_file,  // Its video has no file any more; a file that is there goes to lost+found.
};

struct Finding {
  std::string what;
  Remedy remedy = Remedy::none;
  bool harmless = false;  // The server deals with it by itself.
};

// How far the hand-off of an upload came.
enum class HandedOver {
  no,
  file,    // The video's file is there and complete, its record is not.
  record,  // The video exists, or did.
};

// Whether the upload's bytes are to be there: more of them may come, or they may be handed over.
bool needs_bytes(const model::UploadRecord& record) noexcept;
// What can be done when some of them are not.
Remedy remedy_of_loss(const model::UploadRecord& record) noexcept;

// A blob's size is nullopt where there is no file. Nothing to say: nullopt.
std::optional<Finding> judge_upload(const model::UploadRecord& record,
                                    std::optional<std::uint64_t> blob_size, HandedOver handed_over);
// A blob that is there; `record` is null where the journal knows no such upload.
std::optional<Finding> judge_blob(std::uint64_t upload_id, const model::UploadRecord* record);

// `size` is what the file in answers/ has.
std::optional<Finding> judge_answer(const model::UploadRecord& record,
                                    std::optional<std::uint64_t> size);
// A file of answers/ that is there; `record` is null where the journal knows no such upload.
std::optional<Finding> judge_answer_file(std::uint64_t upload_id,
                                         const model::UploadRecord* record);

// `size` is what the file in videos/ has.
std::optional<Finding> judge_video(const model::VideoRecord& record,
                                   std::optional<std::uint64_t> size);
// A file of videos/ whose name begins with the id of `record`.
std::optional<Finding> judge_video_file(std::string_view name, const model::VideoRecord& record);
// A file of videos/ without a record. `upload` is the one whose interrupted hand-off gives this
// name, null where there is none.
Finding judge_unrecorded_video(std::string_view name, std::uint64_t size,
                               const model::UploadRecord* upload);
// A file that Sluice has not put there.
Finding judge_foreign(std::string_view path);

// Without the bytes that are lost; an upload that is not complete any more can be received again,
// until `expires_at` at least.
model::UploadProgress cut(model::UploadProgress progress, const RangeSet& lost,
                          Timestamp expires_at);
// From there on.
RangeSet bytes_behind(std::uint64_t end);

// Paths under the data directory, as docs/format.md has them.
std::string shard_name(std::uint64_t upload_id);
std::string blob_path(std::uint64_t upload_id);
// nullopt for any other name than one that blob_path() gives.
std::optional<std::uint64_t> upload_id_of(std::string_view shard, std::string_view name);
// nullopt for any other name than one of answers/.
std::optional<std::uint64_t> answer_id_of(std::string_view name);
bool is_shard_name(std::string_view name) noexcept;
// nullopt when the record's document does not say.
std::optional<std::string> video_file_name(const model::VideoRecord& record);
// The 32 hex digits that a name in videos/ begins with.
std::optional<std::string> video_id_of(std::string_view file_name);
// The video that the hand-off of `upload` makes, and its files, the main one first.
std::string handoff_video_id(const model::UploadRecord& upload);
struct HandoffFile {
  std::string name;
  std::uint64_t size = 0;
};
std::vector<HandoffFile> handoff_files(const model::UploadRecord& upload);
// The extra files that the video has; none where its source was removed or its document does not
// say.
std::vector<HandoffFile> extra_files_of(const model::VideoRecord& record);
// `size` is what the file has. Only a person can decide whether the video is of use without it.
std::optional<Finding> judge_extra_file(const HandoffFile& file, std::optional<std::uint64_t> size);
// In the data directory itself.
bool is_known_name(std::string_view name) noexcept;

}  // namespace sluice::fsck
