// SPDX-License-Identifier: MIT
// The promises of object_store.h, for each implementation: memory, and the client with the engine
// of the environment where there is one.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/random.h"
#include "support/memory_objects.h"
#include "support/run.h"
#include "support/s3_engine.h"

namespace sluice::s3 {
namespace {

using sluice::testing::MemoryObjects;
using sluice::testing::run;
using sluice::testing::S3Engine;

class ObjectStoreContract : public ::testing::TestWithParam<const char*> {
 protected:
  ObjectStoreContract() {
    if (GetParam() == std::string("engine")) {
      engine_ = std::make_unique<S3Engine>(*sluice::testing::s3_engine_settings());
    }
  }

  ObjectStore& store() {
    if (engine_) {
      return engine_->client();
    }
    return memory_;
  }
  std::string key(const std::string& name) const { return prefix_ + name; }
  void put(const std::string& name, const std::string& bytes) {
    const Result<> done = run(store().put(key(name), payload_of(bytes)));
    ASSERT_TRUE(done) << name << ": " << done.error().message();
  }
  std::string get(const std::string& name, ByteRange range) {
    const Result<std::string> bytes = run(store().get_range(key(name), range));
    return bytes ? *bytes : "failed: " + bytes.error().message();
  }
  Errc refusal_of_get(const std::string& name, ByteRange range) {
    const Result<std::string> bytes = run(store().get_range(key(name), range));
    return bytes ? Errc::closed_by_peer : bytes.error().code();
  }
  std::optional<ObjectFacts> head(const std::string& name) {
    const auto facts = run(store().head(key(name)));
    EXPECT_TRUE(facts) << facts.error().message();
    return facts.value_or(std::nullopt);
  }
  // All pages, without the prefix of this test.
  std::vector<std::string> list(const std::string& name = "") {
    std::vector<std::string> keys;
    std::string next;
    do {
      const Result<ListPage> page = run(store().list(key(name), next));
      EXPECT_TRUE(page) << page.error().message();
      if (!page) {
        break;
      }
      for (const ListedObject& object : page->objects) {
        EXPECT_TRUE(object.key.starts_with(prefix_));
        keys.push_back(object.key.substr(prefix_.size()));
      }
      next = page->next;
    } while (!next.empty());
    return keys;
  }
  Result<> remove(const std::vector<std::string>& names) {
    std::vector<std::string> keys;
    keys.reserve(names.size());
    for (const std::string& name : names) {
      keys.push_back(key(name));
    }
    return run(store().remove(keys));
  }
  Multipart begin(const std::string& name) {
    Result<Multipart> upload = run(store().create_multipart(key(name)));
    EXPECT_TRUE(upload) << upload.error().message();
    return upload.value_or(Multipart{});
  }
  UploadedPart part(const Multipart& upload, unsigned number, const std::string& bytes) {
    Result<UploadedPart> made = run(store().upload_part(upload, number, payload_of(bytes)));
    EXPECT_TRUE(made) << made.error().message();
    return made.value_or(UploadedPart{});
  }

 private:
  const std::string prefix_ = "contract/" + random_hex_id() + "/";
  MemoryObjects memory_;
  std::unique_ptr<S3Engine> engine_;
};

TEST_P(ObjectStoreContract, AnObjectIsThereWithItsBytesAsSoonAsItIsPut) {
  EXPECT_EQ(head("a"), std::nullopt);
  put("a", "hello world");
  ASSERT_TRUE(head("a"));
  EXPECT_EQ(head("a")->size, 11U);
  EXPECT_EQ(get("a", {0, 11}), "hello world");
  EXPECT_EQ(list(), std::vector<std::string>{"a"});
  put("a", "hello world");
  EXPECT_EQ(list(), std::vector<std::string>{"a"});
}

TEST_P(ObjectStoreContract, AnObjectMayBeEmpty) {
  put("empty", "");
  ASSERT_TRUE(head("empty"));
  EXPECT_EQ(head("empty")->size, 0U);
}

TEST_P(ObjectStoreContract, OtherBytesThanThoseOfTheHashAreRefused) {
  Payload payload = payload_of("hello");
  payload.sha256 = sha256("other");
  const Result<> done = run(store().put(key("a"), payload));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::unavailable);
  EXPECT_EQ(head("a"), std::nullopt);
}

TEST_P(ObjectStoreContract, RangesAreExact) {
  put("a", "0123456789");
  EXPECT_EQ(get("a", {0, 1}), "0");
  EXPECT_EQ(get("a", {3, 7}), "3456");
  EXPECT_EQ(get("a", {9, 10}), "9");
  EXPECT_EQ(refusal_of_get("a", {9, 11}), Errc::storage_failed);
  EXPECT_EQ(refusal_of_get("a", {10, 11}), Errc::storage_failed);
  EXPECT_EQ(refusal_of_get("b", {0, 1}), Errc::file_missing);
}

TEST_P(ObjectStoreContract, KeysAreWhatTheyAre) {
  const std::vector<std::string> names{
      "a b",      "a+b",   "a~b",       "a//b",  "a/../b", "a.b",      "\xC3\xA9/\xE6\xBC\xA2",
      "%41",      "a%2F",  "it's(1)!*", "a&b=c", "a?b#c",  ".hidden/", "a:b@c",
      "<a>\"b\"", "a;b,c$"};
  for (const std::string& name : names) {
    put(name, name);
  }
  std::vector<std::string> sorted = names;
  std::ranges::sort(sorted);
  EXPECT_EQ(list(), sorted);
  for (const std::string& name : names) {
    EXPECT_EQ(get(name, {0, name.size()}), name);
  }
  ASSERT_TRUE(remove(names));
  EXPECT_EQ(list(), std::vector<std::string>{});
}

TEST_P(ObjectStoreContract, AListHasPagesInOrder) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i <= limits::s3_list_page_count; ++i) {
    names.push_back("p/" + std::to_string(1000 + i));
    put(names.back(), "");
  }
  put("p", "");
  put("q", "");
  EXPECT_EQ(list("p/"), names);
  const Result<ListPage> page = run(store().list(key("p/"), ""));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->objects.size(), limits::s3_list_page_count);
  EXPECT_NE(page->next, "");
}

