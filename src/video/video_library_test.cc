// SPDX-License-Identifier: MIT
#include "video/video_library.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <exception>
#include <set>
#include <string>

#include "base/encoding.h"
#include "base/limits.h"
#include "support/library_world.h"
#include "support/manual_clock.h"
#include "support/run.h"

namespace sluice::video {
namespace {

using testing::run;
using testing::SteppedJournal;
using testing::SteppedProber;
using testing::SteppedStore;
using testing::Steps;

constexpr std::uint64_t upload_id = 7;
const std::string key = "upload-7";

// The state that survives the process, and one process at a time.
struct World {
  World() {
    prober.result->container = "mov,mp4,m4a,3gp,3g2,mj2";
    prober.result->video_codec = "h264";
    prober.result->width = 640;
    store.memory.blobs[upload_id].durable = "bytes of a film";
    handoff.upload_id = upload_id;
    handoff.idempotency_key = key;
    handoff.file_name = "films/A.Film.MP4";
    handoff.file_size = 15;
    handoff.parameters = R"({"payload":"mine"})";
  }

  // A new process each time.
  template <class Ask>
  auto ask(const Ask& question) {
    library::Library kept(journal, store, store, log);
    VideoLibrary library(kept, slow_work, prober, clock, log);
    return run(question(library));
  }
  // With what the ledger does.
  Result<delivery::Delivery> deliver() {
    return ask([this](VideoLibrary& library) { return deliver_and_keep(library); });
  }
  runtime::Task<Result<delivery::Delivery>> deliver_and_keep(VideoLibrary& library) {
    Result<delivery::Delivery> delivery = co_await library.deliver(handoff);
    if (!delivery || delivery->changes.empty()) {
      co_return delivery;
    }
    const Result<> kept = co_await journal.commit(std::move(delivery->changes));
    if (!kept) {
      co_return fail(kept.error());
    }
    co_return delivery;
  }
  Result<std::string> find(const std::string& id) {
    return ask([&id](VideoLibrary& library) { return library.find(id, std::nullopt); });
  }
  Result<> remove(const std::string& id) {
    return ask([&id](VideoLibrary& library) { return library.remove(id, std::nullopt); });
  }
  Result<> remove_source(const std::string& id) {
    return ask([&id](VideoLibrary& library) { return library.remove_source(id, std::nullopt); });
  }
  void clean_leftovers() {
    library::Library kept(journal, store, store, log);
    run(kept.clean_leftovers());
  }
  Result<VideoList> list(const VideoFilter& filter) {
    return ask([&filter](VideoLibrary& library) { return library.list(filter); });
  }

