// SPDX-License-Identifier: MIT
#include "upload/partials.h"

#include <fmt/format.h>

#include <utility>

#include "base/checked.h"

namespace sluice::upload {

using runtime::Task;

bool is_complete_partial(const LiveUpload& upload) {
  const model::UploadProgress progress = upload.progress();
  return progress.state == model::UploadState::receiving && is_complete(progress);
}

Task<Result<Partials>> find_partials(LiveUploads& uploads, const std::vector<std::string>& tokens) {
  Partials partials;
  for (const std::string& token : tokens) {
    const auto found = co_await uploads.find(token);
    if (!found) {
      co_return fail(found.error());
    }
    const LiveUpload& partial = **found;
    if (model::is_gone(partial.state())) {
      co_return fail(Errc::not_found, "a partial upload of this file was aborted or has expired");
    }
    if (!partial.is_partial()) {
      co_return fail(Errc::bad_request,
                     fmt::format("expected partial uploads, upload {} is a whole", partial.id()));
    }
    if (!is_complete_partial(partial)) {
      partials.awaited = partials.awaited ? partials.awaited : *found;
      continue;
    }
    partials.all.push_back({partial.id(), *partial.file_size()});
    partials.size = saturating_add(partials.size, *partial.file_size());
  }
  co_return partials;
}

PartialsSource::PartialsSource(store::Store& store, std::vector<Partial> partials,
                               std::uint64_t begin, std::shared_ptr<runtime::Event> closing)
    : store_(store), closing_(std::move(closing)), partials_(std::move(partials)), begin_(begin) {
  for (const Partial& partial : partials_) {
    left_ = saturating_add(left_, partial.size);
  }
  left_ = saturating_subtract(left_, begin);
  while (index_ < partials_.size() && begin_ >= partials_[index_].size) {
    begin_ -= partials_[index_++].size;
  }
}

class PartialsSource::Lent final : public runtime::Loan {
 public:
  Lent(PartialsSource& source, std::unique_ptr<runtime::Loan> loan)
      : source_(source), loan_(std::move(loan)) {}

  std::size_t read(MutableBytes buffer, Duration patience) override {
    const std::size_t count = loan_->read(buffer, patience);
    source_.took(count);
    return count;
  }
  std::optional<Descriptor> descriptor() override { return loan_->descriptor(); }
  void took(std::uint64_t bytes) override {
    loan_->took(bytes);
    source_.took(bytes);
  }

 private:
  PartialsSource& source_;
  const std::unique_ptr<runtime::Loan> loan_;
};

std::unique_ptr<runtime::Loan> PartialsSource::lend() {
  std::unique_ptr<runtime::Loan> loan = open_ ? open_->lend() : nullptr;
  return loan ? std::make_unique<Lent>(*this, std::move(loan)) : nullptr;
}

void PartialsSource::took(std::uint64_t bytes) {
  left_ -= bytes;
  begin_ += bytes;
}

Task<Result<>> PartialsSource::wait_readable() {
  if (closing_->is_set()) {
    co_return fail(Errc::draining);
  }
  const std::optional<Errc> reason = cancelled_.load();
  co_return reason ? fail(*reason, "it was cut off") : Result<>();
}

Task<Result<>> PartialsSource::open_next() {
  while (begin_ == partials_[index_].size) {
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
  if (open_ && begin_ == partials_[index_].size) {
    open_.reset();
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
  took(*count);
  co_return *count;
}

}  // namespace sluice::upload
