// SPDX-License-Identifier: MIT
#include "http/body_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"

namespace sluice::http {
namespace {

struct Outcome {
  std::string body;
  std::size_t consumed = 0;
  bool done = false;
  bool refused = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Decodes `pieces` one after the other through an output of `room` bytes.
Outcome decode(const std::vector<std::string_view>& pieces, std::size_t room) {
  ChunkedDecoder decoder;
  Outcome outcome;
  std::vector<std::byte> output(room);
  for (std::string_view piece : pieces) {
    while (!piece.empty() && !decoder.done()) {
      const auto step = decoder.decode(as_bytes(piece), output);
      if (!step) {
        EXPECT_EQ(step.error().code(), Errc::bad_request);
        EXPECT_NE(step.error().message().find("expected"), std::string::npos);
        outcome.refused = true;
        return outcome;
      }
      EXPECT_LE(step->consumed, piece.size());
      EXPECT_LE(step->produced, output.size());
      EXPECT_GT(step->consumed, 0U);
      outcome.body += as_text(Bytes(output).first(step->produced));
      outcome.consumed += step->consumed;
      piece.remove_prefix(step->consumed);
    }
  }
  outcome.done = decoder.done();
  return outcome;
}

std::vector<std::string_view> bytes_of(std::string_view text) {
  std::vector<std::string_view> pieces;
  pieces.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    pieces.push_back(text.substr(i, 1));
  }
  return pieces;
}

// The same in one piece, byte by byte, cut in two everywhere and through an output of one byte.
// The bytes that a refused input gave before it was refused do depend on the cut.
Outcome decode_every_way(std::string_view text) {
  const auto comparable = [](const Outcome& outcome) {
    return outcome.refused ? Outcome{.body = {}, .refused = true} : outcome;
  };
  const Outcome whole = comparable(decode({text}, 1000));
  EXPECT_EQ(comparable(decode({text}, 1)), whole) << text;
  EXPECT_EQ(comparable(decode(bytes_of(text), 1000)), whole) << text;
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    EXPECT_EQ(comparable(decode({text.substr(0, cut), text.substr(cut)}, 7)), whole) << text;
  }
  return whole;
}

TEST(ChunkedDecoder, BodiesAreDecodedUpToTheirLastByte) {
  struct Row {
    std::string_view wire;
    std::string_view body;
  };
  const Row rows[] = {
      {"0\r\n\r\n", ""},
      {"000\r\n\r\n", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
      {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"0000000000000000000003\r\nabc\r\n0\r\n\r\n", "abc"},
      {"4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"},
      {"3;a=b\r\nabc\r\n0;last\r\n\r\n", "abc"},
      {"3 ; a=\"x;y\"\r\nabc\r\n0\t;\r\n\r\n", "abc"},
      {"1\r\nx\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n", "x"},
      {"1\r\nx\r\n0\r\nUpload-Offset: 999\r\n\r\n", "x"},
  };
  for (const Row& row : rows) {
    const Outcome outcome = decode_every_way(row.wire);
    EXPECT_EQ(outcome.body, row.body) << row.wire;
    EXPECT_TRUE(outcome.done) << row.wire;
    EXPECT_EQ(outcome.consumed, row.wire.size()) << row.wire;
    const std::string next = std::string(row.wire) + "GET / HTTP/1.1\r\n";
    EXPECT_EQ(decode({next}, 1000), outcome) << row.wire;
    for (std::size_t size = 0; size < row.wire.size(); ++size) {
      EXPECT_FALSE(decode({row.wire.substr(0, size)}, 1000).done) << row.wire;
    }
  }
}

TEST(ChunkedDecoder, WhatTwoParsersCouldReadDifferentlyIsRefused) {
  const std::string_view rows[] = {
      "\r\n0\r\n\r\n",
      "\n",
      "x\r\n",
      ";a\r\n",
      " 5\r\nhello\r\n",
      "+5\r\nhello\r\n",
      "-5\r\nhello\r\n",
      "0x5\r\nhello\r\n",
      "5_0\r\n",
      "5 \r\nhello\r\n",
      "5 5\r\nhello\r\n",
      "5,\r\nhello\r\n",
      "5\nhello\r\n",
      "5\rhello\r\n",
      "5\r\rhello\r\n",
      "5;a\nhello\r\n",
      "5;a\rb\r\n",
      std::string_view("5;\0\r\nhello\r\n", 12),
      std::string_view("5\0\r\nhello\r\n", 11),
      "5\r\nhelloX",
      "5\r\nhello\n",
      "5\r\nhello\r0",
      "5\r\nhell\r\n0\r\n\r\n",
      "8000000000000000\r\n",
      "10000000000000000\r\n",
      "ffffffffffffffffffffffff\r\n",
      "0\r\n\n",
      "0\r\n\rX",
      "0\r\nGET / HTTP/1.1\r\n\r\n",
      "0\r\nno colon\r\n\r\n",
      "0\r\nno-colon\r\n\r\n",
      "0\r\n: v\r\n\r\n",
      "0\r\nA : v\r\n\r\n",
      "0\r\nA: v\n\r\n",
      "0\r\nA: v\r\n folded\r\n\r\n",
      std::string_view("0\r\nA: \0\r\n\r\n", 11),
  };
  for (const std::string_view wire : rows) {
    EXPECT_TRUE(decode_every_way(wire).refused) << wire;
  }
}

TEST(ChunkedDecoder, LargestSizeIsReadAndNotWaitedFor) {
  ChunkedDecoder decoder;
  std::vector<std::byte> output(4);
  const auto step = decoder.decode(as_bytes("7fffffffffffffff\r\nabcdef"), output);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->consumed, 22U);
  EXPECT_EQ(step->produced, 4U);
  EXPECT_FALSE(decoder.done());
}

TEST(ChunkedDecoder, FramingIsReadWithoutRoomForData) {
  ChunkedDecoder decoder;
  const auto begun = decoder.decode(as_bytes("1\r\nx\r\n"), {});
  ASSERT_TRUE(begun);
  EXPECT_EQ(begun->consumed, 3U);
  std::vector<std::byte> output(1);
  const auto data = decoder.decode(as_bytes("x\r\n0\r\n\r\n"), output);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->consumed, 8U);
  EXPECT_EQ(data->produced, 1U);
  EXPECT_TRUE(decoder.done());
}

