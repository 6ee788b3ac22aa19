// SPDX-License-Identifier: MIT
#include "http/multipart.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"

namespace sluice::http {
namespace {

struct Part {
  std::string name;
  std::optional<std::string> file_name;
  std::string data;
  bool ended = false;

  friend bool operator==(const Part&, const Part&) = default;
};

struct Reading {
  std::vector<Part> parts;
  bool ended = false;
  std::optional<Error> error;
};

// Reads `wire` as it arrives in pieces that end at `cuts`.
Reading read(const std::string& boundary, std::string_view wire, std::vector<std::size_t> cuts) {
  MultipartParser parser(boundary);
  Reading outcome;
  cuts.push_back(wire.size());
  std::size_t begin = 0;
  for (const std::size_t end : cuts) {
    while (!outcome.ended) {
      const std::string_view input = wire.substr(begin, end - begin);
      const auto step = parser.next(as_bytes(input), end == wire.size());
      if (!step) {
        outcome.error = step.error();
        return outcome;
      }
      EXPECT_LE(step->consumed, input.size());
      begin += step->consumed;
      if (step->event == MultipartParser::Event::need_more) {
        EXPECT_NE(end, wire.size());
        EXPECT_LT(input.size() - step->consumed, parser.lookahead_bytes_max());
        break;
      }
      switch (step->event) {
        case MultipartParser::Event::part_begin:
          outcome.parts.push_back({parser.part().name, parser.part().file_name, {}});
          break;
        case MultipartParser::Event::data:
          EXPECT_FALSE(step->data.empty());
          outcome.parts.back().data += as_text(step->data);
          break;
        case MultipartParser::Event::part_end:
          outcome.parts.back().ended = true;
          break;
        default:
          outcome.ended = true;
      }
    }
  }
  return outcome;
}

// The same in one piece, byte by byte and cut in two everywhere.
Reading read_every_way(const std::string& boundary, std::string_view wire) {
  Reading whole = read(boundary, wire, {});
  const auto expect_same = [&](const Reading& other) {
    EXPECT_EQ(other.parts == whole.parts || whole.error, true) << wire;
    EXPECT_EQ(other.ended, whole.ended) << wire;
    EXPECT_EQ(other.error.has_value(), whole.error.has_value()) << wire;
  };
  std::vector<std::size_t> every;
  for (std::size_t cut = 0; cut < wire.size(); ++cut) {
    every.push_back(cut);
    expect_same(read(boundary, wire, {cut}));
  }
  expect_same(read(boundary, wire, every));
  if (whole.error) {
    EXPECT_EQ(whole.error->code(), Errc::bad_request);
    EXPECT_NE(whole.error->message().find("expected"), std::string::npos);
  }
  return whole;
}

const std::string head_a = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";

TEST(Multipart, BodiesAreReadPartByPart) {
  struct Row {
    std::string wire;
    std::vector<Part> parts;
    std::string boundary = "b";
  };
  const Row rows[] = {
      {"--b\r\n" + head_a + "1\r\n--b--\r\n", {{"a", {}, "1", true}}},
      {"--b\r\n" + head_a + "1\r\n--b--", {{"a", {}, "1", true}}},
      {"--b--", {}},
      {"\r\n--b--\r\n", {}},
      // A preamble, which some clients begin with an empty line.
      {"\r\n--b\r\n" + head_a + "1\r\n--b--\r\n", {{"a", {}, "1", true}}},
      {"for readers --b of\r\n--bx\r\nold\r\n--b\r\n" + head_a +
           "1\r\n--b--\r\nepilogue\r\n--b\r\n",
       {{"a", {}, "1", true}}},
      {"--bb\r\n--b\r\n" + head_a + "1\r\n--b--", {{"a", {}, "1", true}}},
      // Blanks behind the boundary (RFC 2046 5.1.1).
      {"--b \t\r\n" + head_a + "1\r\n--b  \r\n" + head_a + "2\r\n--b-- \r\n",
       {{"a", {}, "1", true}, {"a", {}, "2", true}}},
      // Bytes that only look like a boundary are data.
      {"--b\r\n" + head_a + "\r\n--\r\n--c\r\n--bb\r\n--b-\r\n--b x\r\n-b\r\r\n\n--b\r\n--b--",
       {{"a", {}, "\r\n--\r\n--c\r\n--bb\r\n--b-\r\n--b x\r\n-b\r\r\n\n--b", true}}},
      {"--b\r\n" + head_a + "--bb\r\n--b--", {{"a", {}, "--bb", true}}},
      {"--b\r\n" + head_a + "\r\n\r\n--b--", {{"a", {}, "\r\n", true}}},
      // Empty parts, with a line end of their own and without.
      {"--b\r\n" + head_a + "\r\n--b\r\n" + head_a + "--b--",
       {{"a", {}, "", true}, {"a", {}, "", true}}},
      {"--b\r\n" + head_a + std::string("\0\xFF\r", 3) + "\r\n--b--",
       {{"a", {}, std::string("\0\xFF\r", 3), true}}},
      {"--^{}7\r\n" + head_a + "1\r\n--^{}7--", {{"a", {}, "1", true}}, "^{}7"},
      {"-----\r\n" + head_a + "\r\n---\r\n-----\r\n" + head_a + "-\r\n-------",
       {{"a", {}, "\r\n---", true}, {"a", {}, "-", true}},
       "---"},
      // Files before and after fields, with heads of clients of old.
      {"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.mp4\"\r\n"
       "Content-Type: multipart/form-data\r\nContent-Length: 999\r\n"
       "Content-Transfer-Encoding: binary\r\n\r\nMOOV\r\n--b\r\n" +
           head_a + "1\r\n--b--\r\n",
       {{"file", "x.mp4", "MOOV", true}, {"a", {}, "1", true}}},
  };
  for (const Row& row : rows) {
    const Reading outcome = read_every_way(row.boundary, row.wire);
    EXPECT_FALSE(outcome.error) << row.wire << ": "
                                << (outcome.error ? outcome.error->message() : "");
    EXPECT_TRUE(outcome.ended) << row.wire;
    EXPECT_EQ(outcome.parts, row.parts) << row.wire;
  }
}

TEST(Multipart, NamesAreReadAsClientsWriteThem) {
  struct Row {
    std::string disposition;
    std::string name;
    std::optional<std::string> file_name;
  };
  const Row rows[] = {
      {"form-data; name=a", "a", {}},
      {"form-data;name=\"a\"", "a", {}},
      {"FORM-DATA ; NAME = \"a b\" ; FileName = \"c d\"", "a b", "c d"},
      {"form-data; name=\"\"; filename=\"\"", "", ""},
      {"form-data; filename=\"x;name=y\"; name=\"z\"", "z", "x;name=y"},
      {"form-data; name=\"a\"; filename=\"q%22q%0D%0A%41%\"", "a", "q\"q\r\n%41%"},
      {"form-data; name=\"a\"; filename=\"q\\\"q\\\\\"", "a", "q\"q\\"},
      {"form-data; name=\"a\"; filename=\"C:\\dir\\x.mp4\"", "a", "C:\\dir\\x.mp4"},
      {"form-data; name=\"/tmp/x.mp4\"; filename=\"x.mp4\"", "/tmp/x.mp4", "x.mp4"},
      {"form-data; name=\"\xC3\xA4\xFF\"; filename=\"\xE2\x99\xA5\"", "\xC3\xA4\xFF",
       "\xE2\x99\xA5"},
      {"form-data; name=a; filename=x; filename*=UTF-8''%e2%99%A5%20y", "a", "\xE2\x99\xA5 y"},
      {"form-data; name=a; filename*=utf-8'de'%C3%A4; filename=x", "a", "\xC3\xA4"},
      {"form-data; name=a; filename*=iso-8859-1''%e4", "a", "\xC3\xA4"},
      {"form-data; name=a; filename*=UTF-8''%FF; filename=x", "a", "x"},
      {"form-data; name=a; filename*=UTF-8''%zz; filename=x", "a", "x"},
      {"form-data; name=a; filename*=KOI8-R''%e4; filename=x", "a", "x"},
      {"form-data; name=a; filename*=x", "a", {}},
      {"form-data;; x; name=a;", "a", {}},
      {"form-data; name=\"file\"; filename=\"my \"best\" film.mp4\"", "file",
       "my \"best\" film.mp4"},
      {"form-data; filename=\"C:\\dir\\\"; name=\"file\"", "file", "C:\\dir\\"},
      {"form-data; name=\"file\"; size=\"9; filename=a", "file", "a"},
      {"form-data; name=\"file\"; filename*0*=UTF-8''%e2%99; filename*1*=%a5; filename*2=.mp4",
       "file", "\xE2\x99\xA5.mp4"},
      {"form-data; name=a; filename*=UTF-8''a%2522b", "a", "a%22b"},
      {"form-data;\r\n name=\"a\";\r\n\tfilename=\"x\"", "a", "x"},
  };
  for (const Row& row : rows) {
    const std::string wire =
        "--b\r\nX-Y:\r\nContent-disposition:" + row.disposition + "\r\n\r\n\r\n--b--";
    const Reading outcome = read_every_way("b", wire);
    EXPECT_FALSE(outcome.error) << wire;
    EXPECT_EQ(outcome.parts, (std::vector<Part>{{row.name, row.file_name, "", true}})) << wire;
  }
}

TEST(Multipart, BrokenBodiesAreRefused) {
  const std::string rows[] = {
      "",
      "no boundary",
      "--b",
      "--b-",
      "--b\r\n",
      "--b\r\n" + head_a,
      "--b\r\n" + head_a + "data",
      "--b\r\n" + head_a + "data\r\n--b",
      "--b\r\n" + head_a + "data\r\n--b-",
      "--b\r\n" + head_a + "data\r\n--b\r\n",
      "--b\r\n" + head_a + "data\r\n--c--\r\n",
      "--b\r\n\r\nno head\r\n--b--",
      "--b\r\nX: y\r\n\r\nno name\r\n--b--",
      "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name\r\n\r\n1\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name=\"a\"b\r\n\r\n1\r\n--b--",
      "--b\r\nno colon\r\n" + head_a + "1\r\n--b--",
      "--b\r\n: empty\r\n" + head_a + "1\r\n--b--",
      "--b\r\n folded: first\r\n" + head_a + "1\r\n--b--",
      "--b\r\nX : y\r\n" + head_a + "1\r\n--b--",
      "--b\r\nX: y\n" + head_a + "1\r\n--b--",
      "--b\r\nX: y\rz\r\n" + head_a + "1\r\n--b--",
      std::string("--b\r\nX: \0\r\n", 11) + head_a + "1\r\n--b--",
      "--b\r\n--b\r\n" + head_a + "1\r\n--b--",
  };
  for (const std::string& wire : rows) {
    const Reading outcome = read_every_way("b", wire);
    EXPECT_TRUE(outcome.error) << wire;
    EXPECT_FALSE(outcome.ended) << wire;
  }
}

TEST(Multipart, LinesOfUnixAreRefusedInWordsThatSaySo) {
  for (const std::string& wire :
       {std::string("--b\nContent-Disposition: form-data; name=a\n\n1\n--b--\n"),
        std::string("--b \t\nx"),
        std::string("--b\r\nContent-Disposition: form-data; name=a\n\n1\n--b--\n"),
        "--b\r\nX: y\n" + head_a + "1\r\n--b--",
        "--b\r\n" + head_a + "1\r\n--b\r\nContent-Disposition: form-data; name=a\n\n1\n--b--\n"}) {
    const Reading outcome = read_every_way("b", wire);
    ASSERT_TRUE(outcome.error) << wire;
    EXPECT_NE(outcome.error->message().find("LF alone"), std::string::npos)
        << outcome.error->message();
  }
  const std::string preamble =
      "--bx\n--b" + std::string(limits::multipart_padding_bytes_max + 1, ' ');
  EXPECT_FALSE(read_every_way("b", preamble + "\n\r\n--b--").error);
}

TEST(Multipart, PartsInACodingAreRefused) {
  const auto code_of = [](const std::string& field) {
    const Reading outcome = read("b", "--b\r\n" + field + "\r\n" + head_a + "1\r\n--b--", {});
    return outcome.error ? outcome.error->code() : Errc::internal;
  };
  for (const char* field :
       {"Content-Transfer-Encoding: base64", "content-transfer-encoding: quoted-printable",
        "Content-Encoding: gzip"}) {
    EXPECT_EQ(code_of(field), Errc::unsupported_media_type) << field;
  }
  for (const char* field : {"Content-Transfer-Encoding: binary", "Content-Transfer-Encoding: 8bit",
                            "Content-Transfer-Encoding: 7BIT", "Content-Encoding: identity"}) {
    EXPECT_EQ(code_of(field), Errc::internal) << field;
  }
}

TEST(Multipart, PreamblePartHeadsAndPartsAreBounded) {
  const auto refused = [](const std::string& wire) {
    return read("b", wire, {}).error.has_value();
  };
  const std::string form = "\r\n--b\r\n" + head_a + "1\r\n--b--";
  EXPECT_FALSE(refused(std::string(limits::multipart_preamble_bytes_max, 'x') + form));
  EXPECT_TRUE(refused(std::string(limits::multipart_preamble_bytes_max + 1, 'x') + form));

  const auto with_head = [&](std::size_t size) {
    const std::size_t rest = size - (head_a.size() - 4) - std::string("\r\nX: ").size();
    return "--b\r\nX: " + std::string(rest, 'x') + "\r\n" + head_a + "1\r\n--b--";
  };
  EXPECT_FALSE(refused(with_head(limits::multipart_part_head_bytes_max)));
  EXPECT_TRUE(refused(with_head(limits::multipart_part_head_bytes_max + 1)));

  std::string parts;
  for (std::size_t i = 0; i < limits::multipart_part_count_max; ++i) {
    parts += "--b\r\n" + head_a + "1\r\n";
  }
  EXPECT_FALSE(refused(parts + "--b--"));
  EXPECT_TRUE(refused(parts + "--b\r\n" + head_a + "1\r\n--b--"));

  const std::string long_padding(limits::multipart_padding_bytes_max + 1, ' ');
  EXPECT_EQ(
      read("b", "--b\r\n" + head_a + "\r\n--b" + long_padding + "\r\n--b--", {}).parts.at(0).data,
      "\r\n--b" + long_padding);
}

TEST(Multipart, MissingBoundaryIsRefusedBeforeTheEnd) {
  MultipartParser parser("b");
  const std::string input(limits::multipart_preamble_bytes_max + 1, 'x');
  EXPECT_FALSE(parser.next(as_bytes(input), false));
}

TEST(Multipart, DataIsHandedOutUncopiedAndWholeBuffersAtATime) {
  MultipartParser parser("boundary");
  const std::string begin = "--boundary\r\n" + head_a;
  ASSERT_TRUE(parser.next(as_bytes(begin), false));
  const std::string data(100'000, '\r');
  const auto held = parser.next(as_bytes(data), false);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->consumed, data.size() - 1);
  const std::string plain(100'000, 'x');
  const auto step = parser.next(as_bytes(plain), false);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->consumed, plain.size());
  EXPECT_EQ(step->data.data(), as_bytes(plain).data());
}

TEST(MultipartBoundary, IsReadFromTheContentType) {
  const std::pair<std::string, std::string> rows[] = {
      {"multipart/form-data; boundary=----WebKitFormBoundaryx", "----WebKitFormBoundaryx"},
      {"Multipart/Form-Data;BOUNDARY=x", "x"},
      {"multipart/form-data ; charset=utf-8 ; boundary = x ; a=b", "x"},
      {"multipart/form-data; boundary=\"a b;c\"", "a b;c"},
      {"multipart/form-data; boundary=\"a\\\"b\"", "a\"b"},
      {"multipart/form-data; boundary=^{}7", "^{}7"},
      {"multipart/form-data; boundary=a:b/c=d?e,f(g)", "a:b/c=d?e,f(g)"},
      {"multipart/form-data; boundary=" + std::string(70, 'x'), std::string(70, 'x')},
  };
  for (const auto& [content_type, boundary] : rows) {
    const auto parsed = multipart_boundary(content_type);
    ASSERT_TRUE(parsed) << content_type;
    EXPECT_EQ(*parsed, boundary) << content_type;
  }
}

TEST(MultipartBoundary, OtherMediaTypesHaveNone) {
  for (const std::string_view content_type :
       {"", "application/octet-stream", "multipart/mixed; boundary=x", "multipart/form-datax",
        "text/plain; a=multipart/form-data; boundary=x"}) {
    const auto parsed = multipart_boundary(content_type);
    ASSERT_TRUE(parsed) << content_type;
    EXPECT_EQ(*parsed, std::nullopt) << content_type;
  }
}

TEST(MultipartBoundary, UnusableOnesAreRefused) {
  for (const std::string& parameter :
       {std::string(), std::string("; boundary"), std::string("; boundary="),
        std::string("; boundary=\"\""), std::string("; boundary=\"a"),
        std::string("; boundary=\"a\"b"), std::string("; boundary=\"a \""),
        std::string("; boundary=\xC3\xA4"), std::string("; boundary=a\x01"),
        std::string("; boundary=a; boundary=b"), "; boundary=" + std::string(71, 'x')}) {
    const auto parsed = multipart_boundary("multipart/form-data" + parameter);
    ASSERT_FALSE(parsed) << parameter;
    EXPECT_EQ(parsed.error().code(), Errc::bad_request);
  }
}

}  // namespace
}  // namespace sluice::http
