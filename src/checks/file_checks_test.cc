// SPDX-License-Identifier: MIT
#include "checks/file_checks.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "runtime/posix_disk.h"
#include "support/forwarding_store.h"
#include "support/memory_store.h"
#include "support/run.h"
#include "support/temporary_directory.h"

namespace sluice::checks {
namespace {

constexpr bool is_sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);

using namespace std::chrono_literals;
using delivery::Verdict;
using jail::Ending;
using How = Ending::How;

TEST(VerdictOfProgram, FollowsFromItsEnd) {
  struct Case {
    Ending ending;
    std::optional<Verdict::Kind> kind;  // None: it says nothing of the file.
    std::string words;
  };
  const std::vector<Case> cases{
      {{How::exited, 0, ""}, Verdict::Kind::take, ""},
      {{How::exited, 0, "fine\n"}, Verdict::Kind::take, ""},
      {{How::exited, 1, "it is odd \r\n\n"}, Verdict::Kind::refuse, "it is odd"},
      {{How::exited, 1, " \n"}, Verdict::Kind::refuse, "the file was refused"},
      {{How::exited, 1, "a\xff"}, Verdict::Kind::refuse, "a\xef\xbf\xbd"},
      {{How::exited, 2, "look at it"}, Verdict::Kind::set_aside, "look at it"},
      {{How::exited, 2, ""}, Verdict::Kind::set_aside, "the program set it aside"},
      {{How::exited, 3, "x"}, std::nullopt, ""},
      {{How::exited, jail::not_jailed, ""}, std::nullopt, ""},
      {{How::exited, jail::not_loaded, ""}, std::nullopt, ""},
      {{How::killed, SIGSEGV, "x"}, Verdict::Kind::set_aside, "the program was ended by signal 11"},
      {{How::late, 0, ""}, Verdict::Kind::set_aside, "the program did not end in time"},
      {{How::wrote_too_much, 0, "x"}, Verdict::Kind::set_aside, "the program wrote too much"},
  };
  for (const Case& c : cases) {
    const Result<Verdict> verdict = verdict_of_program(c.ending);
    ASSERT_EQ(verdict.has_value(), c.kind.has_value()) << c.ending.number;
    if (verdict) {
      EXPECT_EQ(verdict->kind, *c.kind) << c.ending.number;
      EXPECT_EQ(verdict->words, c.words);
    } else {
      EXPECT_EQ(verdict.error().code(), Errc::internal);
    }
  }
}

// A file that is none of this machine.
class RemoteFile final : public runtime::ReadableFile {
 public:
  explicit RemoteFile(std::shared_ptr<runtime::ReadableFile> bytes) : bytes_(std::move(bytes)) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
    return bytes_->read_at(offset, buffer);
  }
  int descriptor() const noexcept override { return -1; }

 private:
  const std::shared_ptr<runtime::ReadableFile> bytes_;
};

// Every blob is one file of the disk.
class FileStore final : public testing::ForwardingStore {
 public:
  FileStore(std::string path, bool is_remote)
      : ForwardingStore(memory_), path_(std::move(path)), is_remote_(is_remote) {}

  runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open_finished(
      std::uint64_t /*upload_id*/, std::uint64_t /*size*/) override {
    Result<std::unique_ptr<runtime::DiskFile>> file =
        disk_.open(path_, runtime::OpenMode::read_only);
    if (!file) {
      co_return fail(file.error());
    }
    std::shared_ptr<runtime::ReadableFile> shared = *std::move(file);
    if (is_remote_) {
      shared = std::make_shared<RemoteFile>(std::move(shared));
    }
    co_return shared;
  }

 private:
  testing::MemoryStore memory_;
  runtime::PosixDisk disk_;
  const std::string path_;
  const bool is_remote_;
};

class FileChecksTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory.path() + "/" + name; }

  std::string script(const std::string& text) {
    const std::string program = path("programs") + "/look";
    ::mkdir(path("programs").c_str(), 0700);
    std::ofstream(program) << "#!/bin/sh\n" << text << "\n";
    ::chmod(program.c_str(), 0700);
    return program;
  }

  Result<Verdict> judge(const std::string& bytes) {
    ::mkdir(path("data").c_str(), 0700);
    std::ofstream(path("data/blob"), std::ios::binary) << bytes;
    handoff.blob_size = bytes.size();
    if (!handoff.is_multichunk) {
      handoff.file_size = bytes.size();
    }
    FileStore store(path("data/blob"), is_remote);
    settings.helper = SLUICE_CHECK_PROGRAM;
    FileChecks checks(store, settings, [this](const std::string& owner) {
      return owner == "ann" ? types_of_ann : model::TypeRules();
    });
    EXPECT_EQ(checks.look_at_files_of(handoff.owner), is_looked_at);
    Result<Verdict> verdict = testing::run(checks.judge(handoff));
    checks.stop();
    return verdict;
  }
  // The words of a refusal; "took it", or what else happened.
  std::string told_of(const std::string& bytes) {
    const Result<Verdict> verdict = judge(bytes);
    if (!verdict) {
      return "error: " + verdict.error().message();
    }
    return (verdict->kind == Verdict::Kind::take        ? "took it"
            : verdict->kind == Verdict::Kind::set_aside ? "aside: "
                                                        : "") +
           verdict->words;
  }

  testing::TemporaryDirectory directory;
  CheckSettings settings;
  model::TypeRules types_of_ann;
  delivery::Handoff handoff;
  bool is_looked_at = true;
  bool is_remote = false;
};

const std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0", 29);

TEST_F(FileChecksTest, KnowsTypesByTheContent) {
  settings.types = {{"image/*"}, {"image/gif"}};
  handoff.file_name = "a.png";
  handoff.content_type = "image/png";
  EXPECT_EQ(told_of(png), "took it");
  EXPECT_EQ(told_of("GIF89a\1\1\1\1"), "files of the type image/gif are not taken");
  EXPECT_EQ(told_of("just words\n"), "files of the type text/plain are not taken");
  EXPECT_EQ(told_of("#!/bin/sh\nrm -rf /\n"), "files of the type text/x-shellscript are not taken");
  EXPECT_EQ(told_of(""), "files of the type application/x-empty are not taken");
  settings.types = {{}, {"application/zip"}};
  EXPECT_EQ(told_of(std::string("PK\3\4\x14\0\0\0\0\0", 10) + std::string(40, '\0')),
            "files of the type application/zip are not taken");
  EXPECT_EQ(told_of(png + std::string(3 * limits::type_bytes_max, 'a')), "took it");
}

TEST_F(FileChecksTest, FilesOfNoDescriptorHaveTypesToo) {
  is_remote = true;
  settings.types = {{"image/png"}, {}};
  handoff.is_multichunk = true;
  handoff.file_size = png.size();
  handoff.extra_files = {{"t", "a.srt", {png.size(), png.size() + 6}}};
  EXPECT_EQ(told_of(png + "words\n"), "files of the type text/plain are not taken");
  handoff.is_multichunk = false;
  handoff.extra_files = {};
  EXPECT_EQ(told_of(png + std::string(3 * limits::type_bytes_max, 'a')), "took it");
  settings.types = {};
  settings.program = script("exit 0");
  EXPECT_EQ(told_of(png), "error: checks.program: it can be given files of this machine alone");
}

TEST_F(FileChecksTest, AnOwnerHasTypesOfItsOwn) {
  types_of_ann = {{"image/*"}, {"image/gif"}};
  handoff.owner = "ann";
  EXPECT_EQ(told_of(png), "took it");
  EXPECT_EQ(told_of("GIF89a\1\1\1\1"), "files of the type image/gif are not taken");
  EXPECT_EQ(told_of("just words\n"), "files of the type text/plain are not taken");
  handoff.owner = "bob";
  is_looked_at = false;
  EXPECT_EQ(told_of("just words\n"), "took it");
  is_looked_at = true;
  settings.types = {{"text/*"}, {"image/png"}};
  EXPECT_EQ(told_of("just words\n"), "took it");
  handoff.owner = "ann";
  EXPECT_EQ(told_of(png), "files of the type image/png are not taken");
  EXPECT_EQ(told_of("just words\n"), "files of the type text/plain are not taken");
}

TEST_F(FileChecksTest, LooksAtEveryFileOfAnUpload) {
  settings.types = {{"image/png"}, {}};
  handoff.is_multichunk = true;
  handoff.file_size = png.size();
  handoff.extra_files = {{"t", "a.srt", {png.size(), png.size() + 6}}};
  EXPECT_EQ(told_of(png + "words\n"), "files of the type text/plain are not taken");
  handoff.extra_files = {{"t", "b.png", {png.size(), 2 * png.size()}}};
  EXPECT_EQ(told_of(png + png), "took it");
  settings.types = {};
  settings.program = script(
      "printf '%s %s+%s ' \"$SLUICE_FILE_NAME\" \"$SLUICE_FILE_BEGIN\" "
      "\"$SLUICE_FILE_SIZE\"; cat; [ \"$SLUICE_FILE_BEGIN\" = 0 ]");
  handoff.file_size = 3;
  handoff.extra_files = {{"t", "b.srt", {3, 6}}};
  EXPECT_EQ(told_of("abcdef"), "b.srt 3+3 def");
}

