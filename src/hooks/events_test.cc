// SPDX-License-Identifier: MIT
#include "hooks/events.h"

#include <gtest/gtest.h>

namespace sluice::hooks {
namespace {

using model::UploadProgress;
using model::UploadState;

UploadProgress in(UploadState state) {
  UploadProgress progress;
  progress.state = state;
  return progress;
}

UploadProgress answered(UploadState state, int status, std::string body) {
  UploadProgress progress = in(state);
  progress.answer = model::Answer{};
  progress.answer->status = status;
  progress.answer->body = std::move(body);
  return progress;
}

std::vector<Event> events_of(const UploadProgress* before, const UploadProgress& after) {
  std::vector<Event> events;
  for (const Event event : all_events) {
    if (is_event(event, before, after)) {
      events.push_back(event);
    }
  }
  return events;
}

TEST(Events, AreTurnsOfAnUploadsLife) {
  const UploadProgress receiving = in(UploadState::receiving);
  const UploadProgress received = in(UploadState::received);
  EXPECT_EQ(events_of(nullptr, receiving), std::vector{Event::created});
  EXPECT_EQ(events_of(&receiving, received), std::vector<Event>{});
  EXPECT_EQ(events_of(&received, in(UploadState::delivered)),
            (std::vector{Event::finished, Event::video_created}));
  EXPECT_EQ(events_of(&received, in(UploadState::refused)), std::vector{Event::finished});
  EXPECT_EQ(events_of(&receiving, in(UploadState::aborted)), std::vector{Event::aborted});
  EXPECT_EQ(events_of(&receiving, in(UploadState::expired)), std::vector{Event::expired});
}

TEST(Events, HappenOnce) {
  for (const UploadState state :
       {UploadState::receiving, UploadState::delivered, UploadState::refused, UploadState::aborted,
        UploadState::expired}) {
    const UploadProgress progress = in(state);
    EXPECT_EQ(events_of(&progress, progress), std::vector<Event>{}) << model::to_text(state);
  }
}

TEST(Events, KeepTheirWords) {
  for (const Event event : all_events) {
    EXPECT_EQ(event_from_text(to_text(event)), event);
  }
  EXPECT_EQ(event_from_text("encoding-complete"), std::nullopt);
}

TEST(Events, AreToldAsJson) {
  model::UploadRecord record;
  record.id = 7;
  record.token = "secret";
  record.file_name = "a\"\xff.mp4";
  record.parameters = R"({"payload":"p"})";
  record.origin = R"({"client_address":"192.0.2.1"})";
  record.created_at = Timestamp(std::chrono::seconds(1000));
  model::UploadProgress after = answered(UploadState::refused, 422, "too \"long\"");
  after.file_size = 9;
  const auto body = body_of(Event::finished, record, after);
  EXPECT_EQ(body, R"({"event":"finished","upload":{"id":7,"file_name":"a\")"
                  "\xef\xbf\xbd"
                  R"(.mp4","file_size":9,"content_type":"","state":"refused","created_at":1000,)"
                  R"("parameters":{"payload":"p"},"origin":{"client_address":"192.0.2.1"}},)"
                  R"("answer":{"status":422,"body":"too \"long\""}})");
}

TEST(Events, ASizeThatIsNotKnownIsNull) {
  const auto body = body_of(Event::created, {}, in(UploadState::receiving));
  ASSERT_TRUE(body);
  EXPECT_NE(body->find(R"("file_size":null,)"), std::string::npos) << *body;
}

TEST(Events, TheEndOfARefusedFileIsNoEvent) {
  const model::UploadProgress refused = in(UploadState::refused);
  for (const Event event : all_events) {
    EXPECT_FALSE(is_event(event, &refused, in(UploadState::expired))) << to_text(event);
  }
}

TEST(Events, TellOfAVideoAsPandaDid) {
  const model::UploadRecord record;
  const auto told = [&](std::string answer) {
    return body_of(Event::video_created, record,
                   answered(UploadState::delivered, 200, std::move(answer)));
  };
  EXPECT_EQ(told(R"({"id":"ab/c","status":"processing"})"),
            "event=video-created&video_id=ab%2Fc&encoding_ids%5B0%5D=ab%2Fc");
  EXPECT_EQ(told("no JSON"), std::nullopt);
  EXPECT_EQ(told(R"({"id":5})"), std::nullopt);
  EXPECT_EQ(told(R"(["id"])"), std::nullopt);
}

}  // namespace
}  // namespace sluice::hooks
