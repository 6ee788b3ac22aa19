// SPDX-License-Identifier: MIT
#include "commands/upload_rows.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>
#include <vector>

#include "auth/timestamp.h"

namespace sluice::commands {
namespace {

using Lines = std::vector<std::string>;

boost::json::object object(const char* text) {
  return boost::json::parse(text).as_object();
}

TEST(UploadRows, AreAlignedAndCut) {
  const Timestamp now = *auth::parse_timestamp("2026-11-29T10:02:03Z");
  UploadRow first = upload_row(object(
      R"({"id":7,"state":"receiving","file_name":"holiday \u001b[31m.mp4","file_size":2048,"arrived":512,)"
      R"("is_being_written":true,"owner":"ann","created_at":"2026-11-29T10:00:00Z"})"));
  UploadRow second = first;
  second.bytes_per_second = 2048;
  const UploadRow third = upload_row(object(R"({"id":123456,"state":"delivering"})"));
  EXPECT_EQ(table_of({first, second, third}, now, 200),
            (Lines{
                "    ID  STATE            SIZE  DONE         RATE      AGE  OWNER       NAME",
                "     7  receiving     2.0 KiB   25%         open     2:03  ann         "
                "holiday \\u001b[31m.mp4",
                "     7  receiving     2.0 KiB   25%    2.0 KiB/s     2:03  ann         "
                "holiday \\u001b[31m.mp4",
                "123456  delivering          ?     ?                     ?              ",
            }));
  first.file_name = "ääää";
  first.owner.clear();
  EXPECT_EQ(table_of({first}, now, 61).back(),
            "     7  receiving     2.0 KiB   25%         open     2:03  ää");
}

TEST(UploadRows, TellTheStatus) {
  EXPECT_EQ(
      status_lines(object(
          R"({"ready":true,"reasons":[],"uploads":{"receiving":3,"failed":0,"delivered":1},)"
          R"("connections":12,"bytes_received":1024,"disk_free_bytes":2048,"up_seconds":3723})")),
      Lines{"ready; 3 receiving, 1 delivered; 12 connections, 1.0 KiB received, 2.0 KiB free; "
            "up 1:02:03"});
  EXPECT_EQ(status_lines(object(R"({"ready":false,"reasons":["the disk\u0007"]})")),
            (Lines{"not ready; no uploads; 0 connections, 0 B received; up 0:00",
                   "not ready: the disk\\u0007"}));
}

}  // namespace
}  // namespace sluice::commands
