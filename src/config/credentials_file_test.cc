// SPDX-License-Identifier: MIT
#include "config/credentials_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/config.h"
#include "support/temporary_directory.h"

namespace sluice::config {
namespace {

constexpr const char* two = R"(# Ours.
[[credentials]]
access_key = "ann"
secret_key = "s3cr3t"
cloud_ids = ["a", "b"]
bytes = "10GiB"
file_size = 1000
sessions = 5
types_allowed = "video/*, Image/PNG"
types_denied = "video/x-flv"

[[credentials]]
owner = "bob"
api_key = "key"
token = "clou_1"
)";

class CredentialsFile : public ::testing::Test {
 protected:
  std::string write(std::string_view text) {
    std::ofstream(path_, std::ios::binary) << text;
    return path_;
  }

  CredentialProblems problems_of(std::string_view text) {
    CredentialsResult read = read_credentials(write(text), false);
    CredentialProblems problems = read ? CredentialProblems{} : read.error();
    for (std::string& problem : problems) {
      problem.erase(0, directory_.path().size() + 1);
    }
    return problems;
  }

  testing::TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/c.toml";
};

TEST_F(CredentialsFile, HoldsEverythingOfACredential) {
  const CredentialsResult read = read_credentials(write(two), false);
  ASSERT_TRUE(read) << read.error().front();
  ASSERT_EQ(read->size(), 2U);
  const auth::Credential& ann = read->front();
  EXPECT_EQ(ann.owner, "ann") << "the access key names the owner where nothing else does";
  EXPECT_EQ(ann.secret_key, "s3cr3t");
  EXPECT_EQ(ann.cloud_ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(ann.quotas.bytes, std::uint64_t{10} << 30U);
  EXPECT_EQ(ann.quotas.file_size, 1000U);
  EXPECT_EQ(ann.quotas.sessions, 5U);
  EXPECT_EQ(ann.types, (model::TypeRules{{"video/*", "image/png"}, {"video/x-flv"}}));
  const auth::Credential& bob = read->back();
  EXPECT_EQ(bob.owner + bob.api_key + bob.token, "bobkeyclou_1");
  EXPECT_EQ(bob.quotas, auth::Quotas{});
  EXPECT_FALSE(bob.types.are_any());
}

TEST_F(CredentialsFile, WhatIsWrittenReadsBack) {
  CredentialsResult read = read_credentials(write(two), false);
  ASSERT_TRUE(read);
  read->front().secret_key = "\"\\\n\x7F\xE2\x99\xA5";
  const CredentialsResult again = read_credentials(write(credentials_text(*read)), false);
  ASSERT_TRUE(again) << again.error().front();
  EXPECT_EQ(*again, *read);
  EXPECT_TRUE(read_credentials(write(""), false)->empty());
  EXPECT_EQ(credentials_text({}), "");
}

TEST_F(CredentialsFile, SaysWhereItIsWrongAndNeverWhatStandsThere) {
  using Lines = CredentialProblems;
  EXPECT_EQ(problems_of("[[credentials]]\nsecret_key = hidden$1\n"),
            (Lines{"c.toml:2: expected TOML"}));
  EXPECT_EQ(problems_of("[[credentials]]\nsecret_key = 12345\n"),
            (Lines{"c.toml:2: credentials: secret_key: expected a text between quotation marks"}));
  EXPECT_EQ(problems_of("[[credentials]]\nsecret = \"hidden\"\n"),
            (Lines{"c.toml:2: credentials: unknown key \"secret\""}));
  EXPECT_EQ(
      problems_of("[[credentials]]\nbytes = \"hidden\"\nsessions = -1\ncloud_ids = 3\n").size(),
      3U);
  EXPECT_EQ(problems_of("[[credentials]]\ntypes_denied = \"hidden\"\n"),
            (Lines{"c.toml:2: credentials: types_denied: expected types like video/mp4 or video/* "
                   "with commas between them"}));
  EXPECT_EQ(problems_of("[[credentials]]\ntypes_allowed = \"\"\n").size(), 1U);
  EXPECT_EQ(problems_of("credentials = \"hidden\"\n"),
            (Lines{"c.toml:1: credentials: expected tables, each under [[credentials]]"}));
  EXPECT_EQ(problems_of("[server]\nopen = true\n"),
            (Lines{"c.toml:1: unknown key \"server\"; expected [[credentials]] alone"}));
  for (const std::string& problem : problems_of("[[credentials]]\nbytes = \"hidden\"\n")) {
    EXPECT_EQ(problem.find("hidden"), std::string::npos);
  }
}

TEST_F(CredentialsFile, OfTheConfigurationIsLoadedAndNotShown) {
  const auto config = load({.flags = {{"server.listen", "192.0.2.1:80"}},
                            .environment = {},
                            .file = write("[log]\nlevel = \"warn\"\n" + std::string(two))});
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_EQ(config->credentials.size(), 2U);
  EXPECT_TRUE(config->requires_credentials()) << "so any address may be listened on";
  const std::string shown = effective_settings(*config);
  EXPECT_NE(shown.find("# [[credentials]]: 2; not shown\n"), std::string::npos);
  for (const char* secret : {"s3cr3t", "clou_1", "\"key\""}) {
    EXPECT_EQ(shown.find(secret), std::string::npos) << secret;
  }
}

TEST_F(CredentialsFile, OfTheConfigurationIsCheckedWithTheFileThatItNames) {
  const std::string other = directory_.path() + "/other.toml";
  std::ofstream(other) << "[[credentials]]\nowner = \"x\"\ntoken = \"clou_1\"\n";
  const std::string text = "[auth]\nfile = \"" + other + "\"\n" + two;
  const auto config = load({.flags = {}, .environment = {}, .file = write(text)});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error(),
            (ConfigProblems{path_ + ":2: auth.file: credential 3: its token is that of "
                                    "another one, too"}));
  const auto missing =
      load({.flags = {}, .environment = {{"SLUICE_AUTH_FILE", "/nowhere"}}, .file = {}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().front(),
            "SLUICE_AUTH_FILE: auth.file: /nowhere: cannot be read: No such file or directory");
  const auto broken =
      load({.flags = {}, .environment = {}, .file = write("[[credentials]]\ntoken = 0hidden\n")});
  ASSERT_FALSE(broken);
  for (const std::string& problem : broken.error()) {
    EXPECT_EQ(problem.find("hidden"), std::string::npos) << problem;
  }
}

TEST_F(CredentialsFile, IsReadAgainWhenTheConfigurationsOwnChange) {
  CredentialsSource source({}, write(two));
  ASSERT_TRUE(source.load());
  auth::Credential further;
  further.owner = further.token = "zzzz";
  source.set_configured({further});
  const auto changed = source.load_if_changed();
  ASSERT_TRUE(changed && *changed);
  EXPECT_EQ((*changed)->size(), 3U);
  EXPECT_FALSE(source.load_if_changed());
}

TEST_F(CredentialsFile, IsReadAgainWhenItChanges) {
  CredentialsSource source({}, write(two));
  ASSERT_TRUE(source.load());
  EXPECT_FALSE(source.load_if_changed());
  // In place, by another file, to something broken, and away.
  write("[[credentials]]\nowner = \"x\"\ntoken = \"y\"\n");
  auto changed = source.load_if_changed();
  ASSERT_TRUE(changed && *changed);
  EXPECT_EQ((*changed)->size(), 1U);
  EXPECT_FALSE(source.load_if_changed());
  const std::string other = directory_.path() + "/other.toml";
  std::ofstream(other) << "";
  std::filesystem::rename(other, path_);
  changed = source.load_if_changed();
  ASSERT_TRUE(changed && *changed);
  EXPECT_TRUE((*changed)->empty());
  write("[[credentials]]\n");
  changed = source.load_if_changed();
  ASSERT_TRUE(changed);
  EXPECT_FALSE(*changed);
  EXPECT_FALSE(source.load_if_changed()) << "what is wrong is said once";
  std::filesystem::remove(path_);
  changed = source.load_if_changed();
  ASSERT_TRUE(changed);
  EXPECT_FALSE(*changed);
}

}  // namespace
}  // namespace sluice::config