TEST_F(FileChecksTest, AProgramGetsTheFileAndIsHeard) {
  settings.program = script(
      "case $(cat) in good) exit 0;; odd) echo odd words; exit 2;; "
      "*) echo it is bad; exit 1;; esac");
  EXPECT_EQ(told_of("good"), "took it");
  EXPECT_EQ(told_of("odd"), "aside: odd words");
  EXPECT_EQ(told_of("else"), "it is bad");
  handoff.upload_id = 7;
  handoff.file_name = std::string("a b\0c", 5);
  handoff.content_type = "video/mp4";
  handoff.owner = "ann";
  settings.program = script("env | grep SLUICE | sort | tr '\\n' ' '; exit 1");
  EXPECT_EQ(told_of("abc"),
            "SLUICE_CONTENT_TYPE=video/mp4 SLUICE_FILE_BEGIN=0 SLUICE_FILE_NAME=a b "
            "SLUICE_FILE_SIZE=3 SLUICE_OWNER=ann SLUICE_UPLOAD=7");
}

TEST_F(FileChecksTest, WhatAFileMakesOfAProgramIsForTheOperator) {
  settings.program = script("kill -SEGV $$; exec sleep 1000");
  settings.program_time_max = 300ms;
  EXPECT_EQ(told_of("a"), "aside: the program did not end in time");
  settings.program_time_max = 1min;
  settings.program = script("yes");
  EXPECT_EQ(told_of("a"), "aside: the program wrote too much");
}

TEST_F(FileChecksTest, AProgramHasNoMoreMemoryThanTheSettingsSay) {
  if (is_sanitized) {
    GTEST_SKIP() << "sanitizers map terabytes, so the jail does not bound its memory";
  }
  settings.program_memory_bytes = 64 * limits::MiB;
  settings.program = script(
      "head -c 300000000 /dev/zero | tail -n 1 > /dev/null; "
      "[ $? = 0 ] || { echo no memory; exit 1; }");
  EXPECT_EQ(told_of("a"), "no memory");
}

TEST_F(FileChecksTest, ATroubleOfThisSystemIsNoVerdict) {
  settings.program = script("exit 9");
  EXPECT_EQ(told_of("a"), "error: checks.program: it exited with status 9");
  settings.program = path("none");
  EXPECT_EQ(told_of("a"), "error: checks.program: it exited with status 127");
}

// Each part of the script would print a word if the jail had a hole.
TEST_F(FileChecksTest, AProgramIsKeptFromAllElse) {
  std::ofstream(path("secret")) << "secret words";
  settings.program = script(fmt::format(
      "(cat {0}/secret; ls {0}; echo x > {0}/made && echo made; "
      "echo x > {0}/programs/made && echo made beside; echo x > /tmp/made && echo made elsewhere; "
      "rm -f {0}/secret && echo gone; mv {0}/secret {0}/moved && echo moved; chmod 700 "
      "{0}/programs && echo changed; touch {0}/programs && echo touched; "
      "kill -0 $PPID && echo signalled; "
      "python3 -c 'import socket; socket.socket(); print(1)') 2>/dev/null; echo end; exit 1",
      directory.path()));
  EXPECT_EQ(told_of("a"), "end");
}

TEST_F(FileChecksTest, NothingThatAProgramStartedOutlivesIt) {
  settings.program = script("(sleep 1000; echo late) > /dev/null & echo $!; exit 1");
  const std::string pid = told_of("a");
  ASSERT_GT(std::atoi(pid.c_str()), 1) << pid;
  // A process that was killed ends a moment later.
  pollfd process{static_cast<int>(::syscall(SYS_pidfd_open, std::atoi(pid.c_str()), 0)), POLLIN, 0};
  EXPECT_TRUE(process.fd < 0 || ::poll(&process, 1, 60'000) == 1);
  ::close(process.fd);
}

TEST_F(FileChecksTest, ProgramsAreExpectedWhereTheSettingsNameThem) {
  settings.helper = SLUICE_CHECK_PROGRAM;
  EXPECT_FALSE(settings.are_any());
  EXPECT_TRUE(check_usable(settings) && helper_usable(settings));
  settings.program = path("none");
  EXPECT_TRUE(settings.are_any());
  EXPECT_FALSE(check_usable(settings));
  settings.program = "/bin/true";
  EXPECT_TRUE(check_usable(settings));
  settings.helper = path("none");
  EXPECT_FALSE(check_usable(settings) || helper_usable(settings));
}

}  // namespace
}  // namespace sluice::checks
