// SPDX-License-Identifier: MIT
// The promises of named_files.h, for each implementation, and of AnswerFiles over it.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "store/answer_files.h"
#include "store/local/local_files.h"
#include "store/objects/object_files.h"
#include "support/extent_world.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
using sluice::testing::ExtentWorld;
using sluice::testing::NetworkFault;
using sluice::testing::run_in;

class NamedFilesContract : public ::testing::TestWithParam<const char*> {
 protected:
  bool is_local() const { return GetParam() == std::string("Local"); }
  NamedFiles& files() { return is_local() ? static_cast<NamedFiles&>(local_) : objects_; }
  template <class T>
  T run(runtime::Task<T> task) {
    return run_in(world.context, std::move(task));
  }
  // On a thread that may block.
  template <class Work>
  auto block(Work work) {
    return run(runtime::offload(world.pool, std::move(work)));
  }

  // What stands behind the name for those that read the file.
  Result<std::string> write(const std::string& name, const std::vector<std::string>& pieces) {
    return block([&]() -> Result<std::string> {
      auto file = files().create(name);
      if (!file) {
        return fail(file.error());
      }
      for (const std::string& piece : pieces) {
        if (const Result<> written = (*file)->append(as_bytes(piece)); !written) {
          return fail(written.error());
        }
      }
      return (*file)->finish();
    });
  }
  // The name for reading.
  std::string made(const std::string& name, const std::vector<std::string>& pieces) {
    const Result<std::string> suffix = write(name, pieces);
    EXPECT_TRUE(suffix) << suffix.error().message();
    return name + suffix.value_or("?");
  }
  std::string drain(runtime::ByteSource& source) {
    std::string text;
    std::vector<std::byte> buffer(100'000);
    for (;;) {
      const Result<std::size_t> count = run(source.read(buffer, 1ms));
      if (!count || *count == 0) {
        return count ? text : text + "...failed: " + count.error().message();
      }
      text += as_text(Bytes(buffer).first(*count));
    }
  }
  std::string read(const std::string& name, std::uint64_t size, ByteRange range) {
    const auto source = run(files().read(name, size, range));
    return source ? drain(**source) : "failed: " + source.error().message();
  }
  std::string read_by_position(runtime::ReadableFile& file, std::uint64_t offset,
                               std::size_t count) {
    std::string text(count, '\0');
    auto work = [&] { return file.read_at(offset, std::as_writable_bytes(std::span(text))); };
    const Result<std::size_t> done = block(work);
    EXPECT_TRUE(done);
    return text.substr(0, done.value_or(0));
  }

  sluice::testing::TemporaryDataDirectory directory;
  sluice::testing::RecordingDisk disk{directory.path()};
  ExtentWorld world;

 private:
  local::LocalFiles local_{disk, world.pool, directory.path(), Durability::commit};
  objects::ObjectFiles objects_{world.store->tools(), world.context.get_executor()};
};

std::string long_text() {
  std::string text;
  while (text.size() < 3 * limits::MiB + 7) {
    text += std::to_string(text.size()) + " ";
  }
  return text;
}

TEST_P(NamedFilesContract, KeepsAFileUnderItsName) {
  EXPECT_EQ(run(files().exists("answers/7")), false);
  const std::string name = made("answers/7", {"hello ", "", "world"});
  EXPECT_EQ(run(files().exists("answers/7")), true);
  EXPECT_EQ(run(files().exists("answers/70")), false);
  EXPECT_EQ(read(name, 11, {0, 11}), "hello world");
  EXPECT_EQ(read(name, 11, {3, 8}), "lo wo");
  EXPECT_EQ(read(name, 11, {11, 11}), "");
  const std::string empty = made("answers/8", {});
  EXPECT_EQ(read(empty, 0, {0, 0}), "");
}

TEST_P(NamedFilesContract, ReadsALongFileFromAnyByteOn) {
  const std::string text = long_text();
  const std::string name = made("answers/7", {text.substr(0, 1 << 20), text.substr(1 << 20)});
  EXPECT_TRUE(read(name, text.size(), {0, text.size()}) == text);
  EXPECT_TRUE(read(name, text.size(), {99, text.size() - 1}) == text.substr(99, text.size() - 100));
  const auto file = run(files().open(name, text.size()));
  ASSERT_TRUE(file);
  EXPECT_TRUE(read_by_position(**file, 0, text.size() + 1) == text);
  EXPECT_TRUE(read_by_position(**file, 2'000'000, 99) == text.substr(2'000'000, 99));
  EXPECT_TRUE(read_by_position(**file, 5, 9) == text.substr(5, 9)) << "and back";
}

TEST_P(NamedFilesContract, AFileOfAnotherSizeIsNotOpened) {
  const std::string name = made("answers/7", {"hello"});
  for (const std::uint64_t size : {4U, 6U}) {
    EXPECT_EQ(run(files().open(name, size)).error().code(), Errc::storage_failed);
    EXPECT_EQ(run(files().read(name, size, {0, 4})).error().code(), Errc::storage_failed);
  }
  EXPECT_EQ(run(files().open("answers/8", 5)).error().code(), Errc::storage_failed);
  EXPECT_EQ(run(files().read("answers/8", 0, {0, 0})).error().code(), Errc::storage_failed);
}

TEST_P(NamedFilesContract, TheLastOneThatWasBegunIsTheOneThatIsRead) {
  made("answers/7", {"of an attempt that broke off"});
  const std::string name = made("answers/7", {"short"});
  EXPECT_EQ(read(name, 5, {0, 5}), "short");
}

TEST_P(NamedFilesContract, RemovesAllOfANameAndOfNoOther) {
  made("answers/7", {"first"});
  const std::string name = made("answers/7", {"second"});
  const std::string other = made("answers/70", {"other"});
  made("answers/9", {"x"});
  EXPECT_TRUE(run(files().remove({"answers/7", "answers/9"})));
  EXPECT_TRUE(run(files().remove({"answers/7"}))) << "as good as removed";
  EXPECT_EQ(run(files().exists("answers/7")), false);
  EXPECT_EQ(run(files().exists("answers/9")), false);
  EXPECT_FALSE(run(files().open(name, 6)));
  EXPECT_EQ(read(other, 5, {0, 5}), "other");
}

TEST_P(NamedFilesContract, AReaderThatIsCancelledReadsNoMore) {
  const std::string name = made("answers/7", {"hello"});
  const auto source = run(files().read(name, 5, {0, 5}));
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->remaining(), 5U);
  (*source)->cancel(Errc::draining);
  std::vector<std::byte> buffer(4);
  EXPECT_EQ(run((*source)->wait_readable()).error().code(), Errc::draining);
  EXPECT_EQ(run((*source)->read(buffer, 1ms)).error().code(), Errc::draining);
}

