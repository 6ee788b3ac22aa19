// SPDX-License-Identifier: MIT
#include "video/probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <utility>

#include "base/limits.h"
#include "support/temporary_directory.h"

namespace sluice::video {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLUICE_TEST_SANITIZED 1
#endif
#endif

// Long enough for a busy machine.
constexpr Duration patience = std::chrono::minutes(1);

enum class Lends { descriptor, nothing };

// Read-write, as a careless caller would.
class OpenedFile final : public runtime::ReadableFile {
 public:
  explicit OpenedFile(const std::string& from, Lends lends = Lends::descriptor)
      : descriptor_(::open(from.c_str(), O_RDWR | O_CLOEXEC)), lends_(lends) {
    EXPECT_GE(descriptor_, 0);
  }
  OpenedFile(OpenedFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), lends_(other.lends_) {}
  OpenedFile& operator=(OpenedFile&&) = delete;
  ~OpenedFile() override {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }

  std::uint64_t size() const {
    struct stat status{};
    EXPECT_EQ(::fstat(descriptor_, &status), 0);
    return static_cast<std::uint64_t>(status.st_size);
  }
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
    const ssize_t count =
        ::pread(descriptor_, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    return count < 0 ? Result<std::size_t>(fail(Errc::internal)) : static_cast<std::size_t>(count);
  }
  int descriptor() const noexcept override {
    return lends_ == Lends::descriptor ? descriptor_ : -1;
  }

 private:
  int descriptor_;
  const Lends lends_;
};

class ProbeTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

  // A second of test picture and of tone, as `options` say.
  std::string make(const std::string& name, const std::string& options) {
    const std::string command = fmt::format(
        "ffmpeg -nostdin -hide_banner -loglevel error -y -f lavfi -i testsrc=s=160x120:r=25:d=1 "
        "-f lavfi -i sine=frequency=440:sample_rate=48000:d=1 {} {}",
        options, path(name));
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return path(name);
  }

  std::string write(const std::string& name, const std::string& bytes) {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }

