// SPDX-License-Identifier: MIT
#include "checks/file_checks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/printable.h"
#include "checks/check_protocol.h"

namespace sluice::checks {

using delivery::Handoff;
using Kind = delivery::Verdict::Kind;
using jail::Ending;

namespace {

// A text of a client as the value of a variable: it ends at a NUL.
std::string variable(const char* name, std::string_view value) {
  return fmt::format("{}={}", name, value.substr(0, value.find('\0')));
}

std::unexpected<Error> no_verdict(const char* subject, const Ending& ending) {
  if (ending.how == Ending::How::exited && ending.number == jail::not_jailed) {
    return fail(Errc::internal,
                fmt::format("{}: this system does not let it be confined", subject));
  }
  if (ending.how == Ending::How::exited && ending.number == no_database) {
    return fail(Errc::internal, fmt::format("{}: there is no database of types", subject));
  }
  return fail(Errc::internal, fmt::format("{}: it exited with status {}", subject, ending.number));
}

std::string words_of(const std::string& output, const char* otherwise) {
  std::string words = to_valid_utf8(output.substr(0, limits::failure_bytes_max));
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ' || words.back() == '\r')) {
    words.pop_back();
  }
  return words.empty() ? otherwise : words;
}

// Bytes of a file without a descriptor, for a helper that needs one.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("sluice", MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  Result<> fill(runtime::ReadableFile& from, ByteRange range) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(range.size()));
    const Result<std::size_t> count = from.read_at(range.begin, bytes);
    if (!count) {
      return fail(count.error());
    }
    if (*count != bytes.size()) {
      return fail(Errc::storage_failed, "the file ends too early");
    }
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), 0);
    if (written != static_cast<ssize_t>(bytes.size())) {
      return fail(Errc::internal, "there is no memory for the begin of a file");
    }
    return {};
  }

 private:
  const int descriptor_;
};

Result<> runnable(const std::string& program) {
  if (::access(program.c_str(), X_OK) != 0) {
    return fail(storage_error(errno, "run", program));
  }
  return {};
}

}  // namespace

Result<> check_usable(const CheckSettings& settings) {
  if (settings.types.are_any() || !settings.program.empty()) {
    if (Result<> there = helper_usable(settings); !there) {
      return there;
    }
  }
  return settings.program.empty() ? Result<>() : runnable(settings.program);
}

Result<> helper_usable(const CheckSettings& settings) {
  return runnable(settings.helper);
}

// What the file made of the program, an end by a signal or none in time, is for the operator to
// look at. Another status says nothing of the file.
Result<delivery::Verdict> verdict_of_program(const Ending& ending) {
  switch (ending.how) {
    case Ending::How::late:
      return delivery::Verdict{Kind::set_aside, "the program did not end in time"};
    case Ending::How::killed:
      return delivery::Verdict{Kind::set_aside,
                               fmt::format("the program was ended by signal {}", ending.number)};
    case Ending::How::wrote_too_much:
      return delivery::Verdict{Kind::set_aside, "the program wrote too much"};
    case Ending::How::asked_wrongly:
      return delivery::Verdict{Kind::set_aside, "the program asked for bytes that no file has"};
    case Ending::How::exited:
      break;
  }
  switch (ending.number) {
    case program_takes:
      return delivery::Verdict{};
    case program_refuses:
      return delivery::Verdict{Kind::refuse, words_of(ending.output, "the file was refused")};
    case program_sets_aside:
      return delivery::Verdict{Kind::set_aside,
                               words_of(ending.output, "the program set it aside")};
    default:
      return no_verdict("checks.program", ending);
  }
}

FileChecks::FileChecks(store::Store& store, CheckSettings settings, TypesOf types_of)
    : store_(store),
      settings_(std::move(settings)),
      types_of_(std::move(types_of)),
      work_(settings_.at_once) {}

model::TypeRules FileChecks::types_for(const std::string& owner) const {
  return model::rules_of_owner(settings_.types, types_of_(owner));
}

bool FileChecks::look_at_files_of(const std::string& owner) const {
  return settings_.are_any() || types_of_(owner).are_any();
}

void FileChecks::stop() {
  stopping_ = true;
  work_.stop();
}

runtime::Task<Result<delivery::Verdict>> FileChecks::judge(const Handoff& handoff) {
  const Result<std::shared_ptr<runtime::ReadableFile>> blob =
      co_await store_.open_finished(handoff.upload_id, handoff.blob_size);
  if (!blob) {
    co_return fail(blob.error());
  }
  auto work = [this, &handoff, &blob] { return judge_all(handoff, **blob); };
  co_return co_await work_.run(handoff.owner, std::move(work));
}

