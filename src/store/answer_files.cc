// SPDX-License-Identifier: MIT
#include "store/answer_files.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::store {
namespace {

std::string name_of(std::uint64_t upload_id) {
  return fmt::format("answers/{}", upload_id);
}

}  // namespace

Result<std::unique_ptr<NewFile>> AnswerFiles::create(std::uint64_t upload_id) {
  return files_.create(name_of(upload_id));
}

runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> AnswerFiles::open(
    std::uint64_t upload_id, const model::Answer& answer) {
  const std::uint64_t size = answer.spilled_bytes;
  return files_.read(name_of(upload_id) + answer.spilled_as, size, {0, size});
}

// Most uploads never had such a file: for them nothing is synced.
runtime::Task<Result<>> AnswerFiles::remove(std::uint64_t upload_id) {
  std::vector<std::string> names{name_of(upload_id)};
  const Result<bool> there = co_await files_.exists(names.front());
  if (!there) {
    co_return fail(there.error());
  }
  if (!*there) {
    co_return Result<>();
  }
  co_return co_await files_.remove(std::move(names));
}

}  // namespace sluice::store
