// SPDX-License-Identifier: MIT
#include "fsck/check.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"
#include "fsck/directory.h"
#include "fsck/set_aside.h"
#include "store/local/blob_split.h"

namespace sluice::fsck {
namespace {

using model::UploadRecord;
using model::UploadState;
using model::VideoRecord;

bool may_be_handed_over(UploadState state) {
  return state == UploadState::received || state == UploadState::delivering ||
         state == UploadState::failed || state == UploadState::set_aside;
}

}  // namespace

// Records before files: a repair of a record can leave a file without an explanation, not the other
// way round.
Result<> Check::run() {
  using Step = Result<> (Check::*)();
  static constexpr std::array<Step, 8> all{&Check::check_journal, &Check::check_rows,
                                           &Check::check_uploads, &Check::check_videos,
                                           &Check::check_top,     &Check::check_shards,
                                           &Check::check_answers, &Check::check_video_files};
  static constexpr std::array<Step, 5> of_shared{&Check::check_uploads, &Check::check_videos,
                                                 &Check::check_answers, &Check::check_video_files,
                                                 &Check::check_rows_read};
  Result<> done;
  for (const Step step : data_ != nullptr ? std::span<const Step>(all) : of_shared) {
    if (done) {
      done = (this->*step)();
    }
  }
  return done;
}

Result<> Check::check_journal() {
  const Result<std::vector<std::string>> problems = journal_.integrity_problems();
  if (!problems) {
    return fail(problems.error());
  }
  for (const std::string& problem : *problems) {
    report_.add({"journal.sqlite is damaged: " + in_quotes(problem)});
  }
  if (!problems->empty()) {
    return fail(Errc::storage_failed, "what a damaged journal says is not compared with anything");
  }
  return {};
}

Result<> Check::check_rows() {
  const auto rows = find_damaged_rows(journal_);
  if (!rows) {
    return fail(rows.error());
  }
  for (const journal::DamagedRow& row : *rows) {
    report_.add({to_text(row)}, [&] { return set_aside(journal_, lost_and_found_, row); });
  }
  return {};
}

// Where nodes share the tables, these rows stay in them.
Result<> Check::check_rows_read() {
  if (const std::int64_t count = journal_.unreadable_rows(); count > 0) {
    report_.add({fmt::format("rows that cannot be read: {}; the log of a node names them", count)});
  }
  return {};
}

Result<> Check::check_uploads() {
  for (std::uint64_t last = 0;;) {
    const auto page = journal_.uploads_after(last);
    if (!page) {
      return fail(page.error());
    }
    if (page->empty()) {
      return has_objects_ ? objects_.check_rest() : Result<>();
    }
    for (const UploadRecord& record : *page) {
      ++report_.summary.uploads;
      if (Result<> checked = check_upload(record); !checked) {
        return checked;
      }
    }
    last = page->back().id;
  }
}

Result<> Check::check_blob(const UploadRecord& record) {
  const auto blob = size_of(full(blob_path(record.id)));
  if (!blob) {
    return fail(blob.error());
  }
  const Result<HandedOver> handed = handed_over(record);
  if (!handed) {
    return fail(handed.error());
  }
  if (const auto finding = judge_upload(record, *blob, *handed)) {
    Repair repair;
    if (finding->remedy == Remedy::cut_stored) {
      repair = [&] { return repairs_.cut_stored(record, bytes_behind(blob->value_or(0))); };
    } else if (finding->remedy == Remedy::forget_blob) {
      repair = [&] { return repairs_.forget_blob(record); };
    }
    report_.add(*finding, repair);
  }
  return {};
}

Result<> Check::check_upload(const UploadRecord& record) {
  if (const Result<> done = has_objects_ ? objects_.check_upload(record) : check_blob(record);
      !done) {
    return done;
  }
  if (!kept_.can_be_looked_at() || !record.progress.answer ||
      record.progress.answer->spilled_bytes == 0) {
    return {};
  }
  const auto answer =
      kept_.size_of("answers/" + std::to_string(record.id) + record.progress.answer->spilled_as);
  if (!answer) {
    return fail(answer.error());
  }
  if (const auto finding = judge_answer(record, *answer)) {
    report_.add(*finding);
  }
  return {};
}

Result<HandedOver> Check::handed_over(const UploadRecord& record) {
  if (!may_be_handed_over(record.progress.state)) {
    return HandedOver::no;
  }
  const auto video = journal_.find_video(handoff_video_id(record));
  if (is_set_aside(video)) {
    return HandedOver::record;
  }
  if (!video) {
    return fail(video.error());
  }
  if (*video) {
    return HandedOver::record;
  }
  const HandoffFile file = handoff_files(record).front();
  const auto size = size_of(full("videos/" + file.name));
  if (!size) {
    return fail(size.error());
  }
  return *size == file.size ? HandedOver::file : HandedOver::no;
}

Result<> Check::check_videos() {
  for (std::string last;;) {
    const auto page = journal_.videos_after(last);
    if (!page) {
      return fail(page.error());
    }
    if (page->empty()) {
      return {};
    }
    for (const VideoRecord& record : *page) {
      ++report_.summary.videos;
      if (Result<> checked = check_video(record); !checked) {
        return checked;
      }
    }
    last = page->back().id;
  }
}

Result<> Check::check_video(const VideoRecord& record) {
  if (!kept_.can_be_looked_at()) {
    return {};
  }
  std::optional<std::uint64_t> size;
  if (const auto name = video_file_name(record)) {
    const auto found = kept_.size_of("videos/" + *name);
    if (!found) {
      return fail(found.error());
    }
    size = *found;
  }
  if (const auto finding = judge_video(record, size)) {
    Repair repair;
    if (finding->remedy == Remedy::forget_file) {
      repair = [&] { return forget_file(record); };
    }
    report_.add(*finding, repair);
  }
  for (const HandoffFile& file : extra_files_of(record)) {
    const auto found = kept_.size_of("videos/" + file.name);
    if (!found) {
      return fail(found.error());
    }
    if (const auto finding = judge_extra_file(file, *found)) {
      report_.add(*finding);
    }
  }
  return {};
}

Result<> Check::check_top() {
  return for_each_name(data_->path(), [this](const std::string& name) -> Result<> {
    if (!is_known_name(name)) {
      report_file(judge_foreign(name), name);
    }
    return {};
  });
}

Result<> Check::check_shards() {
  return for_each_name(data_->uploads(), [this](const std::string& shard) -> Result<> {
    const std::string path = "uploads/" + shard;
    const Result<bool> directory = is_directory(full(path));
    if (!directory) {
      return fail(directory.error());
    }
    if (*directory && is_shard_name(shard)) {
      return check_shard(shard);
    }
    report_file(judge_foreign(path), path);
    return {};
  });
}

Result<> Check::check_shard(const std::string& shard) {
  return for_each_name(data_->uploads() + "/" + shard, [&](const std::string& name) -> Result<> {
    const std::string path = "uploads/" + shard + "/" + name;
    const std::optional<std::uint64_t> id = upload_id_of(shard, name);
    const auto size = size_of(full(path));
    if (!size) {
      return fail(size.error());
    }
    if (!id || !*size) {
      report_file(judge_foreign(path), path);
      return {};
    }
    return check_file_of_upload(*id, path, judge_blob);
  });
}

Result<> Check::check_file_of_upload(std::uint64_t id, const std::string& path, JudgeFile judge) {
  const auto record = journal_.find_upload(id);
  if (is_set_aside(record)) {
    return {};
  }
  if (!record) {
    return fail(record.error());
  }
  if (const auto finding = judge(id, *record ? &**record : nullptr)) {
    report_file(*finding, path);
  }
  return {};
}

// Of a folder of objects there are several for an upload: <id>/<what tells them apart>.
Result<> Check::check_answers() {
  if (!kept_.can_be_looked_at()) {
    return {};
  }
  return kept_.for_each("answers", [this](const std::string& name, auto size) -> Result<> {
    const std::string path = "answers/" + name;
    const std::optional<std::uint64_t> id = answer_id_of(name.substr(0, name.find('/')));
    if (!id || !size) {
      report_file(judge_foreign(path), path);
      return {};
    }
    return check_file_of_upload(*id, path, judge_answer_file);
  });
}

Result<> Check::check_video_files() {
  if (!kept_.can_be_looked_at()) {
    return {};
  }
  UnrecordedFiles unrecorded;
  Result<> done = kept_.for_each("videos", [&](const std::string& name, auto size) -> Result<> {
    Result<> checked = check_video_file(name, size, unrecorded);
    if (checked && unrecorded.size() >= limits::fsck_unrecorded_files_max) {
      return explain(unrecorded);
    }
    return checked;
  });
  return done ? explain(unrecorded) : done;
}

Result<> Check::check_video_file(const std::string& name, std::optional<std::uint64_t> size,
                                 UnrecordedFiles& unrecorded) {
  const std::string path = "videos/" + name;
  const std::optional<std::string> id = video_id_of(name);
  if (!id || !size) {
    report_file(judge_foreign(path), path);
    return {};
  }
  const auto record = journal_.find_video(*id);
  if (is_set_aside(record)) {
    return {};
  }
  if (!record) {
    return fail(record.error());
  }
  if (!*record) {
    unrecorded.emplace(name, *size);
  } else if (const auto finding = judge_video_file(name, **record)) {
    report_file(*finding, path);
  }
  return {};
}

Result<> Check::explain(UnrecordedFiles& files) {
  for (std::uint64_t last = 0; !files.empty();) {
    const auto page = journal_.uploads_after(last);
    if (!page) {
      return fail(page.error());
    }
    if (page->empty()) {
      break;
    }
    for (const UploadRecord& upload : *page) {
      const bool known_here = may_be_handed_over(upload.progress.state);
      for (const HandoffFile& known :
           known_here ? handoff_files(upload) : std::vector<HandoffFile>()) {
        for (const std::string& name : {known.name, known.name + store::local::partial_suffix}) {
          if (const auto file = files.find(name); file != files.end()) {
            report_file(judge_unrecorded_video(name, file->second, &upload), "videos/" + name);
            files.erase(file);
          }
        }
      }
    }
    last = page->back().id;
  }
  for (const auto& [name, size] : files) {
    report_file(judge_unrecorded_video(name, size, nullptr), "videos/" + name);
  }
  files.clear();
  return {};
}

// The file first: should the process end in between, the next run finds it missing.
Result<std::string> Check::forget_file(const VideoRecord& record) {
  std::string done;
  const std::string path = "videos/" + video_file_name(record).value_or("");
  const auto size = kept_.size_of(path);
  if (!size) {
    return fail(size.error());
  }
  if (*size && kept_.can_be_moved()) {
    Result<std::string> moved = move_aside(path);
    if (!moved) {
      return moved;
    }
    done = *moved + ", ";
  }
  VideoRecord changed = record;
  changed.source_present = false;
  const Result<> committed = journal_.commit(journal::PutVideo{std::move(changed)});
  if (!committed) {
    return fail(committed.error());
  }
  return done + "its video is without a file now";
}

Result<std::string> Check::move_aside(const std::string& path) {
  const Result<std::string> target = lost_and_found_.take(path);
  if (!target) {
    return fail(target.error());
  }
  return "moved to " + in_quotes(*target);
}

void Check::report_file(const Finding& finding, const std::string& path) {
  Repair repair;
  if (finding.remedy == Remedy::move_aside && kept_.can_be_moved()) {
    repair = [&] { return move_aside(path); };
  }
  report_.add(finding, repair);
}

}  // namespace sluice::fsck
