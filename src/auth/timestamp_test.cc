// SPDX-License-Identifier: MIT
#include "auth/timestamp.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>

namespace sluice::auth {
namespace {

TEST(Timestamp, EveryFormOfTheClientsIsRead) {
  struct Row {
    const char* text;
    std::int64_t milliseconds;
  };
  constexpr std::array rows{
      Row{"2010-01-12T01:00:00.000000Z", 1263258000000},
      Row{"2009-11-04T17:54:11.123456+00:00", 1257357251123},
      Row{"2009-11-04T17:54:11+00:00", 1257357251000},
      Row{"2011-09-26T13:35:57.000Z", 1317044157000},
      Row{"2011-03-01T15:39:10.260762Z", 1298993950260},
      Row{"2011-03-01T15:39:10.26Z", 1298993950260},
      Row{"2011-03-01T15:39:10.123456789Z", 1298993950123},
      Row{"2011-03-01T15:39:10Z", 1298993950000},
      Row{"2016-01-27T10:00:00.000+0000", 1453888800000},
      Row{"2016-01-27T10:00+0000", 1453888800000},
      Row{"2009-10-13T19:11:26+01:00", 1255457486000},
      Row{"2009-10-13T19:11:26-0130", 1255466486000},
      Row{"2010-02-26T15:01:46.221513", 1267196506221},
      Row{"2010-02-26T15:01:46.221513UTC", 1267196506221},
      Row{"2016-02-29T00:00:00Z", 1456704000000},
      Row{"2016-12-31T23:59:60Z", 1483228800000},
  };
  for (const Row& row : rows) {
    const auto read = parse_timestamp(row.text);
    ASSERT_TRUE(read) << row.text;
    EXPECT_EQ(read->time_since_epoch().count(), row.milliseconds) << row.text;
  }
}

TEST(Timestamp, EverythingElseIsRefused) {
  for (const char* text : {"",
                           "now",
                           "1298993950",
                           "2011-03-01",
                           "2011-03-01T",
                           "2011-03-01T15",
                           "2011-03-01T15:",
                           "2011-03-01 15:39:10Z",
                           "2011-02-29T00:00:00Z",
                           "2011-13-01T00:00:00Z",
                           "2011-00-01T00:00:00Z",
                           "2011-01-00T00:00:00Z",
                           "2011-01-01T24:00:00Z",
                           "2011-01-01T00:60:00Z",
                           "2011-01-01T00:00:61Z",
                           "2011-01-01T00:00:00.Z",
                           "2011-01-01T00:00:00.1234567890Z",
                           "2011-01-01T00:00:00ZZ",
                           "2011-01-01T00:00:00+1",
                           "2011-01-01T00:00:00+24:00",
                           "2011-01-01T00:00:00 00:00",
                           "2011-01-01T00:00:00z",
                           "+011-01-01T00:00:00Z",
                           "2011-01-01T00:00:00Z\n",
                           "20110101T000000Z"}) {
    EXPECT_FALSE(parse_timestamp(text)) << text;
  }
}

TEST(Timestamp, EveryPrefixIsReadOrRefusedWithoutHarm) {
  const std::string text = "2009-11-04T17:54:11.123456+00:00";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto read = parse_timestamp(text.substr(0, size));
    const bool whole = size >= 16 && size <= 26 && size != 17 && size != 18 && size != 20;
    EXPECT_EQ(read.has_value(), whole) << text.substr(0, size);
  }
}

}  // namespace
}  // namespace sluice::auth
