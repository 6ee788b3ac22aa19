// SPDX-License-Identifier: MIT
#include "admin/upload_document.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <string>
#include <vector>

namespace sluice::admin {
namespace {

using namespace std::chrono_literals;
using model::UploadState;
using Words = std::vector<std::string>;

upload::UploadView view_in(UploadState state) {
  upload::UploadView view;
  view.record.id = 7;
  view.record.created_at = Timestamp(1h);
  view.record.progress.state = state;
  if (state != UploadState::receiving) {
    view.record.progress.handoff_since = Timestamp(2h);
    view.record.progress.next_attempt_at = Timestamp(3h);
  }
  return view;
}

Words told(const upload::UploadView& view) {
  Words words;
  for (const boost::json::value& event : whole_story_of(view).at("events").as_array()) {
    words.emplace_back(event.at("event").as_string());
  }
  return words;
}

TEST(UploadDocument, OfWhatIsForgottenTheJournalKnowsTheStory) {
  EXPECT_EQ(told(view_in(UploadState::receiving)), Words{"created"});
  EXPECT_EQ(told(view_in(UploadState::delivering)), (Words{"created", "complete"}));
  EXPECT_EQ(told(view_in(UploadState::failed)), (Words{"created", "complete", "given_up"}));
  EXPECT_EQ(told(view_in(UploadState::set_aside)), (Words{"created", "complete", "set_aside"}));
  upload::UploadView delivered = view_in(UploadState::delivered);
  delivered.record.progress.answer = model::Answer{};
  EXPECT_EQ(told(delivered), (Words{"created", "complete", "answered"}));
}

TEST(UploadDocument, WhatIsRememberedIsToldOnce) {
  upload::UploadView view = view_in(UploadState::set_aside);
  for (const char* what : {"begins", "bytes", "complete", "set_aside"}) {
    view.story.add({.what = what, .at = Timestamp(2h), .until = Timestamp(2h)});
  }
  EXPECT_EQ(told(view), (Words{"created", "begins", "bytes", "complete", "set_aside"}));
  view = view_in(UploadState::failed);
  view.story.add({.what = "put_back"});
  view.story.add({.what = "given_up"});
  EXPECT_EQ(told(view), (Words{"created", "put_back", "given_up"}));
}

TEST(UploadDocument, AnEventSaysWhenHowOftenAndWhy) {
  upload::UploadView view = view_in(UploadState::receiving);
  view.in_memory_since = Timestamp(1h);
  view.story.add({.what = "bytes", .at = Timestamp(1h), .until = Timestamp(2h), .bytes = 5});
  view.story.add({.what = "bytes", .at = Timestamp(2h), .until = Timestamp(3h), .bytes = 6});
  view.story.add(
      {.what = "broke_off", .at = Timestamp(4h), .until = Timestamp(4h), .words = "\xff"});
  const boost::json::object document = whole_story_of(view);
  EXPECT_EQ(document.at("in_memory_since"), "1970-01-01T01:00:00Z");
  const boost::json::array& events = document.at("events").as_array();
  EXPECT_EQ(boost::json::serialize(events.at(1)),
            R"({"at":"1970-01-01T01:00:00Z","until":"1970-01-01T03:00:00Z","event":"bytes",)"
            R"("count":2,"bytes":11})");
  EXPECT_EQ(boost::json::serialize(events.at(2)),
            R"({"at":"1970-01-01T04:00:00Z","event":"broke_off","words":"�"})");
}

}  // namespace
}  // namespace sluice::admin
