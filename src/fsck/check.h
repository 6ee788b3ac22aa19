// SPDX-License-Identifier: MIT
// One look at all that a journal names, and at all that is stored. Blocks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "fsck/blocking_journal.h"
#include "fsck/comparison.h"
#include "fsck/fsck.h"
#include "fsck/kept_files.h"
#include "fsck/lost_and_found.h"
#include "fsck/object_check.h"
#include "fsck/record_repairs.h"
#include "fsck/report.h"
#include "runtime/posix_disk.h"
#include "store/data_directory.h"

namespace sluice::fsck {

class Check {
 public:
  // `data`: null where nodes share the journal, and keep their files in the bucket.
  Check(const store::DataDirectory* data, BlockingJournal& journal, const Options& options,
        bool has_objects, Timestamp now, const Say& say)
      : data_(data),
        journal_(journal),
        has_objects_(has_objects),
        kept_(options.directory, has_objects, options.bucket),
        lost_and_found_(disk_, options.directory, now),
        report_(options, say),
        repairs_(journal, now),
        objects_(journal, options.bucket, options.rebuild, repairs_, report_) {}

  Result<> run();
  const Summary& summary() const noexcept { return report_.summary; }

 private:
  using Repair = Report::Repair;
  using UnrecordedFiles = std::map<std::string, std::uint64_t>;  // Name to size.

  Result<> check_journal();
  Result<> check_rows();
  Result<> check_rows_read();
  Result<> check_uploads();
  Result<> check_upload(const model::UploadRecord& record);
  Result<> check_blob(const model::UploadRecord& record);
  Result<HandedOver> handed_over(const model::UploadRecord& record);
  Result<> check_videos();
  Result<> check_video(const model::VideoRecord& record);
  Result<> check_top();
  Result<> check_shards();
  Result<> check_shard(const std::string& shard);
  // judge_blob() or judge_answer_file().
  using JudgeFile = std::optional<Finding> (*)(std::uint64_t upload_id,
                                               const model::UploadRecord* record);
  Result<> check_file_of_upload(std::uint64_t id, const std::string& path, JudgeFile judge);
  Result<> check_answers();
  Result<> check_video_files();
  Result<> check_video_file(const std::string& name, std::optional<std::uint64_t> size,
                            UnrecordedFiles& unrecorded);
  // Looks for the uploads that `files` come from, and empties it.
  Result<> explain(UnrecordedFiles& files);

  Result<std::string> forget_file(const model::VideoRecord& record);
  Result<std::string> move_aside(const std::string& path);
  void report_file(const Finding& finding, const std::string& path);

  std::string full(const std::string& path) const { return data_->path() + "/" + path; }

  const store::DataDirectory* const data_;
  BlockingJournal& journal_;
  const bool has_objects_;
  KeptFiles kept_;
  runtime::PosixDisk disk_;
  LostAndFound lost_and_found_;
  Report report_;
  RecordRepairs repairs_;
  ObjectCheck objects_;
};

}  // namespace sluice::fsck
