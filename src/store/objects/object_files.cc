// SPDX-License-Identifier: MIT
#include "store/objects/object_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/digest.h"
#include "base/limits.h"
#include "outgoing/body.h"
#include "store/objects/arrival.h"
#include "store/objects/extent_file.h"
#include "store/objects/object_source.h"
#include "store/objects/removal.h"

namespace sluice::store::objects {

using runtime::Task;

namespace {

using Mark = std::unique_ptr<const UnderWay::Mark>;

Mark mark_in(ExtentTools& tools) {
  return std::make_unique<UnderWay::Mark>(tools.under_way, of_no_upload);
}

Task<> acquire_room(Scratch& scratch, std::uint64_t bytes,
                    std::shared_ptr<Arrival<ScratchRoom>> room, Mark /*mark*/) {
  room->set(co_await scratch.acquire(bytes, limits::buffer_wait_max));
}

Task<> put_object(ExtentTools& tools, std::string key, s3::Payload payload,
                  std::shared_ptr<Arrival<bool>> stored, Mark /*mark*/) {
  const Slot turn = co_await tools.slots.acquire();
  const Result<> put = co_await tools.objects.put(std::move(key), std::move(payload));
  stored->set(put ? Result<bool>(true) : fail(put.error()));
}

class ObjectNewFile final : public NewFile {
 public:
  ObjectNewFile(ExtentTools& tools, runtime::Executor executor, std::string name,
                std::shared_ptr<ScratchFile> file)
      : tools_(tools),
        executor_(std::move(executor)),
        name_(std::move(name)),
        file_(std::move(file)) {}

  Result<> append(Bytes bytes) override {
    while (!bytes.empty()) {
      const auto room = std::make_shared<Arrival<ScratchRoom>>();
      runtime::start(executor_, tools_.log, "room for a file",
                     acquire_room(tools_.scratch, bytes.size(), room, mark_in(tools_)));
      const Result<ScratchRoom*> got = room->wait(tools_.stopping);
      if (!got) {
        return fail(got.error());
      }
      const Bytes some = bytes.first(
          static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), (*got)->bytes())));
      file_->hold({size_, size_ + some.size()}, **got);
      if (const Result<> written = file_->write(size_, some); !written) {
        return written;
      }
      digest_.add(some);
      size_ += some.size();
      bytes = bytes.subspan(some.size());
    }
    return {};
  }

  Result<std::string> finish() override {
    std::string suffix = tools_.names.next_suffix();
    s3::Payload payload = s3::payload_of("");
    if (size_ > 0) {
      payload = {std::make_shared<outgoing::FileBody>(std::move(file_), size_), digest_.finish()};
    }
    const auto stored = std::make_shared<Arrival<bool>>();
    runtime::start(executor_, tools_.log, "a file",
                   put_object(tools_, tools_.names.of_file(name_ + suffix), std::move(payload),
                              stored, mark_in(tools_)));
    const Result<bool*> done = stored->wait(tools_.stopping);
    return done ? Result<std::string>(std::move(suffix)) : fail(done.error());
  }

 private:
  ExtentTools& tools_;
  const runtime::Executor executor_;
  const std::string name_;
  std::shared_ptr<ScratchFile> file_;
  Sha256 digest_;
  std::uint64_t size_ = 0;
};

}  // namespace

Result<std::unique_ptr<NewFile>> ObjectFiles::create(const std::string& name) {
  Result<std::shared_ptr<ScratchFile>> file = tools_.scratch.open();
  if (!file) {
    return fail(file.error());
  }
  return std::make_unique<ObjectNewFile>(tools_, executor_, name, *std::move(file));
}

Task<Result<bool>> ObjectFiles::exists(std::string name) {
  const std::string key = tools_.names.of_file(name);
  const Result<s3::ListPage> begun = co_await tools_.objects.list(key + "/", "");
  if (!begun) {
    co_return fail(begun.error());
  }
  if (!begun->objects.empty()) {
    co_return true;
  }
  const Result<std::optional<s3::ObjectFacts>> facts = co_await tools_.objects.head(key);
  co_return facts ? Result<bool>(facts->has_value()) : fail(facts.error());
}

Task<Result<>> ObjectFiles::expect(std::string key, std::uint64_t size) {
  const Result<std::optional<s3::ObjectFacts>> facts = co_await tools_.objects.head(key);
  if (!facts) {
    co_return fail(facts.error());
  }
  if (!*facts) {
    co_return fail(Errc::storage_failed, fmt::format("the object {} is not there", key));
  }
  if ((*facts)->size != size) {
    co_return fail(Errc::storage_failed, fmt::format("the object {} has {} bytes, {} were expected",
                                                     key, (*facts)->size, size));
  }
  co_return Result<>();
}

Task<Result<std::shared_ptr<runtime::ReadableFile>>> ObjectFiles::open(std::string name,
                                                                       std::uint64_t size) {
  const std::string key = tools_.names.of_file(name);
  const Result<> there = co_await expect(key, size);
  if (!there) {
    co_return fail(there.error());
  }
  auto read = [this, key](ByteRange range) { return tools_.objects.get_range(key, range); };
  co_return std::make_shared<ExtentFile>(tools_, executor_, of_no_upload, size, std::move(read));
}

Task<Result<std::shared_ptr<runtime::ByteSource>>> ObjectFiles::read(std::string name,
                                                                     std::uint64_t size,
                                                                     ByteRange range) {
  std::string key = tools_.names.of_file(name);
  const Result<> there = co_await expect(key, size);
  if (!there) {
    co_return fail(there.error());
  }
  co_return std::make_shared<ObjectSource>(tools_.objects, tools_.receiving.buffers, std::move(key),
                                           range);
}

Task<Result<>> ObjectFiles::remove(std::vector<std::string> names) {
  for (std::string& name : names) {
    name = tools_.names.of_file(name);
    const Result<std::size_t> removed = co_await remove_listed(tools_.objects, name + "/");
    if (!removed) {
      co_return fail(removed.error());
    }
  }
  co_return co_await tools_.objects.remove(std::move(names));
}

Task<Result<Space>> ObjectFiles::space() {
  co_return Space{limits::unbounded_space, limits::unbounded_space};
}

}  // namespace sluice::store::objects