  Steps steps;
  SteppedJournal journal{steps};
  SteppedStore store{steps};
  SteppedProber prober{steps};
  delivery::SlowWork slow_work{0};
  testing::ManualClock clock;
  NullLog log;
  delivery::Handoff handoff;
};

const std::string id = short_digest("video:" + key);
const std::string name = "videos/" + id + ".mp4";

boost::json::object parsed(const std::string& text) {
  return boost::json::parse(text).as_object();
}

TEST(VideoLibrary, TurnsAFinishedFileIntoAVideo) {
  World world;
  const auto delivery = world.deliver();
  ASSERT_TRUE(delivery) << delivery.error().message();
  EXPECT_TRUE(delivery->blob_taken);
  EXPECT_EQ(delivery->answer.status, 200);
  ASSERT_EQ(delivery->answer.headers.size(), 1U);
  EXPECT_EQ(delivery->answer.headers[0].first, "Content-Type");
  EXPECT_EQ(delivery->answer.headers[0].second, "application/json");
  const boost::json::object document = parsed(delivery->answer.body);
  EXPECT_EQ(document.at("id").as_string(), id);
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(document.at("status").as_string(), "success");
  EXPECT_FALSE(document.contains("error"));
  EXPECT_EQ(document.at("original_filename").as_string(), "A.Film.MP4");
  EXPECT_EQ(document.at("extname").as_string(), ".mp4");
  EXPECT_EQ(document.at("file_size").as_int64(), 15);
  EXPECT_EQ(document.at("width").as_int64(), 640);
  EXPECT_EQ(document.at("payload").as_string(), "mine");
  EXPECT_EQ(document.at("created_at").as_string(), "2019/12/20 00:00:00 +0000");

  ASSERT_EQ(world.store.memory.files.size(), 1U);
  EXPECT_EQ(world.store.memory.files.at(name), "bytes of a film");
  EXPECT_TRUE(world.store.memory.blobs.empty());
  ASSERT_EQ(world.journal.memory.videos.size(), 1U);
  const model::VideoRecord& record = world.journal.memory.videos.at(id);
  EXPECT_EQ(record.upload_id, upload_id);
  EXPECT_EQ(record.created_at, world.clock.now());
  EXPECT_EQ(record.status, "success");
  EXPECT_TRUE(record.source_present);
  EXPECT_EQ(world.find(id), delivery->answer.body);
  const auto metadata =
      world.ask([](VideoLibrary& library) { return library.metadata(id, std::nullopt); });
  ASSERT_TRUE(metadata);
  EXPECT_EQ(parsed(*metadata).at("image_width").as_int64(), 640);
}

TEST(VideoLibrary, GivesAFileThatIsNoMediaANormalAnswer) {
  World world;
  world.prober.result = fail(Errc::unsupported_media_type, "the probe was ended by signal 11");
  const auto delivery = world.deliver();
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->answer.status, 200);
  const boost::json::object document = parsed(delivery->answer.body);
  EXPECT_EQ(document.at("status").as_string(), "fail");
  EXPECT_EQ(document.at("error_class").as_string(), "FormatNotRecognised");
  EXPECT_TRUE(document.at("error_message").is_string());
  EXPECT_EQ(world.journal.memory.videos.at(id).status, "fail");
  EXPECT_EQ(world.store.memory.files.count(name), 1U);
}

TEST(VideoLibrary, TriesAgainWhenTheProbeCouldNotBeMade) {
  World world;
  const Result<MediaInfo> sound = world.prober.result;
  world.prober.result = fail(Errc::internal, "no helper");
  const auto failed = world.deliver();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::internal);
  EXPECT_TRUE(world.journal.memory.videos.empty());
  world.prober.result = sound;
  EXPECT_EQ(parsed(world.deliver()->answer.body).at("status").as_string(), "success");
}

template <class Prepare, class Act, class Check>
std::vector<std::string> at_every_step(const Prepare& prepare, const Act& act, const Check& check) {
  return testing::at_every_step<World>(prepare, act, check);
}

TEST(VideoLibrary, MakesOneVideoWhereverAnAttemptStops) {
  const auto steps =
      at_every_step([](World&) {}, [](World& world) { return world.deliver().has_value(); },
                    [](World& world) {
                      const auto delivery = world.deliver();
                      ASSERT_TRUE(delivery) << delivery.error().message();
                      EXPECT_TRUE(delivery->blob_taken);
                      EXPECT_EQ(parsed(delivery->answer.body).at("id").as_string(), id);
                      EXPECT_EQ(world.journal.memory.videos.size(), 1U);
                      EXPECT_EQ(world.journal.memory.videos.at(id).document, delivery->answer.body);
                      ASSERT_EQ(world.store.memory.files.size(), 1U);
                      EXPECT_EQ(world.store.memory.files.at(name), "bytes of a film");
                      EXPECT_TRUE(world.store.memory.blobs.empty());
                      // A stored answer is not made anew, although the file or the prober might
                      // give another one today.
                      world.clock.advance(std::chrono::hours(1));
                      world.prober.result = fail(Errc::unsupported_media_type, "today");
                      EXPECT_EQ(world.deliver()->answer, delivery->answer);
                      EXPECT_EQ(world.journal.memory.videos.size(), 1U);
                    });
  EXPECT_EQ(steps, (std::vector<std::string>{"finish", "open", "probe", "commit"}));
}

// A film with subtitles, in parts.
void add_extra_file(World& world) {
  world.handoff.is_multichunk = true;
  world.handoff.file_size = 8;
  world.handoff.blob_size = 15;
  world.handoff.extra_files = {{"subtitles", "s.srt", {8, 15}}};
}

