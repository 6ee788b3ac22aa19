// SPDX-License-Identifier: MIT
// Objects that are made of others by a real engine, with the one of the environment where there is
// one.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/random.h"
#include "outgoing/target.h"
#include "store/objects/object_references.h"
#include "support/extent_world.h"
#include "support/s3_engine.h"

namespace sluice::store::objects {
namespace {

using sluice::testing::ExtentWorld;
using sluice::testing::run_in;
using sluice::testing::S3Engine;

// Unpredictable: the bucket is there for all tests.
std::uint64_t any_id() {
  return std::random_device()();
}

class ObjectsEngineTest : public ::testing::TestWithParam<const char*> {
 protected:
  ~ObjectsEngineTest() override { EXPECT_TRUE(run_in(world.context, world.store->remove(id))); }

  std::string put(const std::vector<std::string>& pieces) {
    world.put_file(id, pieces);
    std::string text;
    for (const std::string& piece : pieces) {
      text += piece;
    }
    return text;
  }
  std::size_t object_count() {
    const std::string prefix = world.store->tools().names.prefix_of(id);
    return run_in(world.context, engine.client().list(prefix, "")).value().objects.size();
  }
  // The body of a GET of the URL.
  std::string read(const ObjectReference& object) {
    outgoing::HttpRequest request;
    request.method = "GET";
    request.target = *outgoing::parse_target(object.url);
    request.answer_bytes_inline_max = object.size;
    const auto answer = run_in(world.context, engine.http().send(request));
    return answer && answer->status == 200 ? answer->body : "failed";
  }

  S3Engine engine{*sluice::testing::s3_engine_settings()};
  ExtentWorld world{std::uint64_t{64} << 20U, &engine.client()};
  const std::uint64_t id = any_id();
};

TEST_P(ObjectsEngineTest, SmallObjectsBecomeOne) {
  const std::string text = put(std::vector<std::string>(limits::s3_fold_extents, "tiny"));
  Folds folds(world.store->tools(), world.context.get_executor(), world.replacing());
  const Result<> folded = run_in(world.context, folds.fold(id));
  ASSERT_TRUE(folded) << folded.error().message();
  EXPECT_EQ(object_count(), 1U);
  EXPECT_EQ(world.stored(id, text.size()), text);
}

TEST_P(ObjectsEngineTest, AFinishedFileBecomesOneAndIsReadByItsUrl) {
  for (const s3::Copying copying : {s3::Copying::by_store, s3::Copying::streamed}) {
    world.journal.clear();
    const std::string text = put({std::string(6 << 20, 'a'), "bb", std::string(7 << 20, 'c'), "d"});
    Merger merger(world.store->tools(), world.replacing(), copying);
    ObjectReferences references(merger, {engine.client(), "sluice"});
    FinishedUpload upload{id, text.size(), "name"};
    const Result<Reference> reference = run_in(world.context, references.refer(upload));
    ASSERT_TRUE(reference) << reference.error().message();
    EXPECT_TRUE(read(std::get<ObjectReference>(*reference)) == text);
    EXPECT_TRUE(world.stored(id, text.size()) == text);
    EXPECT_EQ(object_count(), 1U);
    EXPECT_TRUE(run_in(world.context, world.store->remove(id)));
  }
}

TEST_P(ObjectsEngineTest, ACopyGoesIntoAnotherBucket) {
  s3::ClientSettings settings = *sluice::testing::s3_engine_settings();
  settings.bucket = "media";
  S3Engine theirs(settings);
  const std::string text = put({std::string(6 << 20, 'a'), "bb"});
  Merger merger(world.store->tools(), world.replacing(), s3::Copying::by_store);
  CopiedReferences references(merger, "sluice", {theirs.client(), "media"}, "in/");
  const FinishedUpload upload{id, text.size(), random_hex_id()};
  const Result<Reference> reference = run_in(world.context, references.refer(upload));
  ASSERT_TRUE(reference) << reference.error().message();
  const auto& object = std::get<ObjectReference>(*reference);
  EXPECT_TRUE(read(object) == text);
  EXPECT_EQ(object_count(), 2U);
  run_in(world.context, references.withdraw(upload));
  EXPECT_FALSE(*run_in(world.context, theirs.client().head(object.key)));
}

std::vector<const char*> engines_of_objects() {
  std::vector<const char*> names;
  if (sluice::testing::s3_engine_settings()) {
    names.push_back("engine");
  }
  return names;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectsEngineTest);
INSTANTIATE_TEST_SUITE_P(The, ObjectsEngineTest, ::testing::ValuesIn(engines_of_objects()),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace sluice::store::objects
