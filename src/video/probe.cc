// SPDX-License-Identifier: MIT
#include "video/probe.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "video/probe_protocol.h"
#include "video/recent_chunks.h"

namespace sluice::video {
namespace {

// What the file made of the probe says what the file is.
Result<MediaInfo> understood(const jail::Ending& ending) {
  using How = jail::Ending::How;
  switch (ending.how) {
    case How::late:
      return fail(Errc::unsupported_media_type, "the probe did not answer in time");
    case How::wrote_too_much:
      return fail(Errc::unsupported_media_type, "the probe answered too much");
    case How::asked_wrongly:
      return fail(Errc::unsupported_media_type, "the probe asked for what no file has");
    case How::killed:
      return fail(Errc::unsupported_media_type,
                  fmt::format("the probe was ended by signal {}", ending.number));
    case How::exited:
      break;
  }
  switch (ending.number) {
    case probe_recognised:
      return parse_media_info(ending.output);
    case probe_not_recognised:
      return fail(Errc::unsupported_media_type, "the file was not recognised");
    case jail::not_jailed:
      return fail(Errc::internal, "probe: this system does not let it be confined");
    case jail::not_loaded:
      return fail(Errc::internal, "probe: its libraries cannot be loaded");
    default:
      return fail(Errc::unsupported_media_type,
                  fmt::format("the probe exited with status {}", ending.number));
  }
}

}  // namespace

HelperProber::HelperProber(std::string program, std::vector<std::string> arguments,
                           Duration time_max)
    : program_(std::move(program)), arguments_(std::move(arguments)), time_max_(time_max) {}

Result<MediaInfo> HelperProber::probe(runtime::ReadableFile& file, std::uint64_t size) {
  const Result<jail::Ending> ending = run(file, size);
  if (!ending) {
    return fail(ending.error());
  }
  return understood(*ending);
}

Result<jail::Ending> HelperProber::run(runtime::ReadableFile& file, std::uint64_t size) const {
  jail::Helper helper{.program = program_,
                      .arguments = arguments_,
                      .time_max = time_max_,
                      .output_bytes_max = limits::probe_output_bytes_max};
  if (file.descriptor() >= 0) {
    return jail::run_helper(helper, file.descriptor());
  }
  RecentChunks chunks(file, size);
  helper.arguments.push_back(fmt::format("{}{}", probe_size_flag, size));
  return jail::run_helper(helper,
                          jail::AskedFile{.size = size,
                                          .read_at =
                                              [&chunks](std::uint64_t offset, MutableBytes buffer) {
                                                return chunks.read_at(offset, buffer);
                                              },
                                          .read_time_max = limits::asked_read_time_max});
}

Result<> HelperProber::check() const {
  if (::access(program_.c_str(), X_OK) != 0) {
    return fail(storage_error(errno, "run the probe", program_));
  }
  return {};
}

std::string HelperProber::program_beside_this_one() {
  return jail::beside_this_program("sluice-probe");
}

Result<std::unique_ptr<Prober>> open_prober(const std::string& program) {
  if (program == "off") {
    return std::make_unique<NoProber>();
  }
  if (program.empty() && !HelperProber().check()) {
    return std::make_unique<NoProber>();
  }
  auto prober =
      program.empty() ? std::make_unique<HelperProber>() : std::make_unique<HelperProber>(program);
  if (const Result<> usable = prober->check(); !usable) {
    return fail(usable.error());
  }
  return prober;
}

}  // namespace sluice::video
