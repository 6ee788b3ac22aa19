// SPDX-License-Identifier: MIT
#include "checks/clamd_protocol.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::checks {
namespace {

TEST(ClamdProtocol, SaysTheSizeOfAChunkInNetworkOrder) {
  EXPECT_EQ(chunk_head(0), (std::array<char, 4>{0, 0, 0, 0}));
  EXPECT_EQ(chunk_head(0x01020304), (std::array<char, 4>{1, 2, 3, 4}));
  EXPECT_EQ(chunk_head(0xFFFFFFFF), (std::array<char, 4>{'\xff', '\xff', '\xff', '\xff'}));
  EXPECT_EQ(instream_command, std::string_view("zINSTREAM\0", 10));
}

struct ReplyCase {
  std::string bytes;
  std::optional<ClamdReply::Kind> kind;
  std::string signature;
};

// As clamd 1.0 and 0.103 write them.
const std::vector<ReplyCase>& cases() {
  static const std::vector<ReplyCase> all{
      {"stream: OK", ClamdReply::Kind::clean, ""},
      {"stream: Eicar-Test-Signature FOUND", ClamdReply::Kind::found, "Eicar-Test-Signature"},
      {"stream: Win.Test.EICAR_HDB-1(44d88612fea8a8f36de82e1278abb02f:68) FOUND",
       ClamdReply::Kind::found, "Win.Test.EICAR_HDB-1(44d88612fea8a8f36de82e1278abb02f:68)"},
      {"INSTREAM size limit exceeded. ERROR", ClamdReply::Kind::too_large, ""},
      {"stream:  FOUND", std::nullopt, ""},
      {"stream: FOUND", std::nullopt, ""},
      {"stream: Can't allocate memory ERROR", std::nullopt, ""},
      {"UNKNOWN COMMAND", std::nullopt, ""},
      {"stream: OKAY", std::nullopt, ""},
      {"", std::nullopt, ""},
  };
  return all;
}

void expect(const ReplyCase& c, const ClamdReplyParser& parser) {
  const Result<ClamdReply> reply = parser.reply();
  ASSERT_EQ(reply.has_value(), c.kind.has_value()) << c.bytes;
  if (reply) {
    EXPECT_EQ(reply->kind, *c.kind) << c.bytes;
    EXPECT_EQ(reply->signature, c.signature);
  } else {
    EXPECT_EQ(reply.error().code(), Errc::delivery_failed) << c.bytes;
  }
}

TEST(ClamdReplyParser, ReadsRepliesSplitEverywhere) {
  for (const ReplyCase& c : cases()) {
    const std::string whole = c.bytes + std::string(1, '\0');
    for (std::size_t split = 0; split < whole.size(); ++split) {
      ClamdReplyParser parser;
      EXPECT_EQ(parser.add(whole.substr(0, split)), false);
      EXPECT_EQ(parser.add(whole.substr(split) + "stream: OK"), true);
      expect(c, parser);
    }
    ClamdReplyParser slow;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_EQ(slow.add(whole.substr(i, 1)), i + 1 == whole.size());
    }
    expect(c, slow);
  }
}

TEST(ClamdReplyParser, TakesWhatCameForTheReplyWhenTheConnectionEnds) {
  for (const ReplyCase& c : cases()) {
    ClamdReplyParser parser;
    EXPECT_EQ(parser.add(c.bytes), false);
    expect(c, parser);
  }
  ClamdReplyParser cut;
  EXPECT_EQ(cut.add("stream: O"), false);
  EXPECT_FALSE(cut.reply()) << "half a word is no reply";
}

TEST(ClamdReplyParser, IsBounded) {
  ClamdReplyParser parser;
  EXPECT_EQ(parser.add(std::string(limits::clamd_reply_bytes_max, 'a')), false);
  EXPECT_FALSE(parser.add("a"));
}

}  // namespace
}  // namespace sluice::checks
