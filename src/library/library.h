// SPDX-License-Identifier: MIT
// What the embedded backends keep: the files of finished uploads, and a record of the journal for
// each. A backend says what the record tells of its file, and all else is the same for all.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "delivery/backend.h"
#include "journal/journal.h"
#include "model/video.h"
#include "model/viewer.h"
#include "runtime/byte_source.h"
#include "runtime/event.h"
#include "runtime/readable_file.h"
#include "store/named_files.h"
#include "store/store.h"

namespace sluice::library {

// What a record is of. A file is one that is kept as it is: its status is `stored`.
enum class Kind { video, file };

inline constexpr const char* stored = "stored";

struct Filter {
  std::optional<std::string> status;  // As journal::VideoQuery has it.
  std::uint64_t page = 1;
  std::uint64_t per_page = 100;
  model::Viewer viewer = std::nullopt;
};

struct DocumentList {
  std::vector<std::string> documents;  // JSON, one line each, newest first.
  std::uint64_t total = 0;             // On all pages.
};

// The order of writes to the disk: first the file under a name that follows from the upload, then,
// in one commit, the record and the upload's answer. A removal goes the other way: the record says
// so, the files go, the record goes. No hand-off is repeated for a file that has a record, and
// none needs it: the upload's answer came with it.
// So a file without a record belongs to an upload whose hand-off will be repeated, and a crash
// between any two steps leaves nothing behind that the next attempt or clean_leftovers() does not
// find. The names are the same for all backends: a hand-off that one has begun another can end.
// Any worker; its references outlive it.
class Library {
 public:
  Library(journal::Journal& journal, store::Store& store, store::NamedFiles& files, Log& log);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // Gives the files of the hand-off their names. The record, where an earlier attempt came to its
  // end; unset: the caller makes one, and delivers it with kept().
  runtime::Task<Result<std::optional<model::VideoRecord>>> take(const delivery::Handoff& handoff);
  // The hand-off of a file whose record, with this document, is there already.
  delivery::Delivery delivered(const delivery::Handoff& handoff, std::string document) const;
  // The same with a new record.
  delivery::Delivery kept(const delivery::Handoff& handoff, model::VideoRecord record) const;
  // The main file of a hand-off that was taken.
  runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open(
      const delivery::Handoff& handoff);
  // Bytes of the main file of a record; not_found where the record alone is there. `record` lives
  // until this returns.
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read(const model::VideoRecord& record,
                                                                   ByteRange range);
  // As delivery::Backend has it.
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read_delivered(
      const delivery::Handoff& handoff, ByteRange range);

  // REQUIRES: the query's status is one that a list can have.
  runtime::Task<Result<DocumentList>> list(Filter filter);
  // not_found for a record of another owner or kind, and for one that is being removed.
  runtime::Task<Result<model::VideoRecord>> find(Kind kind, std::string id, model::Viewer viewer);
  // The files and the record. A removal that failed half-way can be repeated; one that is complete
  // is not_found.
  runtime::Task<Result<>> remove(Kind kind, std::string id, model::Viewer viewer);
  // The files alone; the record stays. Repeating it is no error.
  runtime::Task<Result<>> remove_source(Kind kind, std::string id, model::Viewer viewer);
  // Ends the removals that a crash or a failing disk interrupted. At start-up, and whenever wanted.
  runtime::Task<> clean_leftovers();

 private:
  class Change;

  runtime::Task<Result<model::VideoRecord>> find_record(Kind kind, std::string id,
                                                        model::Viewer viewer);
  runtime::Task<Result<>> put(model::VideoRecord record);
  // `record` lives until this returns.
  runtime::Task<Result<>> remove_files(const model::VideoRecord& record);
  // Waits until no other change of the record is under way, and keeps others out.
  runtime::Task<Result<std::unique_ptr<Change>>> begin_change(std::string id);

  journal::Journal& journal_;
  store::Store& store_;
  store::NamedFiles& files_;
  Log& log_;

  Mutex mutex_;
  // Set when the change of that record has ended.
  std::map<std::string, std::shared_ptr<runtime::Event>> changes_ GUARDED_BY(mutex_);
};

// A record of the hand-off, for the backend to complete.
model::VideoRecord record_of(const delivery::Handoff& handoff);

model::Answer answer_with(std::string document);

}  // namespace sluice::library
