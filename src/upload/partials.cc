// SPDX-License-Identifier: MIT
#include "upload/partials.h"

#include <fmt/format.h>

#include <utility>

#include "base/checked.h"

namespace sluice::upload {

using runtime::Task;

Task<Result<std::vector<Partial>>> find_partials(LiveUploads& uploads,
                                                 const std::vector<std::string>& tokens,
                                                 std::uint64_t file_size) {
  std::vector<Partial> partials;
  std::uint64_t size = 0;
  for (const std::string& token : tokens) {
    const auto found = co_await uploads.find(token);
    if (!found) {
      co_return fail(found.error());
    }
    const LiveUpload& partial = **found;
    const model::UploadProgress progress = partial.progress();
    if (model::is_gone(progress.state)) {
      co_return fail(Errc::not_found, "a partial upload was aborted or has expired");
    }
    if (!partial.is_partial() || !is_complete(progress)) {
      co_return fail(Errc::bad_request,
                     fmt::format("expected partial uploads that are complete, upload {} is {}",
                                 partial.id(), partial.is_partial() ? "not complete" : "a whole"));
    }
    partials.push_back({partial.id(), *progress.file_size});
    size = saturating_add(size, *progress.file_size);
  }
  if (size != file_size) {
    co_return fail(
        Errc::bad_request,
        fmt::format("expected partial uploads of {} bytes together, got {}", file_size, size));
  }
  co_return partials;
}

PartialsSource::PartialsSource(store::Store& store, std::vector<Partial> partials,
                               std::uint64_t begin)
    : store_(store), partials_(std::move(partials)), begin_(begin) {
  for (const Partial& partial : partials_) {
    left_ = saturating_add(left_, partial.size);
  }
  left_ = saturating_subtract(left_, begin);
  while (index_ < partials_.size() && begin_ >= partials_[index_].size) {
    begin_ -= partials_[index_++].size;
  }
}

Task<Result<>> PartialsSource::wait_readable() {
  const std::optional<Errc> reason = cancelled_.load();
  co_return reason ? fail(*reason, "the request was cut off") : Result<>();
}

Task<Result<>> PartialsSource::open_next() {
  while (partials_[index_].size == begin_) {
    ++index_;
    begin_ = 0;
  }
  const Partial& partial = partials_[index_];
  auto source = co_await store_.read_finished(partial.upload_id, partial.size, begin_);
  if (!source) {
    co_return fail(source.error());
  }
  open_ = *std::move(source);
  co_return Result<>();
}

Task<Result<std::size_t>> PartialsSource::read(MutableBytes buffer, Duration patience) {
  if (const Result<> good = co_await wait_readable(); !good) {
    co_return fail(good.error());
  }
  if (left_ == 0) {
    co_return 0;
  }
  if (!open_) {
    if (const Result<> opened = co_await open_next(); !opened) {
      co_return fail(opened.error());
    }
  }
  const Result<std::size_t> count = co_await open_->read(buffer, patience);
  if (!count) {
    co_return fail(count.error());
  }
  left_ -= *count;
  begin_ += *count;
  if (begin_ == partials_[index_].size) {
    open_.reset();
  }
  co_return *count;
}

}  // namespace sluice::upload
