// SPDX-License-Identifier: MIT
#include "files/file_library.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "auth/mac.h"
#include "library/stored_names.h"
#include "support/library_world.h"
#include "support/manual_clock.h"
#include "support/run.h"

namespace sluice::files {
namespace {

using testing::run;
using testing::SteppedJournal;
using testing::SteppedStore;
using testing::Steps;

constexpr std::uint64_t upload_id = 7;
const std::string id = library::record_id("upload-7");
const std::string name = "videos/" + id + ".pdf";

// The state that survives the process, and one process at a time.
struct World {
  World() {
    store.memory.blobs[upload_id].durable = "bytes of a file";
    handoff.upload_id = upload_id;
    handoff.idempotency_key = "upload-7";
    handoff.file_name = "letters/An Anna.PDF";
    handoff.file_size = 15;
    handoff.content_type = "application/pdf";
    handoff.owner = "ann";
  }

  // A new process each time.
  template <class Ask>
  auto ask(const Ask& question) {
    library::Library kept(journal, store, store, log);
    FileLibrary files(kept, slow_work, clock, log, base);
    return run(question(files));
  }
  // With what the ledger does.
  Result<delivery::Delivery> deliver() {
    return ask([this](FileLibrary& files) { return deliver_and_keep(files); });
  }
  runtime::Task<Result<delivery::Delivery>> deliver_and_keep(FileLibrary& files) {
    Result<delivery::Delivery> delivery = co_await files.deliver(handoff);
    if (!delivery || delivery->changes.empty()) {
      co_return delivery;
    }
    const Result<> committed = co_await journal.commit(std::move(delivery->changes));
    if (!committed) {
      co_return fail(committed.error());
    }
    co_return delivery;
  }
  Result<std::string> find(const model::Viewer& viewer = std::nullopt) {
    return ask([&](FileLibrary& files) { return files.find(id, viewer); });
  }
  Result<> remove(const model::Viewer& viewer = std::nullopt) {
    return ask([&](FileLibrary& files) { return files.remove(id, viewer); });
  }
  auto open_shared(const std::string& capability) {
    return ask([&](FileLibrary& files) { return files.open_shared(capability); });
  }