FileChecks::Verdict FileChecks::judge_all(const Handoff& handoff, runtime::ReadableFile& blob) {
  Verdict verdict = judge_one({handoff, blob, {0, handoff.file_size}, handoff.file_name});
  for (const model::ExtraFile& extra : handoff.extra_files) {
    if (!verdict || verdict->kind != Kind::take) {
      break;
    }
    verdict = judge_one({handoff, blob, extra.range, extra.file_name});
  }
  return verdict;
}

FileChecks::Verdict FileChecks::judge_one(const Subject& subject) {
  Verdict verdict = delivery::Verdict{};
  const auto ask = [&](bool is_wanted, Verdict (FileChecks::*check)(const Subject&)) {
    if (is_wanted && verdict && verdict->kind == Kind::take) {
      verdict = (this->*check)(subject);
    }
  };
  ask(types_for(subject.handoff.owner).are_any(), &FileChecks::judge_type);
  ask(!settings_.program.empty(), &FileChecks::ask_program);
  ask(settings_.clamd.address.is_set(), &FileChecks::ask_scanner);
  return verdict;
}

FileChecks::Verdict FileChecks::judge_type(const Subject& subject) {
  ByteRange range = subject.range;
  int file = subject.blob.descriptor();
  std::optional<MemoryFile> head;
  if (file < 0) {
    range.end = std::min(range.end, range.begin + limits::type_bytes_max);
    if (const Result<> filled = head.emplace().fill(subject.blob, range); !filled) {
      return fail(filled.error());
    }
    file = head->descriptor();
    range = {0, range.size()};
  }
  const jail::Helper helper{
      .program = settings_.helper,
      .arguments = {type_word, std::to_string(range.begin), std::to_string(range.size())},
      .time_max = limits::check_type_time_max,
      .output_bytes_max = limits::type_text_bytes_max,
      .stopping = &stopping_};
  const Result<Ending> ending = jail::run_helper(helper, file);
  if (!ending) {
    return fail(ending.error());
  }
  const bool is_trouble = ending->how == Ending::How::exited &&
                          (ending->number == jail::not_jailed ||
                           ending->number == jail::not_loaded || ending->number == no_database);
  if (is_trouble) {
    return no_verdict("types", *ending);
  }
  if (ending->how != Ending::How::exited || ending->number != type_told) {
    return delivery::Verdict{Kind::set_aside, "its type could not be found out"};
  }
  const std::string type = ending->output.substr(0, ending->output.find('\n'));
  if (types_for(subject.handoff.owner).take(type)) {
    return delivery::Verdict{};
  }
  return delivery::Verdict{Kind::refuse, "files of the type " + printable(type) + " are not taken"};
}

FileChecks::Verdict FileChecks::ask_program(const Subject& subject) {
  const Handoff& handoff = subject.handoff;
  if (subject.blob.descriptor() < 0) {
    return fail(Errc::internal, "checks.program: it can be given files of this machine alone");
  }
  // The processor's time is a second bound, for each process that the program starts.
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(settings_.program_time_max).count();
  const jail::Helper helper{
      .program = settings_.helper,
      .arguments = {run_word, std::to_string(settings_.program_memory_bytes),
                    std::to_string(seconds), settings_.program},
      .environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8",
                      variable("SLUICE_UPLOAD", std::to_string(handoff.upload_id)),
                      variable("SLUICE_FILE_NAME", subject.name),
                      variable("SLUICE_FILE_BEGIN", std::to_string(subject.range.begin)),
                      variable("SLUICE_FILE_SIZE", std::to_string(subject.range.size())),
                      variable("SLUICE_CONTENT_TYPE", handoff.content_type),
                      variable("SLUICE_OWNER", handoff.owner)},
      .position = subject.range.begin,
      .time_max = settings_.program_time_max,
      .output_bytes_max = limits::probe_output_bytes_max,
      .stopping = &stopping_};
  const Result<Ending> ending = jail::run_helper(helper, subject.blob.descriptor());
  return ending ? verdict_of_program(*ending) : fail(ending.error());
}

FileChecks::Verdict FileChecks::ask_scanner(const Subject& subject) {
  const Result<ClamdReply> reply =
      ask_clamd(settings_.clamd, subject.blob, subject.range, stopping_);
  if (!reply) {
    return fail(reply.error());
  }
  switch (reply->kind) {
    case ClamdReply::Kind::clean:
      return delivery::Verdict{};
    case ClamdReply::Kind::found:
      return delivery::Verdict{settings_.clamd_found,
                               "the scanner found " + printable(reply->signature)};
    case ClamdReply::Kind::too_large:
      return delivery::Verdict{settings_.clamd_too_large,
                               "the file is larger than the scanner takes"};
  }
  return fail(Errc::internal, "no such reply");
}

}  // namespace sluice::checks
