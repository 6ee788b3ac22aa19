// SPDX-License-Identifier: MIT
#include "auth/keyring.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/limits.h"

namespace sluice::auth {
namespace {

Credential with_keys(const std::string& name) {
  Credential credential;
  credential.owner = name;
  credential.access_key = name;
  credential.secret_key = "secret of " + name;
  return credential;
}

Credential with_token(const std::string& owner, const std::string& token) {
  Credential credential;
  credential.owner = owner;
  credential.token = token;
  return credential;
}

TEST(Keyring, FindsACredentialByEachThingThatNamesIt) {
  Credential all = with_keys("ann");
  all.api_key = "api";
  all.token = "clou_1";
  const Keyring keyring({all, with_token("bob", "clou_2")}, true);
  EXPECT_EQ(keyring.size(), 2U);
  ASSERT_TRUE(keyring.with_access_key("ann"));
  EXPECT_EQ(*keyring.with_access_key("ann"), all);
  EXPECT_EQ(*keyring.with_api_key("api"), all);
  EXPECT_EQ(*keyring.with_token("clou_1"), all);
  EXPECT_EQ(keyring.with_token("clou_2")->owner, "bob");
}

TEST(Keyring, FindsNothingByAnotherThingOrByNothing) {
  const Keyring keyring({with_keys("ann"), with_token("bob", "clou_2")}, true);
  for (const char* text : {"", "bob", "clou_2", "secret of ann"}) {
    EXPECT_FALSE(keyring.with_access_key(text)) << text;
    EXPECT_FALSE(keyring.with_api_key(text)) << text;
  }
  EXPECT_FALSE(keyring.with_token(""));
  EXPECT_FALSE(keyring.with_token("ann"));
}

TEST(Keyring, AReplacedSetIsOutOfForceAtOnce) {
  Keyring keyring({with_keys("ann")}, true);
  const CredentialPtr held = keyring.with_access_key("ann");
  keyring.replace({with_keys("bob")});
  EXPECT_FALSE(keyring.with_access_key("ann"));
  EXPECT_TRUE(keyring.with_access_key("bob"));
  EXPECT_EQ(held->owner, "ann") << "who holds one keeps it";
  keyring.replace({});
  EXPECT_TRUE(keyring.required()) << "no credential lets nobody in, not everybody";
}

TEST(Keyring, KnowsWhetherThereIsMoreThanOneOwner) {
  EXPECT_FALSE(Keyring({}, true).has_many_owners());
  Keyring keyring({with_keys("ann"), with_token("ann", "clou_1")}, true);
  EXPECT_FALSE(keyring.has_many_owners());
  keyring.replace({with_keys("ann"), with_token("bob", "clou_2")});
  EXPECT_TRUE(keyring.has_many_owners());
}

TEST(Keyring, TakesADigestForTheSecretItself) {
  Credential credential = with_token("ann", digest_text("clou_1"));
  credential.api_key = digest_text("api");
  const Keyring keyring({credential}, true);
  EXPECT_TRUE(keyring.with_token("clou_1"));
  EXPECT_TRUE(keyring.with_api_key("api"));
  EXPECT_FALSE(keyring.with_token(credential.token)) << "who reads the file cannot use it";
  EXPECT_FALSE(keyring.with_api_key(credential.api_key));
  EXPECT_EQ(problems_of({credential, with_token("bob", "clou_1")}),
            std::vector<std::string>{"credential 2: its token is that of another one, too"});
}

TEST(Keyring, KeepsATokenThatOnlyBeginsLikeADigest) {
  const Keyring keyring({with_token("ann", "sha256:abc")}, true);
  EXPECT_TRUE(keyring.with_token("sha256:abc"));
}

TEST(Keyring, AnOwnerHasTheWidestQuotaOfItsCredentials) {
  Credential small = with_token("ann", "a");
  small.quotas = {.file_size = 1, .bytes = 2, .sessions = 3, .records = 9};
  Credential large = with_token("ann", "b");
  large.quotas = {.file_size = 5, .bytes = std::nullopt, .sessions = 2, .records = 9};
  const Keyring keyring({small, large, with_token("bob", "c")}, true);
  EXPECT_EQ(keyring.quotas(),
            (std::map<std::string, Quotas>{
                {"ann", {.file_size = 5, .bytes = std::nullopt, .sessions = 3, .records = 9}},
                {"bob", {}}}));
}

TEST(Keyring, AnOwnerHasTheTypesOfAllItsCredentials) {
  Credential first = with_token("ann", "a");
  first.types = {{"video/*"}, {"video/x-flv"}};
  Credential second = with_token("ann", "b");
  second.types = {{"image/png"}, {}};
  Keyring keyring({first, with_token("ann", "c"), second, with_token("bob", "d")}, true);
  EXPECT_EQ(keyring.types_of("ann"), (model::TypeRules{{"video/*", "image/png"}, {"video/x-flv"}}));
  EXPECT_FALSE(keyring.types_of("bob").are_any());
  EXPECT_FALSE(keyring.types_of("").are_any());
  keyring.replace({second});
  EXPECT_EQ(keyring.types_of("ann"), second.types);
}

TEST(Keyring, SaysWhatIsWrongWithASetAndNoSecret) {
  Credential half = with_keys("half");
  half.secret_key.clear();
  Credential nameless = with_token("", "a secret token");
  Credential empty;
  empty.owner = "somebody";
  Credential twin = with_keys("ann");
  Credential same_token = with_token("bob", "a secret token");
  Credential long_one = with_keys("long");
  long_one.secret_key = std::string(limits::credential_text_bytes_max + 1, 'x');
  const auto problems =
      problems_of({with_keys("ann"), half, nameless, empty, twin, same_token, long_one});
  const std::vector<std::string> expected{
      R"(credential 2 (access_key "half"): expected access_key and secret_key, got one without the other)",
      "credential 3: expected an owner, because there is no access_key to name it",
      "credential 4: expected access_key and secret_key, api_key, or token, got none of them",
      R"(credential 5 (access_key "ann"): its access_key is that of another one, too)",
      "credential 6: its token is that of another one, too",
      R"(credential 7 (access_key "long"): expected at most 256 bytes in each value)",
  };
  EXPECT_EQ(problems, expected);
  EXPECT_TRUE(problems_of({with_keys("ann"), with_token("ann", "t")}).empty());
  EXPECT_FALSE(problems_of(std::vector<Credential>(limits::credentials_max + 1)).empty());
}

}  // namespace
}  // namespace sluice::auth
