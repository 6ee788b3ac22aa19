// SPDX-License-Identifier: MIT
#include "protocol/formchunks/chunk_request.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::protocol::formchunks {
namespace {

Result<ChunkRequest> parse(const std::string& json, const char* content_range = nullptr) {
  http::Headers headers;
  if (content_range != nullptr) {
    headers.add("Content-Range", content_range);
  }
  return parse_chunk(Parameters::from_json("{" + json + "}").value(), headers, "part.bin");
}

TEST(ChunkRequest, ReadsEachUploadersWords) {
  const struct {
    const char* json;
    const char* uploader;
    const char* identifier;
    const char* file_name;
    std::uint64_t file_size;
    ByteRange range;
  } cases[] = {
      {R"("dzuuid":"u-1","dzchunkindex":"1","dztotalfilesize":"25","dzchunksize":"10",
          "dztotalchunkcount":"3","dzchunkbyteoffset":"10")",
       "dropzone",
       "u-1",
       "part.bin",
       25,
       {10, 20}},
      {R"("dzuuid":"u-1","dzchunkindex":"2","dztotalfilesize":"25","dzchunksize":"10",
          "dztotalchunkcount":"3","dzchunkbyteoffset":"20")",
       "dropzone",
       "u-1",
       "part.bin",
       25,
       {20, 25}},
      {R"("dzuuid":"u-1","dzchunkindex":"0","dztotalfilesize":"0","dzchunksize":"10",
          "dztotalchunkcount":"1","dzchunkbyteoffset":"0")",
       "dropzone",
       "u-1",
       "part.bin",
       0,
       {0, 0}},
      {R"("resumableChunkNumber":"1","resumableChunkSize":"10","resumableCurrentChunkSize":"10",
          "resumableTotalSize":"25","resumableType":"video/mp4","resumableIdentifier":"25-a",
          "resumableFilename":"a.mp4","resumableRelativePath":"a.mp4","resumableTotalChunks":"2")",
       "resumable",
       "25-a",
       "a.mp4",
       25,
       {0, 10}},
      {R"("resumableChunkNumber":"2","resumableChunkSize":"10","resumableCurrentChunkSize":"15",
          "resumableTotalSize":"25","resumableType":"","resumableIdentifier":"25-a",
          "resumableFilename":"a.mp4","resumableTotalChunks":"2")",
       "resumable",
       "25-a",
       "a.mp4",
       25,
       {10, 25}},
      {R"("flowChunkNumber":"3","flowChunkSize":"10","flowCurrentChunkSize":"5",
          "flowTotalSize":"25","flowIdentifier":"25-a","flowFilename":"a.mp4",
          "flowRelativePath":"d/a.mp4","flowTotalChunks":"3")",
       "flow",
       "25-a",
       "a.mp4",
       25,
       {20, 25}},
      {R"("qqpartindex":"1","qqpartbyteoffset":"10","qqchunksize":"10","qqtotalparts":"3",
          "qqtotalfilesize":"25","qqfilename":"a.mp4","qquuid":"q")",
       "fineuploader",
       "q",
       "a.mp4",
       25,
       {10, 20}},
      {R"("qquuid":"q","qqfilename":"a.mp4","qqtotalfilesize":"25")",
       "fineuploader",
       "q",
       "a.mp4",
       25,
       {0, 25}},
      {R"("name":"a.mp4","chunk":"1","chunks":"2","id":"o_1","size":"15","chunk_size":"10")",
       "plupload",
       "o_1",
       "a.mp4",
       15,
       {10, 15}},
      {R"("name":"a.mp4","id":"o_1","size":"5")", "plupload", "o_1", "a.mp4", 5, {0, 5}},
  };
  for (const auto& c : cases) {
    const Result<ChunkRequest> chunk = parse(c.json);
    ASSERT_TRUE(chunk) << c.json << chunk.error().message();
    EXPECT_STREQ(chunk->uploader->name, c.uploader);
    EXPECT_EQ(chunk->identifier, c.identifier);
    EXPECT_EQ(chunk->file_name, c.file_name);
    EXPECT_EQ(chunk->file_size, c.file_size);
    EXPECT_EQ(chunk->range, c.range) << c.json;
  }
}

TEST(ChunkRequest, ReadsContentRangeWhereItsUploaderSendsOne) {
  const struct {
    const char* json;
    const char* content_range;
    std::uint64_t file_size;
    ByteRange range;
  } cases[] = {
      {R"("upload_id":"b-1")", "bytes 10-19/25", 25, {10, 20}},
      {R"("upload_id":"b-1","upload_size":"25")", "bytes 20-24/25", 25, {20, 25}},
      {R"("upload_id":"b-1","upload_size":"25")", nullptr, 25, {0, 25}},
      {R"("qquuid":"q","qqtotalfilesize":25)", "bytes 10-19/25", 25, {0, 25}},
  };
  for (const auto& c : cases) {
    const Result<ChunkRequest> chunk = parse(c.json, c.content_range);
    ASSERT_TRUE(chunk) << c.json << chunk.error().message();
    EXPECT_EQ(chunk->file_size, c.file_size);
    EXPECT_EQ(chunk->range, c.range) << c.json;
    EXPECT_EQ(chunk->file_name, "part.bin");
  }
  const std::string sized = R"("upload_id":"b-1","upload_size":25)";
  for (const char* const content_range : {"bytes 10-19/26", "bytes 10-25/25", "bytes 10-19/*",
                                          "bytes */25", "bytes 19-10/25", "10"}) {
    const Result<ChunkRequest> chunk = parse(sized, content_range);
    ASSERT_FALSE(chunk) << content_range;
    EXPECT_EQ(chunk.error().code(), Errc::bad_request) << content_range;
  }
  EXPECT_FALSE(parse(R"("upload_id":"b-1")")) << "how large the file is";
  EXPECT_FALSE(parse("", "bytes 10-19/25")) << "which file";
}