TEST_P(NamedFilesContract, KeepsTheBodyOfAnAnswer) {
  AnswerFiles answers(files());
  model::Answer answer{.status = 200, .headers = {}, .body = {}, .spilled_bytes = 5};
  for (const char* body : {"other", "hello"}) {
    const auto suffix = block([&] {
      auto file = answers.create(7);
      EXPECT_TRUE((*file)->append(as_bytes(body)));
      return (*file)->finish();
    });
    ASSERT_TRUE(suffix);
    answer.spilled_as = *suffix;
  }
  const auto source = run(answers.open(7, answer));
  ASSERT_TRUE(source);
  EXPECT_EQ(drain(**source), "hello");
  EXPECT_TRUE(run(answers.remove(7)));
  EXPECT_TRUE(run(answers.remove(7)));
  EXPECT_FALSE(run(answers.open(7, answer)));
}

INSTANTIATE_TEST_SUITE_P(All, NamedFilesContract, ::testing::Values("Local", "Objects"),
                         [](const auto& tested) { return std::string(tested.param); });

// Those of objects alone.
class ObjectFilesTest : public NamedFilesContract {};

TEST_P(ObjectFilesTest, AnAttemptThatComesLateHarmsNoneAfterIt) {
  world.objects.faults = {NetworkFault::late};
  EXPECT_EQ(write("answers/7", {"first"}).error().code(), Errc::unavailable);
  const std::string name = made("answers/7", {"later"});
  world.objects.let_late_arrive();
  EXPECT_EQ(read(name, 5, {0, 5}), "later");
  EXPECT_EQ(world.objects.objects.size(), 2U);
  EXPECT_TRUE(run(files().remove({"answers/7"})));
  EXPECT_TRUE(world.objects.objects.empty());
}

