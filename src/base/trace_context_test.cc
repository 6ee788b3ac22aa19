// SPDX-License-Identifier: MIT
#include "base/trace_context.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::string_view example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, GoesOnWithAParentIdOfItsOwn) {
  const TraceContext trace = continue_trace(example);
  EXPECT_EQ(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(trace.traceparent.size(), example.size());
  EXPECT_TRUE(trace.traceparent.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
  EXPECT_TRUE(trace.traceparent.ends_with("-01"));
  EXPECT_NE(trace.traceparent, example) << "the parent is this server";
  EXPECT_EQ(continue_trace(trace.traceparent).trace_id(), trace.trace_id());
  EXPECT_NE(continue_trace(example).traceparent, trace.traceparent) << "for each request anew";
  EXPECT_EQ(TraceContext().trace_id(), "");
}

TEST(TraceContext, OfALaterVersionWhatIsKnownIsTaken) {
  EXPECT_TRUE(continue_trace("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"));
  EXPECT_TRUE(continue_trace("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what"));
  EXPECT_FALSE(continue_trace("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what"));
}

TEST(TraceContext, AnInvalidHeaderIsIgnored) {
  for (const std::string_view text :
       {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01"}) {
    EXPECT_FALSE(continue_trace(text)) << text;
  }
}

}  // namespace
}  // namespace sluice