TEST(ChunkRequest, TellsTheLastChunk) {
  const std::string both =
      R"("dzuuid":"u","dztotalfilesize":15,"dzchunksize":10,"dztotalchunkcount":2,"dzchunkindex":)";
  EXPECT_FALSE(parse(both + "0")->is_last());
  EXPECT_TRUE(parse(both + "1")->is_last());
}

TEST(ChunkRequest, RefusesNumbersThatContradictEachOther) {
  const std::string dropzone = R"("dzuuid":"u","dztotalfilesize":25,"dzchunksize":10,)";
  const std::string resumable =
      R"("resumableIdentifier":"u","resumableTotalSize":25,"resumableChunkSize":10,)";
  const std::string fine = R"("qquuid":"u","qqtotalfilesize":25,)";
  const std::string cases[] = {
      "",
      R"("dzuuid":"")",
      R"("dzuuid":"u")",
      dropzone + R"("dzchunkindex":0)",
      dropzone + R"("dzchunkindex":3,"dztotalchunkcount":3)",
      dropzone + R"("dzchunkindex":2,"dztotalchunkcount":4)",
      dropzone + R"("dzchunkindex":1,"dztotalchunkcount":3,"dzchunkbyteoffset":11)",
      dropzone + R"("dzchunkindex":-1,"dztotalchunkcount":3)",
      dropzone + R"("dzchunkindex":"one","dztotalchunkcount":3)",
      dropzone + R"("dzchunkindex":18446744073709551615,"dztotalchunkcount":18446744073709551615)",
      dropzone + R"("dzchunkindex":1844674407370955162,"dztotalchunkcount":1844674407370955163)",
      R"("dzuuid":"u","dztotalfilesize":25,"dzchunksize":0,"dzchunkindex":1,"dztotalchunkcount":3)",
      R"("dzuuid":"u","dztotalfilesize":25,"dzchunkindex":1,"dztotalchunkcount":3)",
      resumable + R"("resumableChunkNumber":0,"resumableTotalChunks":2)",
      resumable + R"("resumableChunkNumber":1,"resumableTotalChunks":2,
                     "resumableCurrentChunkSize":25)",
      resumable + R"("resumableChunkNumber":2,"resumableTotalChunks":2,
                     "resumableCurrentChunkSize":10)",
      resumable + R"("resumableChunkNumber":2,"resumableTotalChunks":2,
                     "resumableCurrentChunkSize":18446744073709551615)",
      fine + R"("qqpartindex":1,"qqtotalparts":3,"qqchunksize":10)",
      fine + R"("qqpartindex":1,"qqtotalparts":3,"qqpartbyteoffset":10)",
      fine + R"("qqpartindex":1,"qqtotalparts":3,"qqpartbyteoffset":26,"qqchunksize":1)",
      fine + R"("qqpartindex":1,"qqtotalparts":3,"qqpartbyteoffset":0,"qqchunksize":10)",
      fine + R"("qqpartindex":0,"qqtotalparts":3,"qqpartbyteoffset":5,"qqchunksize":10)",
  };
  for (const std::string& json : cases) {
    const Result<ChunkRequest> chunk = parse(json);
    ASSERT_FALSE(chunk) << json;
    EXPECT_EQ(chunk.error().code(), Errc::bad_request) << json;
    EXPECT_FALSE(chunk.error().message().empty());
  }
  EXPECT_EQ(parse(R"("qquuid":"u","qqtotalfilesize":"99999999999999999999")").error().code(),
            Errc::file_too_large);
  EXPECT_EQ(
      parse(R"("qquuid":"u","qqtotalfilesize":1,"qqfilename":")" + std::string(16'385, 'x') + "\"")
          .error()
          .code(),
      Errc::bad_request);
}

TEST(ChunkRequest, IsToldFromOthersByItsNames) {
  EXPECT_TRUE(names_uploader("dzuuid"));
  EXPECT_TRUE(names_uploader("flowIdentifier"));
  EXPECT_FALSE(names_uploader("id")) << "anyone's";
  EXPECT_FALSE(names_uploader("upload_id")) << "anyone's";
  EXPECT_FALSE(names_uploader(""));
  EXPECT_FALSE(names_uploader("dzuuid2"));
  const ChunkRequest chunk = *parse(R"("qquuid":"q","qqtotalfilesize":"25")");
  EXPECT_TRUE(is_of_protocol(*chunk.uploader, "qqpartindex"));
  EXPECT_FALSE(is_of_protocol(*chunk.uploader, "title"));
}

}  // namespace
}  // namespace sluice::protocol::formchunks
