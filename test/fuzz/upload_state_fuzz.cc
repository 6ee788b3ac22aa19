// SPDX-License-Identifier: MIT
// Any series of events leaves an upload true to a model of its bytes. The input is the file's size,
// which the upload may hear of later, and then the events, a few bytes each.
#include "upload/upload_state.h"

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/check.h"
#include "fuzz/fuzz_input.h"

namespace {

using namespace sluice;
using model::UploadProgress;
using model::UploadState;
using testing::FuzzInput;

constexpr std::size_t file_size_max = 64;

class Model {
 public:
  Model(std::uint64_t file_size, bool is_known) : file_size_(file_size) {
    if (is_known) {
      progress_.file_size = file_size;
    }
  }

  void run(FuzzInput& input) {
    while (!input.empty()) {
      const UploadProgress before = progress_;
      upload::Transition step = upload::apply_to(progress_, any_event(input));
      progress_ = step.progress;
      check(before, step);
    }
  }

 private:
  upload::Event any_event(FuzzInput& input) {
    const Timestamp time{std::chrono::milliseconds(input.take())};
    switch (input.take() % 14) {
      case 0:
        return upload::AttemptBegan{};
      case 1:
        return upload::AttemptFailed{input.take(), time};
      case 2: {
        model::Answer answer;
        answer.status = input.take() % 2 == 0 ? 200 : 422;
        answer.body = std::to_string(input.take());
        return upload::Answered{answer, input.take() % 2 == 0, time, time};
      }
      case 3:
        return upload::Aborted{time};
      case 4:
        return upload::Expired{time};
      case 5:
        return upload::BlobRemoved{};
      case 6:
        return upload::GaveUp{input.take(), "no answer", time, time};
      case 7:
        return upload::PutBack{time};
      case 8:
        return upload::Cleared{};
      case 9:
        return upload::SetAside{"odd", time, time};
      case 10:
        return upload::Released{time};
      case 11: {
        model::Answer answer;
        answer.status = 422;
        return upload::Refused{answer, time, time};
      }
      default:
        return any_bytes(input, time);
    }
  }

  upload::Event any_bytes(FuzzInput& input, Timestamp time) {
    upload::BytesStored event;
    event.expires_at = time;
    event.may_finish = input.take() % 4 != 0;
    const std::uint64_t begin = input.take() % (file_size_ + 1);
    const std::uint64_t end = begin + input.take() % (file_size_ - begin + 1);
    event.ranges.add({begin, end});
    if (input.take() % 4 == 0) {
      event.file_size = file_size_;
    }
    if (progress_.state == UploadState::receiving) {
      for (std::uint64_t i = begin; i < end; ++i) {
        stored_.set(i);
      }
    }
    return event;
  }

  void check(const UploadProgress& before, const upload::Transition& step) const {
    const UploadProgress& after = step.progress;
    std::uint64_t prefix = 0;
    while (prefix < file_size_ && stored_.test(prefix)) {
      ++prefix;
    }
    SLUICE_CHECK(after.stored.total() == stored_.count());
    SLUICE_CHECK(after.stored.prefix() == prefix);
    // The file of a refusal is kept: an operator may put it back, and it expires.
    const bool refusal_ends = before.state == UploadState::refused && after.state != before.state;
    const std::uint64_t told = upload::acknowledged(after);
    SLUICE_CHECK(told <= prefix);
    // The last byte is withheld from when it is known to be the last.
    const std::uint64_t withheld = !before.file_size && after.file_size ? 1 : 0;
    SLUICE_CHECK(refusal_ends || told + withheld >= upload::acknowledged(before));
    SLUICE_CHECK(upload::is_finished(after.state) || file_size_ == 0 || !after.file_size ||
                 told < file_size_);
    SLUICE_CHECK(!before.file_size || after.file_size == before.file_size);
    SLUICE_CHECK(after.file_size || after.state == UploadState::receiving ||
                 upload::is_gone(after.state));
    SLUICE_CHECK(after.answer.has_value() == upload::is_finished(after.state));
    SLUICE_CHECK(!before.answer || refusal_ends || after.answer == before.answer);
    SLUICE_CHECK(before.blob_present || !after.blob_present);
    SLUICE_CHECK(!step.remove_blob || after.blob_present);
    SLUICE_CHECK(!step.deliver || upload::is_complete(after));
    const bool begins_round =
        after.state == UploadState::received && before.state != UploadState::received;
    SLUICE_CHECK(step.deliver == begins_round);
    const bool is_over = before.state == UploadState::delivered || upload::is_gone(before.state);
    SLUICE_CHECK(!is_over || after.state == before.state);
    SLUICE_CHECK(before.state == UploadState::receiving || after.state != UploadState::receiving);
    SLUICE_CHECK(!upload::is_gone(after.state) || after.state == before.state ||
                 before.state == UploadState::receiving ||
                 (after.state == UploadState::expired && upload::can_expire(before.state)));
    // The only change that is not journalled is the beginning of an attempt.
    UploadProgress noted = before;
    noted.state = after.state;
    SLUICE_CHECK(step.changed || after == noted);
  }

  const std::uint64_t file_size_;
  UploadProgress progress_;
  std::bitset<file_size_max> stored_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(std::span(data, size));
  const std::uint64_t first = input.take();
  Model(first % (file_size_max + 1), first <= 2 * file_size_max).run(input);
  return 0;
}
