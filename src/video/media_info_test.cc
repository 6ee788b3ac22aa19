// SPDX-License-Identifier: MIT
#include "video/media_info.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::video {
namespace {

const std::string sound_line =
    R"({"container":"mov,mp4,m4a,3gp,3g2,mj2","major_brand":"isom","duration_ms":15822,)"
    R"("width":640,"height":426,"rotation_degrees":90,"fps":1.449E1,"video_codec":"h264",)"
    R"("audio_codec":"aac","video_kbits_per_second":2056,"audio_kbits_per_second":98,)"
    R"("audio_channels":2,"audio_sample_rate":44100})";

std::string replaced(std::string_view from, std::string_view to) {
  std::string line = sound_line;
  const std::size_t at = line.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return line.replace(at, from.size(), to);
}

TEST(MediaInfo, ReadsTheHelpersLine) {
  const auto media = parse_media_info(sound_line + "\n");
  ASSERT_TRUE(media) << media.error().message();
  const MediaInfo expected{.container = "mov,mp4,m4a,3gp,3g2,mj2",
                           .major_brand = "isom",
                           .duration_ms = 15822,
                           .width = 640,
                           .height = 426,
                           .rotation_degrees = 90,
                           .fps = 14.49,
                           .video_codec = "h264",
                           .audio_codec = "aac",
                           .video_kbits_per_second = 2056,
                           .audio_kbits_per_second = 98,
                           .audio_channels = 2,
                           .audio_sample_rate = 44100};
  EXPECT_EQ(*media, expected);
}

TEST(MediaInfo, RefusesWhatNoSoundHelperSays) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  for (const std::string& line : {
           std::string(),
           std::string("\n"),
           std::string("[]"),
           std::string("null"),
           deep,
           sound_line.substr(0, sound_line.size() - 1),
           sound_line + sound_line,
           replaced("\"width\":640,", ""),
           replaced("640", "-1"),
           replaced("640", "6.5"),
           replaced("640", "\"640\""),
           replaced("640", "null"),
           replaced("1.449E1", "-1.0"),
           replaced("1.449E1", "14"),
           replaced("\"h264\"", "null"),
           replaced("h264", "h\\n264"),
           replaced("h264", "h<script>"),
           replaced("isom", std::string(65, 'x')),
           replaced("isom", "\xff"),
       }) {
    const auto media = parse_media_info(line);
    ASSERT_FALSE(media) << line;
    EXPECT_EQ(media.error().code(), Errc::unsupported_media_type) << line;
  }
}

TEST(MediaInfo, RefusesAFileWithNeitherPictureNorSound) {
  std::string line = replaced("\"h264\"", "\"\"");
  EXPECT_TRUE(parse_media_info(line));
  line.replace(line.find("\"aac\""), 5, "\"\"");
  EXPECT_FALSE(parse_media_info(line));
}

TEST(MediaInfo, KeepsNumbersInWhatClientsCanHold) {
  EXPECT_EQ(parse_media_info(replaced("15822", "9000000000000"))->duration_ms, 2147483647U);
  EXPECT_EQ(parse_media_info(replaced("1.449E1", "9.0E4"))->fps, 0);
}

TEST(MediaInfo, KnowsMimeTypes) {
  struct Row {
    const char* container;
    const char* brand;
    const char* video;
    const char* audio;
    const char* expected;
  };
  for (const Row& row : {
           Row{"mov,mp4,m4a,3gp,3g2,mj2", "isom", "h264", "aac", "video/mp4"},
           Row{"mov,mp4,m4a,3gp,3g2,mj2", "M4A", "", "aac", "audio/mp4"},
           Row{"mov,mp4,m4a,3gp,3g2,mj2", "qt", "h264", "", "video/quicktime"},
           Row{"mov,mp4,m4a,3gp,3g2,mj2", "3gp4", "h263", "amrnb", "video/3gpp"},
           Row{"matroska,webm", "", "vp9", "opus", "video/webm"},
           Row{"matroska,webm", "", "", "opus", "audio/webm"},
           Row{"matroska,webm", "", "vp9", "aac", "video/x-matroska"},
           Row{"matroska,webm", "", "h264", "opus", "video/x-matroska"},
           Row{"ogg", "", "", "vorbis", "audio/ogg"},
           Row{"nut", "", "h264", "", ""},
           Row{"", "", "", "", ""},
       }) {
    MediaInfo media;
    media.container = row.container;
    media.major_brand = row.brand;
    media.video_codec = row.video;
    media.audio_codec = row.audio;
    EXPECT_EQ(mime_type(media), row.expected) << row.container << " " << row.video;
  }
}

TEST(MediaInfo, TellsTheSizeThatAViewerSees) {
  for (const auto& [degrees, width] : {std::pair(0U, 640U),
                                       {90U, 360U},
                                       {180U, 640U},
                                       {270U, 360U},
                                       {1U, 640U},
                                       {89U, 360U},
                                       {359U, 640U}}) {
    MediaInfo media;
    media.width = 640;
    media.height = 360;
    media.rotation_degrees = degrees;
    EXPECT_EQ(seen_size(media), std::pair(width, 1000U - width)) << degrees;
  }
}

}  // namespace
}  // namespace sluice::video