TEST(VideoLibrary, PutsExtraFilesBesideTheVideoWhereverAnAttemptStops) {
  const auto steps = at_every_step(
      add_extra_file, [](World& world) { return world.deliver().has_value(); },
      [](World& world) {
        const auto delivery = world.deliver();
        ASSERT_TRUE(delivery) << delivery.error().message();
        const boost::json::object told = parsed(delivery->answer.body);
        EXPECT_EQ(told.at("status").as_string(), "processing");
        EXPECT_EQ(told.at("file_size").as_int64(), 8);
        EXPECT_EQ(parsed(*world.find(id)).at("status").as_string(), "success");
        EXPECT_EQ(parsed(*world.find(id)).at("extra_files"), told.at("extra_files"));
        ASSERT_EQ(world.store.memory.files.size(), 2U);
        EXPECT_EQ(world.store.memory.files.at(name), "bytes of");
        EXPECT_EQ(world.store.memory.files.at("videos/" + id + "-1.srt"), " a film");
        EXPECT_EQ(world.deliver()->answer, delivery->answer);
        EXPECT_TRUE(world.remove(id));
        EXPECT_TRUE(world.store.memory.files.empty());
      });
  EXPECT_EQ(steps, (std::vector<std::string>{"finish", "open", "probe", "commit"}));
}

TEST(VideoLibrary, KnowsTheVideoBeforeItIsThere) {
  World world;
  add_extra_file(world);
  world.handoff.created_at = world.clock.now();
  library::Library kept(world.journal, world.store, world.store, world.log);
  const VideoLibrary library(kept, world.slow_work, world.prober, world.clock, world.log);
  const delivery::Preview preview = library.preview(world.handoff);
  EXPECT_EQ(preview.media_id, id);
  ASSERT_TRUE(preview.answer);
  const boost::json::object before = parsed(preview.answer->body);
  const boost::json::object after = parsed(world.deliver()->answer.body);
  for (const char* member : {"id", "status", "created_at", "file_size", "extra_files"}) {
    EXPECT_EQ(before.at(member), after.at(member)) << member;
  }
}

TEST(VideoLibrary, RemovesAVideoWhereverARemovalStops) {
  const auto steps = at_every_step([](World& world) { ASSERT_TRUE(world.deliver()); },
                                   [](World& world) { return world.remove(id).has_value(); },
                                   [](World& world) {
                                     const bool was_there = world.find(id).has_value();
                                     world.clean_leftovers();
                                     EXPECT_EQ(world.find(id).has_value(), was_there);
                                     EXPECT_EQ(world.store.memory.files.empty(), !was_there);
                                     const auto again = world.remove(id);
                                     EXPECT_EQ(again.has_value(), was_there);
                                     EXPECT_TRUE(world.store.memory.files.empty());
                                     EXPECT_FALSE(world.journal.memory.videos.contains(id));
                                   });
  EXPECT_EQ(steps, (std::vector<std::string>{"commit", "remove", "commit"}));
}

TEST(VideoLibrary, LetsTheClientRepeatARemovalThatFailed) {
  at_every_step([](World& world) { ASSERT_TRUE(world.deliver()); },
                [](World& world) { return world.remove(id).has_value(); },
                [](World& world) {
                  const bool complete = !world.journal.memory.videos.contains(id);
                  EXPECT_EQ(world.remove(id).has_value(), !complete);
                  EXPECT_TRUE(world.store.memory.files.empty());
                  EXPECT_EQ(world.remove(id).error().code(), Errc::not_found);
                });
}

TEST(VideoLibrary, LeavesNothingOfAVideoThatIsRemoved) {
  World world;
  ASSERT_TRUE(world.deliver());
  ASSERT_TRUE(world.remove(id));
  EXPECT_TRUE(world.journal.memory.videos.empty());
  EXPECT_EQ(world.find(id).error().code(), Errc::not_found);
  EXPECT_EQ(world.find(id).error().message(), "Couldn't find Video with ID=" + id);
  EXPECT_EQ(world.ask([](VideoLibrary& library) { return library.metadata(id, std::nullopt); })
                .error()
                .code(),
            Errc::not_found);
  EXPECT_EQ(world.remove(id).error().code(), Errc::not_found);
  EXPECT_EQ(world.remove_source(id).error().code(), Errc::not_found);
  EXPECT_EQ(world.list({})->total, 0U);
  EXPECT_TRUE(world.store.memory.files.empty());
}