  static std::string read(const std::string& from) {
    std::ifstream file(from, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  static Result<MediaInfo> probe(OpenedFile file, std::vector<std::string> arguments,
                                 Duration time_max = patience) {
    HelperProber prober(SLUICE_PROBE_PROGRAM, std::move(arguments), time_max);
    return prober.probe(file, file.size());
  }
  // The same whether the file has a descriptor or not.
  static Result<MediaInfo> probe(const std::string& from) {
    Result<MediaInfo> result = probe(OpenedFile(from), {});
    const Result<MediaInfo> asked = probe(OpenedFile(from, Lends::nothing), {});
    EXPECT_EQ(result.has_value(), asked.has_value());
    if (result && asked) {
      EXPECT_EQ(*result, *asked);
    } else if (!result && !asked) {
      EXPECT_EQ(result.error().message(), asked.error().message());
    }
    return result;
  }

  // The message of a refusal that is the file's fault.
  static std::string refusal(const Result<MediaInfo>& result) {
    if (result) {
      return "recognised as " + result->container;
    }
    EXPECT_EQ(result.error().code(), Errc::unsupported_media_type) << result.error().message();
    return result.error().message();
  }

  std::string misbehaves(const std::string& how, Duration time_max = patience,
                         Lends lends = Lends::descriptor) {
    return refusal(
        probe(OpenedFile(write("any", "bytes"), lends), {"--self-test=" + how}, time_max));
  }

 private:
  testing::TemporaryDirectory directory_;
};

constexpr const char* h264_aac = "-c:v libx264 -pix_fmt yuv420p -c:a aac -ac 2 -shortest";

TEST_F(ProbeTest, DescribesMp4) {
  const auto media = probe(make("a.mp4", h264_aac));
  ASSERT_TRUE(media) << media.error().message();
  EXPECT_EQ(media->container, "mov,mp4,m4a,3gp,3g2,mj2");
  EXPECT_EQ(mime_type(*media), "video/mp4");
  EXPECT_EQ(media->width, 160U);
  EXPECT_EQ(media->height, 120U);
  EXPECT_NEAR(media->duration_ms, 1000, 60);
  EXPECT_DOUBLE_EQ(media->fps, 25);
  EXPECT_EQ(media->video_codec, "h264");
  EXPECT_EQ(media->audio_codec, "aac");
  EXPECT_EQ(media->audio_channels, 2U);
  EXPECT_EQ(media->audio_sample_rate, 48000U);
  EXPECT_GT(media->video_kbits_per_second, 0U);
  EXPECT_GT(media->audio_kbits_per_second, 0U);
  EXPECT_EQ(media->rotation_degrees, 0U);
}

TEST_F(ProbeTest, TellsQuickTimeAndRotation) {
  const std::string upright = make("a.mov", h264_aac);
  const std::string turned = path("b.mov");
  const std::string command =
      fmt::format("ffmpeg -nostdin -loglevel error -y -i {} -c copy -metadata:s:v:0 rotate=270 {}",
                  upright, turned);
  ASSERT_EQ(std::system(command.c_str()), 0);
  const auto media = probe(turned);
  ASSERT_TRUE(media) << media.error().message();
  EXPECT_EQ(mime_type(*media), "video/quicktime");
  // The option of this ffmpeg counts the other way round when it copies; its ffprobe says -90.
  EXPECT_EQ(media->rotation_degrees, 90U);
  EXPECT_EQ(media->width, 160U);
}

TEST_F(ProbeTest, DescribesWebm) {
  const auto vp8 = probe(make("a.webm", "-c:v libvpx -deadline realtime -c:a libopus"));
  ASSERT_TRUE(vp8) << vp8.error().message();
  EXPECT_EQ(mime_type(*vp8), "video/webm");
  EXPECT_EQ(vp8->video_codec, "vp8");
  EXPECT_EQ(vp8->audio_codec, "opus");
  EXPECT_EQ(vp8->width, 160U);
  EXPECT_NEAR(vp8->duration_ms, 1000, 60);
  EXPECT_DOUBLE_EQ(vp8->fps, 25);
  EXPECT_GT(vp8->video_kbits_per_second, 0U);

  const auto vp9 = probe(make("b.webm", "-c:v libvpx-vp9 -deadline realtime -c:a libopus"));
  ASSERT_TRUE(vp9) << vp9.error().message();
  EXPECT_EQ(vp9->video_codec, "vp9");
}

TEST_F(ProbeTest, DescribesOtherContainers) {
  struct Row {
    const char* name;
    const char* options;
    const char* mime;
    const char* video_codec;
    const char* audio_codec;
  };
  for (const Row& row : {
           Row{"a.mkv", h264_aac, "video/x-matroska", "h264", "aac"},
           Row{"a.avi", "-c:v mpeg4 -c:a libmp3lame", "video/x-msvideo", "mpeg4", "mp3"},
           Row{"a.ts", h264_aac, "video/mp2t", "h264", "aac"},
           Row{"a.flv", h264_aac, "video/x-flv", "h264", "aac"},
           Row{"a.mpg", "-c:v mpeg2video -c:a mp2", "video/mpeg", "mpeg2video", "mp2"},
           Row{"a.wmv", "-c:v wmv2 -c:a wmav2", "video/x-ms-wmv", "wmv2", "wmav2"},
           Row{"a.ogv", "-c:v libtheora -c:a libvorbis", "video/ogg", "theora", "vorbis"},
           Row{"av1.mp4", "-c:v libaom-av1 -cpu-used 8 -frames:v 3 -c:a aac", "video/mp4", "av1",
               "aac"},
           Row{"hevc.mp4", "-c:v libx265 -x265-params log-level=none -c:a aac", "video/mp4", "hevc",
               "aac"},
       }) {
    SCOPED_TRACE(row.name);
    const auto media = probe(make(row.name, row.options));
    ASSERT_TRUE(media) << media.error().message();
    EXPECT_EQ(mime_type(*media), row.mime);
    EXPECT_EQ(media->video_codec, row.video_codec);
    EXPECT_EQ(media->audio_codec, row.audio_codec);
    EXPECT_EQ(media->width, 160U);
  }
}

TEST_F(ProbeTest, DescribesSoundAlone) {
  struct Row {
    const char* name;
    const char* options;
    const char* mime;
    const char* codec;
  };
  for (const Row& row : {
           Row{"a.m4a", "-vn -c:a aac", "audio/mp4", "aac"},
           Row{"a.mp3", "-vn -c:a libmp3lame", "audio/mpeg", "mp3"},
           Row{"a.wav", "-vn", "audio/x-wav", "pcm_s16le"},
           Row{"a.flac", "-vn", "audio/flac", "flac"},
           Row{"cover.mp3", "-c:a libmp3lame -c:v mjpeg -frames:v 1 -disposition:v attached_pic",
               "audio/mpeg", "mp3"},
       }) {
    SCOPED_TRACE(row.name);
    const auto media = probe(make(row.name, row.options));
    ASSERT_TRUE(media) << media.error().message();
    EXPECT_EQ(mime_type(*media), row.mime);
    EXPECT_EQ(media->video_codec, "");
    EXPECT_EQ(media->audio_codec, row.codec);
    EXPECT_EQ(media->width, 0U);
    EXPECT_EQ(media->fps, 0);
    EXPECT_EQ(media->audio_sample_rate, 48000U);
    EXPECT_NEAR(media->duration_ms, 1000, 100);
  }
}

TEST_F(ProbeTest, RefusesAnMp4WithoutItsEnd) {
  const std::string whole = read(make("a.mp4", h264_aac));
  const auto cut = probe(write("cut.mp4", whole.substr(0, whole.size() / 2)));
  EXPECT_EQ(refusal(cut), "the file was not recognised");
}

TEST_F(ProbeTest, BelievesTheHeadOfAnMp4ThatHasItsIndexFirst) {
  const std::string whole = read(make("a.mp4", std::string(h264_aac) + " -movflags +faststart"));
  const auto cut = probe(write("cut.mp4", whole.substr(0, whole.size() - 1000)));
  ASSERT_TRUE(cut) << cut.error().message();
  EXPECT_EQ(cut->width, 160U);
}

// Files with cut ends or flipped bits may be read or refused, but every probe gives an answer.
TEST_F(ProbeTest, OutlivesDamagedFiles) {
  const std::string whole = read(make("a.mp4", std::string(h264_aac) + " -movflags +faststart"));
  std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed): the same files every time.
  for (int round = 0; round < 12; ++round) {
    std::string damaged = whole.substr(0, random() % whole.size());
    for (std::size_t flips = damaged.size() / 50; flips > 0; --flips) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    const auto result = probe(write("damaged.mp4", damaged));
    EXPECT_TRUE(result || result.error().code() == Errc::unsupported_media_type);
  }
}

TEST_F(ProbeTest, RefusesWhatIsNoMedia) {
  std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed)
  std::string noise(1 << 20, '\0');
  for (char& c : noise) {
    c = static_cast<char>(random());
  }
  EXPECT_EQ(refusal(probe(write("noise", noise))), "the file was not recognised");
  EXPECT_EQ(refusal(probe(write("zeros", std::string(1 << 20, '\0')))),
            "the file was not recognised");
  EXPECT_EQ(refusal(probe(write("empty", ""))), "the file was not recognised");
  EXPECT_EQ(refusal(probe(write("byte", "x"))), "the file was not recognised");
  EXPECT_EQ(refusal(probe(write("text.txt", std::string(5000, 'a') + "\n"))),
            "the file was not recognised");
  EXPECT_EQ(refusal(probe(make("a.png", "-frames:v 1"))), "the file was not recognised");
  EXPECT_EQ(refusal(probe(make("a.jpg", "-frames:v 1"))), "the file was not recognised");
}

