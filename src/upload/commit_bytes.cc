// SPDX-License-Identifier: MIT
#include "upload/commit_bytes.h"

#include <fmt/format.h>

#include <tuple>
#include <utility>

namespace sluice::upload {

using runtime::Task;

namespace {

Task<Result<>> compare(const RangeSet& stored, const std::vector<Arrived>& arrived) {
  for (const Arrived& one : arrived) {
    RangeSet known = common(stored, one.ranges);
    if (known.empty()) {
      continue;
    }
    const Result<bool> same = co_await one.blob->is_stored_so(known);
    if (!same) {
      co_return fail(same.error());
    }
    if (!*same) {
      co_return fail(Errc::content_mismatch,
                     fmt::format("of bytes {} others were stored meanwhile: is this still the same "
                                 "file?",
                                 known.to_text()));
    }
  }
  co_return Result<>();
}

}  // namespace

// Others may store more of them between two rounds, but none twice.
Task<Result<Transition>> commit_bytes(LiveUpload& upload, BytesStored event,
                                      const std::vector<Arrived>& arrived, store::Store& store) {
  event.compared.emplace();
  for (;;) {
    Result<Transition> committed = co_await upload.commit(event);
    if (!committed && committed.error().code() == Errc::not_found) {
      std::ignore = co_await store.remove(upload.id());
    }
    if (!committed || committed->compare_first.empty()) {
      co_return committed;
    }
    if (const Result<> same = co_await compare(committed->compare_first, arrived); !same) {
      co_return fail(same.error());
    }
    for (const ByteRange& range : committed->compare_first.ranges()) {
      event.compared->add(range);
    }
  }
}

}  // namespace sluice::upload