TEST(VideoLibrary, RemovesTheFileAloneWhereverThatStops) {
  at_every_step([](World& world) { ASSERT_TRUE(world.deliver()); },
                [](World& world) { return world.remove_source(id).has_value(); },
                [](World& world) {
                  const auto& record = world.journal.memory.videos.at(id);
                  EXPECT_TRUE(record.source_present || world.store.memory.files.empty());
                  EXPECT_TRUE(world.remove_source(id));
                  EXPECT_TRUE(world.remove_source(id));
                  EXPECT_TRUE(world.store.memory.files.empty());
                  EXPECT_FALSE(record.source_present);
                  EXPECT_EQ(record.status, "success");
                  EXPECT_EQ(world.find(id), record.document);
                  EXPECT_EQ(world.deliver()->answer.body, record.document);
                  EXPECT_TRUE(world.remove(id));
                  EXPECT_EQ(world.find(id).error().code(), Errc::not_found);
                });
}

TEST(VideoLibrary, CleansManyLeftoversAndEndsWhenTheDiskRefuses) {
  World world;
  for (std::size_t i = 0; i < 3 * limits::library_leftovers_batch; ++i) {
    model::VideoRecord record;
    record.id = short_digest(std::to_string(i));
    record.status = "deleted";
    record.document = R"({"extname":".mp4"})";
    world.store.memory.files["videos/" + record.id + ".mp4"] = "left over";
    world.journal.memory.videos[record.id] = record;
  }
  world.journal.memory.videos.begin()->second.document = "not readable";
  world.clean_leftovers();
  EXPECT_EQ(world.store.memory.files.size(), 1U);
  EXPECT_EQ(world.journal.memory.commits, 3 * limits::library_leftovers_batch - 1);
}

runtime::Task<> keep(runtime::Task<Result<>> task, std::optional<Result<>>* result) {
  result->emplace(co_await std::move(task));
}

TEST(VideoLibrary, MakesTwoChangesOfOneVideoOneAfterTheOther) {
  World world;
  ASSERT_TRUE(world.deliver());
  library::Library kept(world.journal, world.store, world.store, world.log);
  VideoLibrary library(kept, world.slow_work, world.prober, world.clock, world.log);
  world.journal.gate = std::make_shared<runtime::Event>();
  boost::asio::io_context context(1);
  std::optional<Result<>> source_removed;
  std::optional<Result<>> removed;
  bool first_done = false;
  bool second_done = false;
  std::exception_ptr exception;
  testing::start_in(context, keep(library.remove_source(id, std::nullopt), &source_removed),
                    first_done, exception);
  testing::start_in(context, keep(library.remove(id, std::nullopt), &removed), second_done,
                    exception);
  while (context.poll_one() != 0) {
  }
  EXPECT_FALSE(first_done);
  EXPECT_FALSE(second_done);
  world.journal.gate->set();
  testing::drive(context, first_done);
  testing::drive(context, second_done);
  EXPECT_FALSE(exception);
  ASSERT_TRUE(source_removed);
  EXPECT_TRUE(*source_removed);
  ASSERT_TRUE(removed);
  EXPECT_TRUE(*removed);
  // Side by side, the first removal would have written its old record once more.
  EXPECT_TRUE(world.journal.memory.videos.empty());
}

TEST(VideoLibrary, ListsPagesNewestFirst) {
  World world;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    world.clock.advance(std::chrono::minutes(1));
    world.handoff.upload_id = i;
    world.handoff.idempotency_key = std::to_string(i);
    world.handoff.file_name = std::to_string(i);
    world.store.memory.blobs[i].durable = "x";
    world.handoff.file_size = 1;
    if (i == 4) {
      world.prober.result = fail(Errc::unsupported_media_type, "no media");
    }
    ASSERT_TRUE(world.deliver());
  }
  const auto names = [&world](const VideoFilter& filter) {
    std::string joined;
    const auto listed = world.list(filter);
    for (const std::string& document : listed->documents) {
      joined += std::string(parsed(document).at("original_filename").as_string());
    }
    return joined + "/" + std::to_string(listed->total);
  };
  EXPECT_EQ(names({}), "54321/5");
  EXPECT_EQ(names({.status = std::nullopt, .page = 1, .per_page = 2}), "54/5");
  EXPECT_EQ(names({.status = std::nullopt, .page = 3, .per_page = 2}), "1/5");
  EXPECT_EQ(names({.status = std::nullopt, .page = 4, .per_page = 2}), "/5");
  EXPECT_EQ(names({.status = std::nullopt, .page = 0, .per_page = 0}), "5/5");
  EXPECT_EQ(names({.status = std::nullopt, .page = ~0ULL, .per_page = ~0ULL}), "/5");
  EXPECT_EQ(names({.status = "success", .page = 1, .per_page = 100}), "321/3");
  EXPECT_EQ(names({.status = "fail", .page = 1, .per_page = 1}), "5/2");
  EXPECT_EQ(names({.status = "processing", .page = 1, .per_page = 100}), "/0");
  for (const char* wrong : {"deleted", "", "Success"}) {
    const auto listed = world.list({.status = wrong, .page = 1, .per_page = 100});
    ASSERT_FALSE(listed) << wrong;
    EXPECT_EQ(listed.error().code(), Errc::bad_request);
  }
}