// Boxes of MP4 around one picture of any codec.
TEST_F(ProbeTest, RefusesStillPicturesInBoxes) {
  const std::string avif = read(make("a.avif", "-an -frames:v 1 -c:v libaom-av1 -cpu-used 8"));
  EXPECT_EQ(refusal(probe(write("a.avif", avif))), "the file was not recognised");
  std::string heic = avif;
  heic.replace(heic.find("avif"), 4, "heic");
  EXPECT_EQ(refusal(probe(write("a.heic", heic))), "the file was not recognised");
  EXPECT_EQ(refusal(probe(make("a.mov", "-an -frames:v 1 -c:v mjpeg"))),
            "the file was not recognised");
  // One picture beside a tone is its cover.
  const auto cover = probe(make("cover.mkv", "-frames:v 1 -c:v mjpeg -c:a libmp3lame"));
  ASSERT_TRUE(cover) << cover.error().message();
  EXPECT_EQ(cover->video_codec, "");
  EXPECT_EQ(cover->audio_codec, "mp3");
  // A film in the same boxes is one.
  const auto film = probe(make("film.avif", "-an -frames:v 3 -c:v libaom-av1 -cpu-used 8"));
  ASSERT_TRUE(film) << film.error().message();
  EXPECT_EQ(film->video_codec, "av1");
}