TEST_P(ObjectStoreContract, WhatIsRemovedIsGone) {
  put("a", "1");
  put("b", "2");
  put("c", "3");
  ASSERT_TRUE(remove({"a", "c", "never"}));
  EXPECT_EQ(head("a"), std::nullopt);
  EXPECT_EQ(list(), std::vector<std::string>{"b"});
  EXPECT_TRUE(remove({"a"}));
  EXPECT_TRUE(remove({}));
}

TEST_P(ObjectStoreContract, PartsBecomeOneObject) {
  const std::string first(limits::s3_part_bytes_min, 'a');
  const std::string other(limits::s3_part_bytes_min + 100, 'b');
  put("source", other);
  const Multipart upload = begin("whole");
  const UploadedPart last = part(upload, 7, "end");
  const UploadedPart begun = part(upload, 1, first);
  const Result<UploadedPart> copied =
      run(store().upload_part_copy(upload, 2, {"", key("source"), {100, other.size()}}));
  ASSERT_TRUE(copied) << copied.error().message();
  EXPECT_EQ(head("whole"), std::nullopt);
  const Result<> done = run(store().complete(upload, {begun, *copied, last}));
  ASSERT_TRUE(done) << done.error().message();
  ASSERT_TRUE(head("whole"));
  EXPECT_EQ(head("whole")->size, 2 * limits::s3_part_bytes_min + 3);
  const std::uint64_t seam = limits::s3_part_bytes_min;
  EXPECT_EQ(get("whole", {seam - 1, seam + 1}), "ab");
  EXPECT_EQ(get("whole", {2 * seam - 1, 2 * seam + 3}), "bend");
  EXPECT_EQ(list(), (std::vector<std::string>{"source", "whole"}));
}

TEST_P(ObjectStoreContract, APartThatIsSentAgainTakesThePlaceOfTheFirst) {
  const Multipart upload = begin("a");
  part(upload, 1, "first");
  const UploadedPart second = part(upload, 1, "second");
  ASSERT_TRUE(run(store().complete(upload, {second})));
  EXPECT_EQ(get("a", {0, 6}), "second");
}

TEST_P(ObjectStoreContract, PartsThatAreNotThereAreRefused) {
  const Multipart upload = begin("a");
  const UploadedPart made = part(upload, 1, "bytes");
  EXPECT_FALSE(run(store().complete(upload, {made, {2, made.etag}})));
  EXPECT_EQ(head("a"), std::nullopt);
  EXPECT_TRUE(run(store().abort(upload)));
}

TEST_P(ObjectStoreContract, AnAbortedUploadTakesNothingMore) {
  const Multipart upload = begin("a");
  const UploadedPart made = part(upload, 1, "bytes");
  ASSERT_TRUE(run(store().abort(upload)));
  EXPECT_TRUE(run(store().abort(upload)));
  const Result<UploadedPart> late = run(store().upload_part(upload, 2, payload_of("x")));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Errc::file_missing);
  EXPECT_FALSE(run(store().complete(upload, {made})));
  EXPECT_EQ(head("a"), std::nullopt);
}

TEST_P(ObjectStoreContract, ANewBucketDoesNothingByItself) {
  EXPECT_TRUE(run(store().ping()));
  const Result<BucketRules> rules = run(store().bucket_rules());
  ASSERT_TRUE(rules) << rules.error().message();
  EXPECT_EQ(rules->versioning, Versioning::off);
  EXPECT_TRUE(rules->lifecycle.empty());
}

std::vector<const char*> implementations() {
  std::vector<const char*> names{"memory"};
  if (sluice::testing::s3_engine_settings()) {
    names.push_back("engine");
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Each, ObjectStoreContract, ::testing::ValuesIn(implementations()),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace sluice::s3