TEST(VideoLibrary, APageOfLargeVideosIsBoundedAndNamesThemAll) {
  World world;
  for (std::uint64_t i = 1; i <= 30; ++i) {
    world.clock.advance(std::chrono::minutes(1));
    world.handoff.upload_id = i;
    world.handoff.idempotency_key = std::to_string(i);
    world.handoff.parameters = R"({"payload":")" + std::string(i == 1 ? 10 : 60'000, 'x') + R"("})";
    world.store.memory.blobs[i].durable = "x";
    world.handoff.file_size = 1;
    ASSERT_TRUE(world.deliver());
  }
  const auto listed = world.list({});
  std::size_t bytes = 0;
  std::set<std::string> names;
  for (const std::string& document : listed->documents) {
    bytes += document.size();
    names.emplace(parsed(document).at("id").as_string());
  }
  EXPECT_EQ(names.size(), 30U);
  EXPECT_GT(bytes, 950'000U);
  EXPECT_LE(bytes, limits::list_page_bytes + std::size_t{30} * 100);
  EXPECT_EQ(parsed(listed->documents.back()).at("payload").as_string().size(), 10U)
      << "what fits is whole";
  const auto cut = parsed(listed->documents[20]);
  EXPECT_EQ(cut.size(), 2U);
  EXPECT_EQ(cut.at("status").as_string(), "success");
}

TEST(VideoLibrary, PassesOnWhatTheJournalSays) {
  World world;
  ASSERT_TRUE(world.deliver());
  world.journal.memory.failing = true;
  EXPECT_EQ(world.remove(id).error().code(), Errc::storage_failed);
  EXPECT_EQ(world.store.memory.files.count(name), 1U);
  EXPECT_EQ(world.find("\xff<id>").error().message(),
            "Couldn't find Video with ID=\xef\xbf\xbd<id>");
}

TEST(VideoLibrary, ShowsAnOwnerTheirOwnVideosAlone) {
  World world;
  model::VideoRecord record;
  record.id = "a";
  record.owner = "ann";
  record.status = "success";
  record.document = "{}";
  world.journal.memory.videos["a"] = record;
  const model::Viewer bob = "bob";
  for (const model::Viewer& viewer : {model::Viewer("ann"), model::Viewer()}) {
    EXPECT_TRUE(world.ask([&](VideoLibrary& library) { return library.find("a", viewer); }));
    EXPECT_TRUE(world.ask([&](VideoLibrary& library) { return library.metadata("a", viewer); }));
    VideoFilter filter;
    filter.viewer = viewer;
    EXPECT_EQ(world.ask([&](VideoLibrary& library) { return library.list(filter); })->total, 1U);
  }
  const auto code = [](const auto& result) {
    return result ? Errc::internal : result.error().code();
  };
  EXPECT_EQ(code(world.ask([&](VideoLibrary& l) { return l.find("a", bob); })), Errc::not_found);
  EXPECT_EQ(code(world.ask([&](VideoLibrary& l) { return l.metadata("a", bob); })),
            Errc::not_found);
  EXPECT_EQ(code(world.ask([&](VideoLibrary& l) { return l.remove("a", bob); })), Errc::not_found);
  EXPECT_EQ(code(world.ask([&](VideoLibrary& l) { return l.remove_source("a", bob); })),
            Errc::not_found);
  VideoFilter filter;
  filter.viewer = bob;
  EXPECT_EQ(world.ask([&](VideoLibrary& library) { return library.list(filter); })->total, 0U);
  EXPECT_EQ(world.journal.memory.videos["a"].status, "success");
}

}  // namespace
}  // namespace sluice::video
