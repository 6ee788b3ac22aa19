// SPDX-License-Identifier: MIT
#include "s3/probe.h"

#include <gtest/gtest.h>

#include <functional>

#include "support/memory_objects.h"
#include "support/run.h"

namespace sluice::s3 {
namespace {

using sluice::testing::MemoryObjects;
using sluice::testing::NetworkFault;
using sluice::testing::run;

LifecycleRule aborting() {
  return {.id = "abort", .prefix = "", .aborts_multiparts = true};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

ProbeReport judged(const BucketRules& rules) {
  ProbeReport report;
  judge_rules(rules, "p/", report);
  return report;
}

TEST(Probe, AGoodStoreIsTakenAndLeftAsItWas) {
  MemoryObjects store;
  store.rules.lifecycle = {aborting()};
  store.objects = {{"p/other", "bytes"}};
  const ProbeReport report = run(probe(store, "p/"));
  EXPECT_EQ(joined(report.refusals), "");
  EXPECT_EQ(joined(report.warnings), "");
  EXPECT_TRUE(report.copies_parts);
  EXPECT_EQ(store.objects, (std::map<std::string, std::string>{{"p/other", "bytes"}}));
}

TEST(Probe, EachDefectIsSaidInWords) {
  const struct {
    std::function<void(MemoryObjects&)> change;
    const char* refusal;
    const char* warning;
    bool copies_parts;
  } rows[] = {
      {[](MemoryObjects& store) { store.takes_any_hash = true; },
       "takes bytes that are not those of their hash", "", true},
      {[](MemoryObjects& store) { store.lists_nothing = true; },
       "not in the list right after it was stored", "", true},
      {[](MemoryObjects& store) { store.answers_ranges = false; },
       "does not answer ranges of objects", "", true},
      {[](MemoryObjects& store) { store.copies_parts = false; }, "",
       "parts of objects cannot be copied (UploadPartCopy)", false},
      {[](MemoryObjects& store) { store.capacity_bytes = 100; }, "the quota is used up", "", true},
      {[](MemoryObjects& store) { store.faults = {NetworkFault::lost}; }, "no answer", "", true},
      {[](MemoryObjects& store) { store.ahead = std::chrono::hours(1); }, "",
       "the clock of this machine is 3600 s behind the store's", true},
      {[](MemoryObjects& store) { store.ahead = std::chrono::hours(-1); }, "",
       "the clock of this machine is 3600 s ahead of the store's", true},
      {[](MemoryObjects& store) { store.rules.versioning = Versioning::on; },
       "the bucket keeps versions", "", true},
  };
  for (const auto& row : rows) {
    MemoryObjects store;
    store.rules.lifecycle = {aborting()};
    row.change(store);
    const ProbeReport report = run(probe(store, "p/"));
    EXPECT_EQ(report.refusals.size(), *row.refusal == '\0' ? 0U : 1U) << joined(report.refusals);
    EXPECT_EQ(report.warnings.size(), *row.warning == '\0' ? 0U : 1U) << joined(report.warnings);
    EXPECT_TRUE(joined(report.refusals).contains(row.refusal)) << joined(report.refusals);
    EXPECT_TRUE(joined(report.warnings).contains(row.warning)) << joined(report.warnings);
    EXPECT_EQ(report.copies_parts, row.copies_parts) << row.refusal << row.warning;
    EXPECT_TRUE(store.objects.empty()) << row.refusal << row.warning;
  }
}

TEST(Probe, APlaceForFinishedObjectsIsAskedWithOneOfThem) {
  MemoryObjects store;
  store.objects = {{"p/other", "bytes"}};
  EXPECT_TRUE(run(probe_place(store, "p/")));
  EXPECT_EQ(store.objects, (std::map<std::string, std::string>{{"p/other", "bytes"}}));
  EXPECT_EQ(store.requests, 3U);
  // No put, no look at it, no removal.
  for (std::size_t good = 0; good < 3; ++good) {
    store.faults.assign(good, NetworkFault::none);
    store.faults.push_back(NetworkFault::lost);
    EXPECT_FALSE(run(probe_place(store, "p/"))) << good;
  }
  store.objects.clear();
  store.capacity_bytes = 1;
  EXPECT_TRUE(run(probe_place(store, "")).error().message().contains("the quota is used up"));
}

TEST(Probe, ARuleCountsForThePrefixThatItIsAbout) {
  const struct {
    LifecycleRule rule;
    const char* refusal;
    const char* warning;
  } rows[] = {
      {{.id = "old", .prefix = "", .expires = true}, "\"old\" removes objects", ""},
      {{.id = "old", .prefix = "p/", .expires = true}, "\"old\" removes objects", ""},
      {{.id = "old", .prefix = "p/e/", .expires = true}, "\"old\" removes objects", ""},
      {{.id = "old", .prefix = "q/", .expires = true}, "", ""},
      {{.id = "old", .prefix = "p/", .only_tagged = true, .expires = true}, "", ""},
      {{.id = "ice", .prefix = "", .moves = true}, "", "\"ice\" moves objects"},
  };
  for (const auto& row : rows) {
    const ProbeReport report = judged({.lifecycle = {aborting(), row.rule}});
    EXPECT_EQ(report.refusals.size(), *row.refusal == '\0' ? 0U : 1U) << row.rule.prefix;
    EXPECT_EQ(report.warnings.size(), *row.warning == '\0' ? 0U : 1U) << row.rule.prefix;
    EXPECT_TRUE(joined(report.refusals).contains(row.refusal)) << joined(report.refusals);
    EXPECT_TRUE(joined(report.warnings).contains(row.warning)) << joined(report.warnings);
  }
}

TEST(Probe, RulesThatCannotBeSeenAreNoReasonToRefuse) {
  ProbeReport report;
  judge_rules(fail(Errc::unavailable, "403 AccessDenied"), "p/", report);
  EXPECT_TRUE(report.refusals.empty());
  EXPECT_TRUE(joined(report.warnings).contains("403 AccessDenied"));
}

TEST(Probe, ABucketWithoutRulesIsToldOfTheOneThatItNeeds) {
  EXPECT_TRUE(joined(judged({}).warnings).contains("no lifecycle rule aborts multipart uploads"));
  EXPECT_TRUE(
      joined(judged({.versioning = Versioning::suspended, .lifecycle = {aborting()}}).warnings)
          .contains("is suspended"));
}

}  // namespace
}  // namespace sluice::s3
