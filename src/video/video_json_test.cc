// SPDX-License-Identifier: MIT
#include "video/video_json.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "library/document.h"
#include "library/stored_names.h"

namespace sluice::video {
namespace {

Timestamp time_of(std::int64_t milliseconds) {
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

// The video of the capture in the API's documents.
VideoDescription swag() {
  VideoDescription video;
  video.id = "f9b6ba6a7cae1ee1d4b3dc0d4f8b2e3a";
  video.created_at = time_of(1378495165'999);
  video.file_name = "holiday/clips/swag.mov";
  video.file_size = 4387188;
  video.parameters = "{}";
  video.media = {.container = "mov,mp4,m4a,3gp,3g2,mj2",
                 .major_brand = "qt",
                 .duration_ms = 15822,
                 .width = 640,
                 .height = 426,
                 .rotation_degrees = 90,
                 .fps = 14.4899,
                 .video_codec = "h264",
                 .audio_codec = "aac",
                 .video_kbits_per_second = 2056,
                 .audio_kbits_per_second = 98,
                 .audio_channels = 2,
                 .audio_sample_rate = 44100};
  return video;
}

TEST(VideoJson, DescribesAVideo) {
  EXPECT_EQ(video_document(swag()),
            R"({"id":"f9b6ba6a7cae1ee1d4b3dc0d4f8b2e3a","status":"success",)"
            R"("created_at":"2013/09/06 19:19:25 +0000","updated_at":"2013/09/06 19:19:25 +0000",)"
            R"("mime_type":"video/quicktime","original_filename":"swag.mov","source_url":null,)"
            R"("duration":15822,"width":426,"height":640,"extname":".mov","file_size":4387188,)"
            R"("video_bitrate":2056,"audio_bitrate":98,"audio_codec":"aac","video_codec":"h264",)"
            R"("fps":14.49,"audio_channels":2,"audio_sample_rate":44100,)"
            R"("path":"f9b6ba6a7cae1ee1d4b3dc0d4f8b2e3a"})");
}

TEST(VideoJson, DescribesAFileThatIsNoMedia) {
  VideoDescription video = swag();
  video.status = VideoStatus::fail;
  video.media = {};
  EXPECT_EQ(video_document(video),
            R"({"id":"f9b6ba6a7cae1ee1d4b3dc0d4f8b2e3a","status":"fail",)"
            R"("error_class":"FormatNotRecognised",)"
            R"("error_message":"The file was not recognised as video or audio",)"
            R"("created_at":"2013/09/06 19:19:25 +0000","updated_at":"2013/09/06 19:19:25 +0000",)"
            R"("mime_type":null,"original_filename":"swag.mov","source_url":null,)"
            R"("duration":0,"width":0,"height":0,"extname":".mov","file_size":4387188,)"
            R"("video_bitrate":0,"audio_bitrate":0,"audio_codec":null,"video_codec":null,)"
            R"("fps":0,"audio_channels":0,"audio_sample_rate":0,)"
            R"("path":"f9b6ba6a7cae1ee1d4b3dc0d4f8b2e3a"})");
}

TEST(VideoJson, ListsMetadataInTheFormsOfTheApi) {
  EXPECT_EQ(video_metadata(swag()),
            R"({"file_name":"swag.mov","file_size":"4.2 MB","mime_type":"video/quicktime",)"
            R"("container":"mov,mp4,m4a,3gp,3g2,mj2","major_brand":"qt","duration":"15.82 s",)"
            R"("video_codec":"h264","image_width":640,"image_height":426,"image_size":"640x426",)"
            R"("video_frame_rate":14.49,"rotation":90,"video_bitrate":"2056 kbps",)"
            R"("audio_codec":"aac","audio_channels":2,"audio_sample_rate":44100,)"
            R"("audio_bitrate":"98 kbps"})");
  VideoDescription video = swag();
  video.status = VideoStatus::fail;
  video.media = {};
  EXPECT_EQ(video_metadata(video), R"({"file_name":"swag.mov","file_size":"4.2 MB"})");
}

boost::json::object parsed_line(const std::string& text) {
  EXPECT_EQ(text.find('\n'), std::string::npos);
  return boost::json::parse(text).as_object();
}

TEST(VideoJson, WritesSizesAndDurations) {
  struct Row {
    std::uint64_t bytes;
    std::uint32_t duration_ms;
    const char* size_text;
    const char* duration_text;
  };
  for (const Row& row : {
           Row{0, 1, "0 bytes", "0.00 s"},
           Row{2047, 19350, "2047 bytes", "19.35 s"},
           Row{2048, 29999, "2.0 kB", "30.00 s"},
           Row{1469440, 30000, "1435 kB", "0:00:30"},
           Row{2U << 20U, 61500, "2.0 MB", "0:01:02"},
           Row{60U << 20U, 3'661'000, "60 MB", "1:01:01"},
           Row{4'294'967'296, 360'000'000, "4.0 GB", "100:00:00"},
           Row{1'099'511'627'776, 2'147'483'647, "1024 GB", "596:31:24"},
       }) {
    VideoDescription video = swag();
    video.file_size = row.bytes;
    video.media.duration_ms = row.duration_ms;
    const boost::json::object metadata = parsed_line(video_metadata(video));
    EXPECT_EQ(metadata.at("file_size").as_string(), row.size_text);
    EXPECT_EQ(metadata.at("duration").as_string(), row.duration_text);
  }
}

TEST(VideoJson, WritesRatesAsPeopleDo) {
  for (const auto& [fps, text] : {std::pair{0.0, "0"},
                                  {25.0, "25"},
                                  {29.97, "29.97"},
                                  {30000.0 / 1001, "29.97"},
                                  {24000.0 / 1001, "23.976"},
                                  {100.0, "100"},
                                  {0.0001, "0"}}) {
    VideoDescription video = swag();
    video.media.fps = fps;
    const std::string member = std::string("\"fps\":") + text + ",";
    EXPECT_NE(video_document(video).find(member), std::string::npos) << member;
  }
}

TEST(VideoJson, WritesTimesInUtc) {
  VideoDescription video = swag();
  for (const auto& [milliseconds, text] :
       {std::pair<std::int64_t, const char*>{0, "1970/01/01 00:00:00 +0000"},
        {951'782'400'000, "2000/02/29 00:00:00 +0000"},
        {4'102'444'799'999, "2099/12/31 23:59:59 +0000"}}) {
    video.created_at = time_of(milliseconds);
    EXPECT_EQ(parsed_line(video_document(video)).at("created_at").as_string(), text);
  }
}

TEST(VideoJson, KeepsAnyFileNameAsData) {
  struct Row {
    std::string given;
    std::string original;
    std::string extension;
  };
  for (const Row& row : {
           Row{"a.mp4", "a.mp4", ".mp4"},
           Row{"A.MP4", "A.MP4", ".mp4"},
           Row{"/var/tmp/a b.tar.gz", "a b.tar.gz", ".gz"},
           Row{"dir.d/file", "file", ""},
           Row{"../../etc/passwd", "passwd", ""},
           Row{"..", "..", ""},
           Row{"a.", "a.", ""},
           Row{".mov", ".mov", ".mov"},
           Row{"dir/", "dir", ""},
           Row{"clips/a.mp4//", "a.mp4", ".mp4"},
           Row{"//", "//", ""},
           Row{"a.mp4?x", "a.mp4?x", ""},
           Row{"a.m\xc3\xbc", "a.m\xc3\xbc", ""},
           Row{"C:\\clips\\a.avi", "a.avi", ".avi"},
           Row{"c:/clips\\a.avi\\", "a.avi", ".avi"},
           Row{"\\\\server\\share\\a.avi", "a.avi", ".avi"},
           Row{"C:\\", "C:", ""},
           Row{"\\\\", "\\\\", ""},
           Row{"..\\a.avi", "..\\a.avi", ".avi"},
           Row{"x/C:\\a.avi", "C:\\a.avi", ".avi"},
           Row{"a.0123456789abcdef", "a.0123456789abcdef", ".0123456789abcdef"},
           Row{"a.0123456789abcdefg", "a.0123456789abcdefg", ""},
           Row{"\"\n\\.mp4", "\"\n\\.mp4", ".mp4"},
           Row{"original\xe2\x99\xa5.mp4", "original\xe2\x99\xa5.mp4", ".mp4"},
           Row{"bad\xff.mp4", "bad\xef\xbf\xbd.mp4", ".mp4"},
       }) {
    VideoDescription video = swag();
    video.file_name = row.given;
    const std::string text = video_document(video);
    const boost::json::object document = parsed_line(text);
    EXPECT_EQ(document.at("original_filename").as_string(), row.original);
    EXPECT_EQ(document.at("extname").as_string(), row.extension);
    EXPECT_EQ(library::stored_extension(row.given), row.extension);
    EXPECT_EQ(library::stored_extension_of(text), row.extension);
  }
}

TEST(VideoJson, EchoesParametersAsTheModelsHoldThem) {
  VideoDescription video = swag();
  video.parameters =
      R"({"payload":"{\"a\":1}","path_format":":id/x","profiles":"h264,webm","error":"x"})";
  boost::json::object document = parsed_line(video_document(video));
  EXPECT_EQ(document.at("payload").as_string(), "{\"a\":1}");
  EXPECT_EQ(document.at("path_format").as_string(), ":id/x");
  EXPECT_EQ(document.at("profiles").as_string(), "h264,webm");
  EXPECT_FALSE(document.contains("error"));

  video.parameters = R"({"payload":{"a":1},"path_format":null,"profiles":["h264",7]})";
  document = parsed_line(video_document(video));
  EXPECT_EQ(document.at("payload").as_string(), "{\"a\":1}");
  EXPECT_FALSE(document.contains("path_format"));
  EXPECT_EQ(document.at("profiles").as_string(), "h264,7");

  for (const char* nothing : {"", "[]", "{", "null"}) {
    video.parameters = nothing;
    EXPECT_EQ(video_document(video), video_document(swag()));
  }
}

TEST(VideoJson, ListsExtraFiles) {
  VideoDescription video = swag();
  video.extra_files = {{"subtitles", "dir/s.SRT", {10, 13}}, {"empty", "", {13, 13}}};
  const std::string document = video_document(video);
  const std::string listed =
      R"("extra_files":[{"tag":"subtitles","original_filename":"s.SRT","extname":".srt",)"
      R"("file_size":3,"path":")" +
      video.id + R"(-1"},{"tag":"empty","original_filename":"","extname":"","file_size":0,)" +
      R"("path":")" + video.id + R"(-2"}]})";
  EXPECT_TRUE(document.ends_with(listed)) << document;
  const auto stored = library::stored_extra_files_of(document);
  ASSERT_TRUE(stored);
  ASSERT_EQ(stored->size(), 2U);
  EXPECT_EQ(stored->at(0).suffix, "-1.srt");
  EXPECT_EQ(stored->at(0).size, 3U);
  EXPECT_EQ(stored->at(1).suffix, "-2");
}

TEST(VideoJson, IsProcessingForTheSenderOfParts) {
  VideoDescription video = swag();
  VideoDescription processing = video;
  processing.status = VideoStatus::processing;
  EXPECT_EQ(library::processing_document(video_document(video)), video_document(processing));
  video.status = VideoStatus::fail;
  EXPECT_EQ(library::processing_document(video_document(video)), video_document(processing));
}

TEST(VideoStatus, HasTheWordsOfTheApi) {
  for (const VideoStatus status :
       {VideoStatus::processing, VideoStatus::success, VideoStatus::fail}) {
    EXPECT_EQ(video_status_from_text(to_text(status)), status);
  }
  EXPECT_EQ(to_text(VideoStatus::processing), std::string("processing"));
  EXPECT_FALSE(video_status_from_text("deleted"));
  EXPECT_FALSE(video_status_from_text(""));
}

}  // namespace
}  // namespace sluice::video
