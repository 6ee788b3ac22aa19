// SPDX-License-Identifier: MIT
#include "files/file_library.h"

#include <optional>
#include <utility>

#include "auth/mac.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/random.h"
#include "delivery/read_through.h"
#include "files/file_json.h"
#include "library/stored_names.h"

namespace sluice::files {
namespace {

using model::VideoRecord;
using runtime::Task;

constexpr char separator = '-';

class KeptFile final : public OpenedFile {
 public:
  KeptFile(library::Library& library, VideoRecord record, FileDescription description)
      : library_(library), record_(std::move(record)), description_(std::move(description)) {}

  const std::string& name() const noexcept override { return description_.file_name; }
  const std::string& content_type() const noexcept override { return description_.content_type; }
  const std::string& sha256() const noexcept override { return description_.sha256; }
  std::uint64_t size() const noexcept override { return description_.file_size; }
  Task<Result<std::shared_ptr<runtime::ByteSource>>> bytes(ByteRange range) const override {
    return library_.read(record_, range);
  }

 private:
  library::Library& library_;
  const VideoRecord record_;
  const FileDescription description_;
};

Error no_such_file(const std::string& id) {
  return Error(Errc::not_found, "Couldn't find a file with ID=" + to_valid_utf8(id));
}

Error told_of(const std::string& id, const Error& error) {
  return error.code() == Errc::not_found ? no_such_file(id) : error;
}

}  // namespace

Task<Result<delivery::Delivery>> FileLibrary::deliver(const delivery::Handoff& handoff) {
  const Result<std::optional<VideoRecord>> known = co_await library_.take(handoff);
  if (!known) {
    co_return fail(known.error());
  }
  if (*known) {
    co_return library_.delivered(handoff, (*known)->document);
  }
  Result<std::string> sha256 = co_await digest(handoff);
  if (!sha256) {
    co_return fail(sha256.error());
  }
  VideoRecord record = library::record_of(handoff);
  record.created_at = clock_.now();
  record.status = library::stored;
  FileDescription file;
  file.id = record.id;
  file.file_name = handoff.file_name;
  file.file_size = handoff.file_size;
  file.sha256 = *std::move(sha256);
  file.content_type = handoff.content_type;
  file.created_at = record.created_at;
  // The id is in logs and in lists; the rest is told to those alone who may see the record.
  file.url = base_ + shared_path + record.id + separator + random_token();
  file.extra_files = handoff.extra_files;
  record.document = file_document(file);
  record.metadata = "{}";
  log_.info("file stored",
            {{"upload", handoff.upload_id}, {"file", record.id}, {"bytes", handoff.file_size}});
  co_return library_.kept(handoff, std::move(record));
}

delivery::Preview FileLibrary::preview(const delivery::Handoff& handoff) const {
  return {library::record_id(handoff.idempotency_key), std::nullopt};
}

Task<Result<std::string>> FileLibrary::digest(const delivery::Handoff& handoff) {
  const Result<std::shared_ptr<runtime::ReadableFile>> file = co_await library_.open(handoff);
  if (!file) {
    co_return fail(file.error());
  }
  auto work = [this, &handoff, &file]() -> Result<std::string> {
    Sha256 sum;
    const auto read_at = [&file](std::uint64_t offset, MutableBytes buffer) {
      return (*file)->read_at(offset, buffer);
    };
    const auto add = [&sum](Bytes piece) { sum.add(piece); };
    const Result<> read = delivery::read_through(read_at, handoff.file_size, stopping_, add);
    if (!read) {
      return fail(read.error());
    }
    return to_hex(sum.finish());
  };
  co_return co_await slow_work_.run(handoff.owner, work);
}

Task<Result<library::DocumentList>> FileLibrary::list(library::Filter filter) {
  filter.status = library::stored;
  co_return co_await library_.list(std::move(filter));
}

Task<Result<VideoRecord>> FileLibrary::find_record(std::string id, model::Viewer viewer) {
  Result<VideoRecord> record = co_await library_.find(library::Kind::file, id, std::move(viewer));
  if (!record) {
    co_return fail(told_of(id, record.error()));
  }
  co_return record;
}

Task<Result<std::string>> FileLibrary::find(std::string id, model::Viewer viewer) {
  Result<VideoRecord> record = co_await find_record(std::move(id), std::move(viewer));
  if (!record) {
    co_return fail(record.error());
  }
  co_return std::move(record->document);
}

Task<Result<>> FileLibrary::remove(std::string id, model::Viewer viewer) {
  const Result<> removed = co_await library_.remove(library::Kind::file, id, std::move(viewer));
  if (!removed) {
    co_return fail(told_of(id, removed.error()));
  }
  co_return Result<>();
}

Task<Result<OpenedFilePtr>> FileLibrary::open(std::string id, model::Viewer viewer) {
  Result<VideoRecord> record = co_await find_record(std::move(id), std::move(viewer));
  if (!record) {
    co_return fail(record.error());
  }
  co_return open_record(*std::move(record));
}

// A wrong capability is told nothing of the id in front of it.
Task<Result<OpenedFilePtr>> FileLibrary::open_shared(std::string capability) {
  const std::string id = capability.substr(0, capability.find(separator));
  const Error unknown(Errc::not_found, "There is no file at this URL: it never was, or is removed");
  if (!library::is_record_id(id)) {
    co_return fail(unknown);
  }
  Result<VideoRecord> record = co_await library_.find(library::Kind::file, id, std::nullopt);
  if (!record) {
    co_return fail(record.error().code() == Errc::not_found ? unknown : record.error());
  }
  const Result<FileDescription> file = read_document(record->document);
  if (!file) {
    co_return fail(file.error());
  }
  const std::string expected = file->url.substr(file->url.rfind('/') + 1);
  if (!auth::equal_in_constant_time(expected, capability)) {
    co_return fail(unknown);
  }
  co_return open_record(*std::move(record));
}

Result<OpenedFilePtr> FileLibrary::open_record(VideoRecord record) {
  Result<FileDescription> description = read_document(record.document);
  if (!description) {
    return fail(description.error());
  }
  return std::make_shared<KeptFile>(library_, std::move(record), *std::move(description));
}

}  // namespace sluice::files