TEST(ChunkedDecoder, ChunkLinesAreBounded) {
  const auto wire = [](std::size_t line_bytes) {
    return "1;" + std::string(line_bytes - 4, 'e') + "\r\nx\r\n0\r\n\r\n";
  };
  EXPECT_TRUE(decode({wire(limits::chunk_line_bytes_max)}, 9).done);
  EXPECT_TRUE(decode({wire(limits::chunk_line_bytes_max + 1)}, 9).refused);
  EXPECT_TRUE(decode({std::string(limits::chunk_line_bytes_max + 1, '0')}, 9).refused);
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += "1;extension\r\nx\r\n";
  }
  EXPECT_EQ(decode({many + "0\r\n\r\n"}, 9).body, std::string(100, 'x'));
}

TEST(ChunkedDecoder, KeepsTrailersForTheirReader) {
  const std::string_view wire =
      "1\r\nx\r\n0\r\nA: 1\r\nUpload-Checksum:\tsha1 x: y \r\na: 2\r\nB:\r\n\r\n";
  for (const std::size_t size : {wire.size(), std::size_t{1}}) {
    ChunkedDecoder decoder;
    std::vector<std::byte> output(1);
    for (std::size_t at = 0; !decoder.done();) {
      EXPECT_FALSE(decoder.trailer("A")) << "before the end";
      const std::string_view piece = wire.substr(at, size);
      at += decoder.decode(as_bytes(piece), output).value().consumed;
    }
    EXPECT_EQ(decoder.trailer("upload-checksum"), "sha1 x: y");
    EXPECT_EQ(decoder.trailer("A"), "1");
    EXPECT_EQ(decoder.trailer("B"), "");
    EXPECT_FALSE(decoder.trailer("C"));
  }
}

TEST(ChunkedDecoder, TrailersAreBoundedTogether) {
  const std::string field = "T: 0123456789\r\n";
  const auto wire = [&](std::size_t trailer_bytes) {
    std::string text = "0\r\n";
    while (text.size() - 3 + 2 * field.size() <= trailer_bytes) {
      text += field;
    }
    const std::size_t rest = trailer_bytes - (text.size() - 3);
    return text + "T:" + std::string(rest - 6, 'x') + "\r\n\r\n";
  };
  EXPECT_TRUE(decode({wire(limits::trailer_bytes_max)}, 9).done);
  EXPECT_TRUE(decode({wire(limits::trailer_bytes_max + 1)}, 9).refused);
}

}  // namespace
}  // namespace sluice::http