  Steps steps;
  SteppedJournal journal{steps};
  SteppedStore store{steps};
  delivery::SlowWork slow_work{0};
  testing::ManualClock clock;
  NullLog log;
  std::string base;
  delivery::Handoff handoff;
};

boost::json::object parsed(const std::string& text) {
  return boost::json::parse(text).as_object();
}

std::string member(const std::string& document, const char* member_name) {
  return std::string(parsed(document).at(member_name).as_string());
}

runtime::Task<std::string> read_all(const OpenedFile& file, ByteRange range) {
  const auto source = co_await file.bytes(range);
  if (!source) {
    co_return source.error().message();
  }
  std::vector<std::byte> buffer(1000);
  const Result<std::size_t> count = co_await (*source)->read(buffer, Duration{});
  co_return std::string(as_text(Bytes(buffer).first(count.value_or(0))));
}

TEST(FileLibrary, KeepsAnyFileAndTellsItsDigest) {
  World world;
  const auto delivery = world.deliver();
  ASSERT_TRUE(delivery) << delivery.error().message();
  EXPECT_TRUE(delivery->blob_taken);
  EXPECT_EQ(delivery->answer.status, 200);
  const std::string& document = delivery->answer.body;
  EXPECT_EQ(member(document, "id"), id);
  EXPECT_EQ(member(document, "status"), "stored");
  EXPECT_EQ(member(document, "file_name"), "An Anna.PDF");
  EXPECT_EQ(member(document, "sha256"), auth::sha256_hex("bytes of a file"));
  EXPECT_EQ(member(document, "content_type"), "application/pdf");
  EXPECT_EQ(member(document, "created_at"), "2019-12-20T00:00:00Z");
  EXPECT_EQ(parsed(document).at("file_size").as_int64(), 15);
  EXPECT_TRUE(member(document, "url").starts_with("/stored-files/" + id + "-"));
  EXPECT_EQ(member(document, "url").size(), std::string("/stored-files/").size() + 32 + 1 + 43);

  EXPECT_EQ(world.store.memory.files.at(name), "bytes of a file");
  EXPECT_TRUE(world.store.memory.blobs.empty());
  const model::VideoRecord& record = world.journal.memory.videos.at(id);
  EXPECT_EQ(record.status, "stored");
  EXPECT_EQ(record.owner, "ann");
  EXPECT_EQ(record.files_size, 15U);
  EXPECT_EQ(world.find(), document);
}

TEST(FileLibrary, KeepsAFileOfNoBytes) {
  World world;
  world.handoff.file_size = 0;
  world.store.memory.blobs.clear();
  const auto delivery = world.deliver();
  ASSERT_TRUE(delivery) << delivery.error().message();
  EXPECT_EQ(member(delivery->answer.body, "sha256"), auth::sha256_hex(""));
  EXPECT_EQ(world.deliver()->answer, delivery->answer);
}

class FileLibraryAttempts : public ::testing::TestWithParam<bool> {};

// Whether a finished file is moved out of the blob, or copied.
TEST_P(FileLibraryAttempts, MakeOneFileWhereverOneOfThemStops) {
  const auto steps = testing::at_every_step<World>(
      [](World& world) { world.store.memory.copies_finished = GetParam(); },
      [](World& world) { return world.deliver().has_value(); },
      [](World& world) {
        const auto delivery = world.deliver();
        ASSERT_TRUE(delivery) << delivery.error().message();
        ASSERT_EQ(world.journal.memory.videos.size(), 1U);
        EXPECT_EQ(world.journal.memory.videos.at(id).document, delivery->answer.body);
        ASSERT_EQ(world.store.memory.files.size(), 1U);
        EXPECT_EQ(world.store.memory.files.at(name), "bytes of a file");
        EXPECT_EQ(delivery->blob_taken, world.store.memory.blobs.empty());
        EXPECT_EQ(world.deliver()->answer, delivery->answer) << "the secret URL is the same again";
        const std::string url = member(delivery->answer.body, "url");
        EXPECT_TRUE(world.open_shared(url.substr(url.rfind('/') + 1)));
      });
  EXPECT_EQ(steps, (std::vector<std::string>{"finish", "open", "commit"}));
}

INSTANTIATE_TEST_SUITE_P(All, FileLibraryAttempts, ::testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Copied" : "Moved");
});

TEST(FileLibrary, RemovesAFileWhereverARemovalStops) {
  const auto steps = testing::at_every_step<World>(
      [](World& world) { ASSERT_TRUE(world.deliver()); },
      [](World& world) { return world.remove().has_value(); },
      [](World& world) {
        const bool was_there = world.find().has_value();
        library::Library kept(world.journal, world.store, world.store, world.log);
        run(kept.clean_leftovers());
        EXPECT_EQ(world.find().has_value(), was_there);
        EXPECT_EQ(world.store.memory.files.empty(), !was_there);
        EXPECT_EQ(world.remove().has_value(), was_there);
        EXPECT_TRUE(world.store.memory.files.empty());
        EXPECT_TRUE(world.journal.memory.videos.empty());
      });
  EXPECT_EQ(steps, (std::vector<std::string>{"commit", "remove", "commit"}));
}

TEST(FileLibrary, EndsItsDigestWhenTheServerStops) {
  World world;
  const auto stopped = world.ask([&](FileLibrary& files) {
    files.stop();
    return files.deliver(world.handoff);
  });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), Errc::draining);
  EXPECT_TRUE(world.deliver());
}