// The picture of this tone needs a few hundred kbit/s at the most.
TEST_F(ProbeTest, BelievesNoBitRateThatTheSizeOfTheFileContradicts) {
  const auto flv = probe(make("a.flv", std::string(h264_aac) + " -b:v 40M"));
  ASSERT_TRUE(flv) << flv.error().message();
  EXPECT_GT(flv->video_kbits_per_second, 0U);
  EXPECT_LT(flv->video_kbits_per_second, 2000U);
  EXPECT_GT(flv->audio_kbits_per_second, 0U);
}

TEST_F(ProbeTest, ComputesTheBitRatesThatMatroskaDoesNotKeep) {
  const std::string name =
      make("a.mkv", "-c:v libx264 -pix_fmt yuv420p -c:a pcm_s16le -ac 2 -shortest");
  const auto media = probe(name);
  ASSERT_TRUE(media) << media.error().message();
  EXPECT_NEAR(media->audio_kbits_per_second, 1536, 80);
  const double all = 8.0 * static_cast<double>(std::filesystem::file_size(name)) / 1000;
  EXPECT_GT(media->video_kbits_per_second, 0U);
  EXPECT_LT(media->video_kbits_per_second, all - 1400) << "the sound is no picture";
}

// A recording that is sent while it is made has no duration in its header, and no index.
TEST_F(ProbeTest, TellsHowLongTheRecordingsOfBrowsersAre) {
  const std::string sent = path("sent.webm");
  make("a.webm", "-c:v libvpx -deadline realtime -c:a libopus -f webm - | cat > " + sent + "; :");
  const auto media = probe(sent);
  ASSERT_TRUE(media) << media.error().message();
  EXPECT_EQ(mime_type(*media), "video/webm");
  EXPECT_NEAR(media->duration_ms, 1000, 60);
  EXPECT_GT(media->video_kbits_per_second, 0U);
  EXPECT_GT(media->audio_kbits_per_second, 0U);
}

