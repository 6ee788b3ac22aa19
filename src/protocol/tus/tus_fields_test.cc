// SPDX-License-Identifier: MIT
#include "protocol/tus/tus_fields.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"
#include "base/limits.h"
#include "protocol/tus/upload_checksum.h"
#include "protocol/tus/upload_concat.h"
#include "protocol/tus/upload_metadata.h"

namespace sluice::protocol::tus {
namespace {

http::Headers with(const char* name, const std::string& value) {
  http::Headers headers;
  headers.add(name, value);
  return headers;
}

TEST(TusNumber, IsDecimalAndNotNegative) {
  struct Case {
    const char* text;
    std::uint64_t number;
  };
  for (const Case& c : {Case{"0", 0}, Case{"007", 7}, Case{" 9\t", 9},
                        Case{"18446744073709551615", 18446744073709551615U},
                        Case{"18446744073709551616", 18446744073709551615U},
                        Case{"99999999999999999999999", 18446744073709551615U}}) {
    EXPECT_EQ(number_of(with("Upload-Offset", c.text), "Upload-Offset").value(), c.number);
  }
  for (const char* text : {"", "-1", "+1", "1.0", "0x1", "1 2", "1,2", "\xD9\xA1", "1e3"}) {
    const auto number = number_of(with("Upload-Offset", text), "Upload-Offset");
    ASSERT_FALSE(number) << text;
    EXPECT_EQ(number.error().code(), Errc::bad_request);
  }
  EXPECT_EQ(number_of({}, "Upload-Offset").value(), std::nullopt);
  http::Headers twice = with("Upload-Offset", "1");
  twice.add("upload-offset", "1");
  EXPECT_FALSE(number_of(twice, "Upload-Offset"));
}

TEST(TusSize, IsToldOrDeferred) {
  EXPECT_EQ(declared_size(with("Upload-Length", "9")).value(), 9U);
  EXPECT_EQ(declared_size(with("Upload-Defer-Length", "1")).value(), std::nullopt);
  for (const char* deferred : {"", "0", "2", "01", "true"}) {
    EXPECT_EQ(declared_size(with("Upload-Defer-Length", deferred)).error().code(),
              Errc::bad_request);
  }
  EXPECT_EQ(declared_size({}).error().code(), Errc::bad_request);
  http::Headers both = with("Upload-Length", "9");
  both.add("Upload-Defer-Length", "1");
  EXPECT_EQ(declared_size(both).error().code(), Errc::bad_request);
  EXPECT_EQ(declared_size(with("Upload-Length", std::to_string(limits::file_size_max))).value(),
            limits::file_size_max);
  EXPECT_EQ(declared_size(with("Upload-Length", std::to_string(limits::file_size_max + 1)))
                .error()
                .code(),
            Errc::file_too_large);
}

TEST(TusMethod, IsTheOneThatIsMeant) {
  http::Request request;
  request.method = http::Method::post;
  EXPECT_EQ(meant_method(request), http::Method::post);
  request.headers.set("x-http-method-override", "PATCH");
  EXPECT_EQ(meant_method(request), http::Method::patch);
  request.headers.set("X-HTTP-Method-Override", "nonsense");
  EXPECT_EQ(meant_method(request), http::Method::other);
}

std::string written(const UploadMetadata& metadata) {
  std::string text;
  for (const UploadMetadata::Entry& entry : metadata.entries()) {
    text += entry.key + "=" + entry.value + ";";
  }
  return text;
}

TEST(UploadMetadata, IsAListOfKeysAndValues) {
  struct Case {
    const char* text;
    const char* entries;
  };
  for (const Case& c : {
           Case{"", ""},
           Case{" \t", ""},
           Case{"filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential",
                "filename=world_domination_plan.pdf;is_confidential=;"},
           Case{"a YQ== , b  Yg==,c ", "a=a;b=b;c=;"},
           Case{"Filename YQ==,filename Yg==", "Filename=a;filename=b;"},
           Case{"a-b_c.d/e=f;g YQ==", "a-b_c.d/e=f;g=a;"},
       }) {
    const Result<UploadMetadata> metadata = UploadMetadata::parse(c.text);
    ASSERT_TRUE(metadata) << c.text;
    EXPECT_EQ(written(*metadata), c.entries);
  }
  for (const char* text : {",", "a YQ==,", "a YQ==,,b Yg==", "a YQ==,a Yg==", "a !", "a YQ",
                           "a YQ== b", "\xC3\xA4 YQ==", "a\x01 YQ==", "a\tYQ=="}) {
    const Result<UploadMetadata> metadata = UploadMetadata::parse(text);
    ASSERT_FALSE(metadata) << text;
    EXPECT_EQ(metadata.error().code(), Errc::bad_request);
  }
}

TEST(UploadMetadata, HasABound) {
  const std::string value(16 * limits::KiB - 4, 'A');
  EXPECT_TRUE(UploadMetadata::parse("abc " + value));
  EXPECT_EQ(UploadMetadata::parse("abcd " + value).error().code(), Errc::head_too_large);
}

TEST(UploadMetadata, KnowsBothNamesOfClients) {
  const auto metadata = UploadMetadata::parse("name " + to_base64(as_bytes("n")) + ",filename " +
                                              to_base64(as_bytes("f")) + ",type,filetype");
  EXPECT_EQ(metadata->first_of("filename", "name"), "f");
  EXPECT_EQ(metadata->first_of("type", "name"), "n");
  EXPECT_EQ(metadata->first_of("filetype", "type"), "");
  EXPECT_EQ(metadata->first_of("x", "y"), "");
}

TEST(UploadChecksum, NamesAnAlgorithmAndADigest) {
  struct Case {
    const char* text;
    DigestAlgorithm algorithm;
    const char* hex;
  };
  for (const Case& c : {
           Case{"sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=", DigestAlgorithm::sha1,
                "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
           Case{"md5 1B2M2Y8AsgTpgAmY7PhCfg==", DigestAlgorithm::md5,
                "d41d8cd98f00b204e9800998ecf8427e"},
           Case{"sha256  47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", DigestAlgorithm::sha256,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
           Case{"crc32 AAAAAA==", DigestAlgorithm::crc32, "00000000"},
       }) {
    const Result<ExpectedDigest> digest = parse_upload_checksum(c.text);
    ASSERT_TRUE(digest) << c.text;
    EXPECT_EQ(digest->algorithm, c.algorithm);
    EXPECT_EQ(to_hex(as_bytes(digest->value)), c.hex);
  }
  for (const char* text :
       {"", "sha1", "sha1 ", "SHA1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "sha512 AAAA", "sha1 AAAA",
        "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk", "sha1,2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "crc32 AAAA"}) {
    const Result<ExpectedDigest> digest = parse_upload_checksum(text);
    ASSERT_FALSE(digest) << text;
    EXPECT_EQ(digest.error().code(), Errc::bad_request);
  }
}

TEST(UploadConcat, IsPartialOrNamesItsPartials) {
  const std::string a(43, 'a');
  const std::string b(43, 'b');
  EXPECT_FALSE(parse_upload_concat("partial")->is_final);
  for (const std::string& text :
       {"final;/uploads/" + a + " /uploads/" + b, "final;http://h/uploads/" + a + "  " + b,
        "final; https://h:1/base/uploads/" + a + " ../uploads/" + b + " "}) {
    const Result<UploadConcat> concat = parse_upload_concat(text);
    ASSERT_TRUE(concat) << text << concat.error().message();
    EXPECT_TRUE(concat->is_final);
    EXPECT_EQ(concat->partials, (std::vector{a, b}));
  }
  EXPECT_EQ(parse_upload_concat("final;" + a + " " + a)->partials.size(), 2U);
  for (const std::string& text :
       {std::string(), std::string("Partial"), std::string("final"), std::string("final;"),
        std::string("final; "), std::string("partial;") + a, "final;/files/" + a,
        "final;/uploads/" + a + "/answer", "final;/uploads/" + a + "?x",
        std::string("final;http://h"), "final;" + a + ",x", "final;/uploads/../" + a,
        std::string("final;/uploads/%zz")}) {
    EXPECT_EQ(parse_upload_concat(text).error().code(), Errc::bad_request) << text;
  }
}

}  // namespace
}  // namespace sluice::protocol::tus