TEST(FileLibrary, OpensAFileForItsOwnerOrByItsUrlAlone) {
  World world;
  world.base = "https://up.example/a";
  const std::string url = member(world.deliver()->answer.body, "url");
  EXPECT_TRUE(url.starts_with("https://up.example/a/stored-files/")) << url;
  const std::string capability = url.substr(url.rfind('/') + 1);
  library::Library kept(world.journal, world.store, world.store, world.log);
  FileLibrary files(kept, world.slow_work, world.clock, world.log, "");
  for (const auto& opened : {run(files.open_shared(capability)), run(files.open(id, "ann")),
                             run(files.open(id, std::nullopt))}) {
    ASSERT_TRUE(opened);
    EXPECT_EQ((*opened)->name(), "An Anna.PDF");
    EXPECT_EQ((*opened)->content_type(), "application/pdf");
    EXPECT_EQ((*opened)->size(), 15U);
    EXPECT_EQ((*opened)->sha256(), auth::sha256_hex("bytes of a file"));
    EXPECT_EQ(run(read_all(**opened, {0, 15})), "bytes of a file");
    EXPECT_EQ(run(read_all(**opened, {6, 8})), "of");
  }
  EXPECT_TRUE(run(files.read_delivered(world.handoff, {6, 8}))) << "of the upload's location";
  std::string other = capability;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  for (const std::string& wrong :
       {std::string(), id, id + "-", other, capability + "a", capability.substr(0, 75),
        std::string(32, '0') + capability.substr(32), capability.substr(33)}) {
    const auto opened = run(files.open_shared(wrong));
    ASSERT_FALSE(opened) << wrong;
    EXPECT_EQ(opened.error().code(), Errc::not_found);
    EXPECT_EQ(opened.error().message().find(id), std::string::npos);
  }
  EXPECT_EQ(run(files.open(id, "bob")).error().code(), Errc::not_found);
  EXPECT_EQ(world.find("bob").error().code(), Errc::not_found);
  EXPECT_EQ(world.remove("bob").error().code(), Errc::not_found);
  EXPECT_TRUE(world.find("ann"));
}

TEST(FileLibrary, KeepsFilesAndVideosApart) {
  World world;
  ASSERT_TRUE(world.deliver());
  model::VideoRecord video;
  video.id = std::string(32, 'b');
  video.status = "success";
  video.document = R"({"extname":".mp4","file_size":1})";
  world.journal.memory.videos[video.id] = video;
  library::Library kept(world.journal, world.store, world.store, world.log);
  EXPECT_FALSE(run(kept.find(library::Kind::file, video.id, std::nullopt)));
  EXPECT_FALSE(run(kept.remove(library::Kind::file, video.id, std::nullopt)));
  EXPECT_FALSE(run(kept.find(library::Kind::video, id, std::nullopt)));
  EXPECT_FALSE(run(kept.remove(library::Kind::video, id, std::nullopt)));
  EXPECT_FALSE(run(kept.remove_source(library::Kind::video, id, std::nullopt)));
  EXPECT_TRUE(run(kept.find(library::Kind::video, video.id, std::nullopt)));
  EXPECT_EQ(run(kept.list({}))->total, 1U);
  const auto listed =
      world.ask([](FileLibrary& files) { return files.list({.status = "success"}); });
  ASSERT_EQ(listed->documents.size(), 1U);
  EXPECT_EQ(member(listed->documents.front(), "id"), id);
}

TEST(FileLibrary, TellsOfAFileThatWasLost) {
  World world;
  ASSERT_TRUE(world.deliver());
  world.journal.memory.videos.at(id).source_present = false;
  library::Library kept(world.journal, world.store, world.store, world.log);
  FileLibrary files(kept, world.slow_work, world.clock, world.log, "");
  const auto opened = run(files.open(id, std::nullopt));
  ASSERT_TRUE(opened);
  EXPECT_EQ(run((*opened)->bytes({0, 15})).error().code(), Errc::not_found);
  EXPECT_EQ(run(files.read_delivered(world.handoff, {0, 15})).error().code(), Errc::not_found);
  EXPECT_TRUE(world.find());
  EXPECT_TRUE(world.remove());
}

TEST(FileLibrary, TellsTheSenderOfPartsWhatItReads) {
  World world;
  world.handoff.is_multichunk = true;
  const auto delivery = world.deliver();
  EXPECT_EQ(member(delivery->answer.body, "status"), "processing");
  EXPECT_EQ(member(*world.find(), "status"), "stored");
  library::Library kept(world.journal, world.store, world.store, world.log);
  const FileLibrary files(kept, world.slow_work, world.clock, world.log, "");
  EXPECT_EQ(files.preview(world.handoff).media_id, id);
}

}  // namespace
}  // namespace sluice::files