// Longer than the sample at its beginning: the end counts.
TEST_F(ProbeTest, TellsHowLongALongRecordingIs) {
  const std::string sent = path("sent.mkv");
  make("a.mkv",
       "-filter:v loop=loop=15:size=25,scale=640x480 -af apad -t 16 -c:v rawvideo "
       "-pix_fmt yuv420p -c:a pcm_s16le -f matroska - | cat > " +
           sent + "; :");
  ASSERT_GT(std::filesystem::file_size(sent),
            limits::probe_sample_bytes_max + limits::probe_tail_bytes_max);
  const auto media = probe(sent);
  ASSERT_TRUE(media) << media.error().message();
  EXPECT_NEAR(media->duration_ms, 16'000, 100);
  EXPECT_NEAR(media->audio_kbits_per_second, 768, 40);
  EXPECT_NEAR(media->video_kbits_per_second, 92'160, 4000);
}

TEST_F(ProbeTest, RefusesFilesThatNameOtherFiles) {
  const std::string mp4 = make("a.mp4", h264_aac);
  EXPECT_EQ(refusal(probe(
                write("a.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + mp4 + "\n"))),
            "the file was not recognised");
  EXPECT_EQ(refusal(probe(write("list", "ffconcat version 1.0\nfile '" + mp4 + "'\n"))),
            "the file was not recognised");
}

TEST_F(ProbeTest, EndsWhatTheJailForbids) {
  const std::string bad_system_call = fmt::format("the probe was ended by signal {}", SIGSYS);
  for (const char* how : {"socket", "execute", "fork", "kill", "write", "map_code"}) {
    EXPECT_EQ(misbehaves(how), bad_system_call) << how;
  }
}

TEST_F(ProbeTest, LetsNoFileBeOpened) {
  EXPECT_EQ(misbehaves("open"), "the file was not recognised");
}

TEST_F(ProbeTest, EndsWhatGoesOnForEver) {
  EXPECT_EQ(misbehaves("spin", std::chrono::milliseconds(500)), "the probe did not answer in time");
  EXPECT_EQ(misbehaves("chatter"), "the probe answered too much");
}

TEST_F(ProbeTest, BoundsMemory) {
#ifdef SLUICE_TEST_SANITIZED
  GTEST_SKIP() << "sanitizers reserve terabytes of addresses";
#endif
  EXPECT_EQ(misbehaves("allocate"), "the file was not recognised");
}

TEST_F(ProbeTest, SurvivesACrashAndNonsense) {
  EXPECT_TRUE(misbehaves("crash").starts_with("the probe was ended by signal "));
  EXPECT_EQ(misbehaves("babble"), "the probe's answer lacks a member or is malformed");
  EXPECT_EQ(misbehaves("none such"), "expected a JSON object from the probe");
}

TEST_F(ProbeTest, GivesTheHelperNothingButTheFile) {
  const std::string mp4 = make("a.mp4", h264_aac);
  ASSERT_EQ(::setenv("SLUICE_SECRET", "1", 1), 0);
  const int leaked = ::open("/dev/null", O_RDWR);  // Without O_CLOEXEC, on purpose.
  const auto old_handler = std::signal(SIGPIPE, SIG_IGN);
  const auto media = probe(OpenedFile(mp4), {"--self-test=surroundings"});
  std::signal(SIGPIPE, old_handler);
  ::close(leaked);
  ::unsetenv("SLUICE_SECRET");
  EXPECT_TRUE(media) << media.error().message();
}

// A file without a descriptor of its own.
class StrangeFile final : public runtime::ReadableFile {
 public:
  explicit StrangeFile(int descriptor, Result<std::size_t> answer = 0)
      : descriptor_(descriptor), answer_(std::move(answer)) {}

  Result<std::size_t> read_at(std::uint64_t /*offset*/, MutableBytes /*buffer*/) override {
    return answer_;
  }
  int descriptor() const noexcept override { return descriptor_; }

 private:
  const int descriptor_;
  const Result<std::size_t> answer_;
};

TEST_F(ProbeTest, SaysThatAMissingHelperIsNotTheFilesFault) {
  HelperProber missing(path("no-such-program"));
  HelperProber not_loaded("/bin/sh", {"-c", "exit 127"});
  for (const Lends lends : {Lends::descriptor, Lends::nothing}) {
    OpenedFile file(write("any", "bytes"), lends);
    EXPECT_EQ(missing.probe(file, 5).error().code(), Errc::internal);
    EXPECT_EQ(not_loaded.probe(file, 5).error().code(), Errc::internal);
  }
  StrangeFile not_open(1 << 20);
  HelperProber present(SLUICE_PROBE_PROGRAM);
  EXPECT_EQ(present.probe(not_open, 5).error().code(), Errc::internal);
}

TEST_F(ProbeTest, SaysThatAStoreWithoutAnAnswerIsNotTheFilesFault) {
  HelperProber prober(SLUICE_PROBE_PROGRAM);
  StrangeFile away(-1, fail(Errc::unavailable, "no answer"));
  EXPECT_EQ(prober.probe(away, 5).error().code(), Errc::unavailable);
  StrangeFile shorter(-1, 4);
  EXPECT_EQ(prober.probe(shorter, 5).error().code(), Errc::storage_failed);
}

TEST_F(ProbeTest, EndsAHelperThatAsksForWhatNoFileHas) {
  for (const char* how : {"ask_behind_the_end", "ask_for_ever"}) {
    EXPECT_EQ(misbehaves(how, patience, Lends::nothing), "the probe asked for what no file has")
        << how;
  }
  EXPECT_EQ(misbehaves("spin", std::chrono::milliseconds(500), Lends::nothing),
            "the probe did not answer in time");
  EXPECT_EQ(misbehaves("socket", patience, Lends::nothing),
            fmt::format("the probe was ended by signal {}", SIGSYS));
}

TEST(HelperProber, LooksForTheHelperBesideTheRunningProgram) {
  const std::string program = HelperProber::program_beside_this_one();
  EXPECT_EQ(std::filesystem::path(program).filename(), "sluice-probe");
  EXPECT_EQ(std::filesystem::path(program).parent_path(),
            std::filesystem::read_symlink("/proc/self/exe").parent_path());
}

}  // namespace
}  // namespace sluice::video