TEST_P(ObjectFilesTest, WhatWasAppendedWaitsInScratchAndLeavesIt) {
  const std::string text = long_text();
  made("answers/7", {text});
  EXPECT_EQ(world.scratch.used(), 0U);
  auto file = block([&] { return files().create("answers/8"); });
  ASSERT_TRUE(file);
  EXPECT_TRUE(block([&] { return (*file)->append(as_bytes(text)); }));
  EXPECT_EQ(world.scratch.used(), text.size());
  file->reset();
  EXPECT_EQ(world.scratch.used(), 0U) << "an attempt that broke off";
}

TEST_P(ObjectFilesTest, AFullStoreIsToldAsOne) {
  world.objects.capacity_bytes = 4;
  EXPECT_EQ(write("answers/7", {"hello"}).error().code(), Errc::disk_full);
}

TEST_P(ObjectFilesTest, AReaderHoldsMemoryOnlyWhereThereIsRoomToSpare) {
  const std::string text = long_text();
  const std::string name = made("answers/7", {text});
  const auto lent = [this] {
    return static_cast<std::uint64_t>(world.metrics.buffers_in_use.value());
  };
  auto source = run(files().read(name, text.size(), {0, text.size()}));
  ASSERT_TRUE(source);
  std::vector<std::byte> buffer(1000);
  EXPECT_EQ(run((*source)->read(buffer, 1ms)), 1000U);
  EXPECT_EQ(lent(), limits::extent_read_bytes / limits::buffer_bytes);
  source->reset();
  EXPECT_EQ(lent(), 0U);
  std::vector<runtime::BudgetShare> others;
  while (auto share = world.buffers.spare(limits::buffer_bytes)) {
    others.push_back(*std::move(share));
  }
  const auto lent_to_others = lent();
  source = run(files().read(name, text.size(), {0, text.size()}));
  world.objects.requests = 0;
  EXPECT_EQ(run((*source)->read(buffer, 1ms)), 1000U);
  EXPECT_EQ(run((*source)->read(buffer, 1ms)), 1000U);
  EXPECT_EQ(world.objects.requests, 2U) << "no more than fits into the reader's buffer";
  EXPECT_EQ(lent(), lent_to_others);
  EXPECT_TRUE(drain(**source) == text.substr(2000));
}

TEST_P(ObjectFilesTest, AFailureInTheMiddleIsToldAfterTheBytesBeforeIt) {
  const std::string text = long_text();
  const std::string name = made("answers/7", {text});
  const auto source = run(files().read(name, text.size(), {0, text.size()}));
  std::vector<std::byte> buffer(2 * limits::MiB);
  world.objects.faults = {NetworkFault::none, NetworkFault::lost, NetworkFault::lost};
  EXPECT_EQ(run((*source)->read(buffer, 1ms)), limits::extent_read_bytes);
  EXPECT_EQ(run((*source)->read(buffer, 1ms)).error().code(), Errc::unavailable);
  world.objects.objects.clear();
  EXPECT_EQ(run((*source)->read(buffer, 1ms)).error().code(), Errc::storage_failed) << "removed";
}

INSTANTIATE_TEST_SUITE_P(All, ObjectFilesTest, ::testing::Values("Objects"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace sluice::store
