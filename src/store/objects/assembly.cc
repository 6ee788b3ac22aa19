// SPDX-License-Identifier: MIT
#include "store/objects/assembly.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <optional>

#include "base/limits.h"
#include "store/objects/gather.h"

namespace sluice::store::objects {

using runtime::Task;

Task<Result<>> Assembly::make(std::uint64_t file_size, std::vector<model::Extent> extents) {
  Result<std::vector<s3::PlannedPart>> plan = s3::plan_merge(file_size, extents, copying_);
  if (!plan) {
    co_return fail(plan.error());
  }
  if (plan->empty()) {
    co_return co_await place_.objects.put(place_.key, s3::payload_of(""));
  }
  plan_ = *std::move(plan);
  Result<s3::Multipart> upload = co_await place_.objects.create_multipart(place_.key);
  if (!upload) {
    co_return fail(upload.error());
  }
  upload_ = *std::move(upload);
  const Result<> made = co_await make_parts();
  if (!made) {
    // What this leaves behind goes by the rules of the bucket.
    std::ignore = co_await place_.objects.abort(upload_);
    co_return made;
  }
  co_return co_await complete(file_size);
}

Task<Result<>> Assembly::make_parts() {
  parts_.resize(plan_.size());
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, tools_.log);
  const std::size_t at_once = std::min(plan_.size(), limits::merge_parts_at_once);
  for (std::size_t i = 0; i < at_once; ++i) {
    group.spawn("parts of an object", make_some());
  }
  while (!co_await group.wait(limits::extent_wait_max)) {
  }
  if (outcome_ && std::ranges::any_of(parts_, [](const auto& part) { return part.number == 0; })) {
    co_return fail(Errc::internal, "a part of an object was not made");
  }
  co_return outcome_;
}

Task<> Assembly::make_some() {
  while (outcome_ && begun_ < plan_.size()) {
    const std::size_t index = begun_++;
    Result<s3::UploadedPart> part =
        co_await make_part(static_cast<unsigned>(index) + 1, std::move(plan_[index]));
    if (part) {
      parts_[index] = *std::move(part);
    } else {
      outcome_ = fail(part.error());
    }
  }
}

Task<Result<s3::UploadedPart>> Assembly::make_part(unsigned number, s3::PlannedPart part) {
  if (part.is_copied) {
    const model::Extent& source = part.sources.front();
    const ByteRange range{source.object_begin, source.object_begin + source.range.size()};
    s3::ObjectRange copied{place_.source_bucket, source.object, range};
    co_return co_await place_.objects.upload_part_copy(upload_, number, std::move(copied));
  }
  const Slot turn = co_await tools_.gathers.acquire();
  Result<s3::Payload> payload = co_await gather(tools_, std::move(part.sources));
  if (!payload) {
    co_return fail(payload.error());
  }
  co_return co_await place_.objects.upload_part(upload_, number, *std::move(payload));
}

// Whatever was heard of the completion, the object itself is the proof of it.
Task<Result<>> Assembly::complete(std::uint64_t file_size) {
  const Result<> completed = co_await place_.objects.complete(upload_, std::move(parts_));
  const Result<std::optional<s3::ObjectFacts>> facts = co_await place_.objects.head(place_.key);
  if (!facts) {
    co_return fail(facts.error());
  }
  if (!*facts) {
    co_return completed ? fail(Errc::unavailable, "an object that was completed is not there yet")
                        : completed;
  }
  if ((*facts)->size != file_size) {
    co_return fail(Errc::storage_failed, fmt::format("an object that was made of {} bytes has {}",
                                                     file_size, (*facts)->size));
  }
  co_return Result<>();
}

}  // namespace sluice::store::objects
