// SPDX-License-Identifier: MIT
#include "cli/upload.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "base/encoding.h"
#include "cli/file_upload.h"
#include "cli/piped_input.h"
#include "cli/piped_upload.h"
#include "cli/rate_limit.h"
#include "cli/source_file.h"
#include "cli/stop_signal.h"
#include "cli/upload_state_file.h"
#include "cli/url.h"

namespace sluice::cli {
namespace {

int complain(ExitCode code, const std::string& message) {
  std::fprintf(stderr, "sluice: %s\n", message.c_str());
  return exit_status(code);
}

// A token travels as a bearer (RFC 6750 2.1): a parameter of the URL would stand in logs.
std::string credential_of(const UploadOptions& options) {
  return !options.api_key.empty() ? "X-Api-Key: " + options.api_key
         : !options.token.empty() ? "Authorization: Bearer " + options.token
                                  : std::string();
}

FileUploadOptions file_options(const UploadOptions& options, const std::string& session_url,
                               RateLimit* rate) {
  FileUploadOptions each{.session_url = session_url,
                         .retry = {},
                         .transfer = {.timeouts = options.timeouts,
                                      .ca_file = options.ca_file,
                                      .headers = options.headers,
                                      .origin = shown_origin(session_url),
                                      .rate = rate},
                         .credential = credential_of(options),
                         .form = {},
                         .name = options.name,
                         .content_type = options.content_type,
                         .state_directory = options.keep_state ? upload_state_directory() : "",
                         .connections = options.connections};
  each.retry.piece_bytes = options.piece_bytes;
  each.retry.retries_max = options.retries_max;
  each.retry.handoff_time_max = options.give_up_after;
  for (const auto& [name, value] : options.parameters) {
    each.form += "&" + percent_encode(name) + "=" + percent_encode(value);
  }
  return each;
}

std::string shown_name(const Source& source, const UploadOptions& options) {
  return printable(!options.name.empty()      ? options.name
                   : source.is_standard_input ? std::string(name_of_input)
                   : source.relative_path.empty()
                       ? std::filesystem::path(source.path).filename().string()
                       : source.relative_path);
}

// A file that is not there counts as empty; its upload will say so. nullopt: not known yet.
std::optional<std::uint64_t> size_of(const Source& source) {
  if (source.is_standard_input) {
    return std::nullopt;
  }
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(source.path, error);
  return error ? 0 : size;
}

int list(const std::vector<Source>& sources) {
  std::uint64_t bytes = 0;
  for (const Source& source : sources) {
    const std::optional<std::uint64_t> size = size_of(source);
    bytes += size.value_or(0);
    fmt::print("{:>12}  {}\n", size ? format_bytes(*size) : "?", printable(source.path));
  }
  fmt::print(stderr, "{} {}, {}; nothing was sent\n", sources.size(),
             sources.size() == 1 ? "file" : "files", format_bytes(bytes));
  return exit_status(ExitCode::ok);
}

// The files of one command, by several threads.
class Uploads {
 public:
  Uploads(const UploadOptions& options, const std::string& session_url,
          const std::vector<Source>& sources, Report& report)
      : options_(options),
        rate_(std::max<std::uint64_t>(options.bytes_per_second, 1)),
        each_(file_options(options, session_url, options.bytes_per_second == 0 ? nullptr : &rate_)),
        sources_(sources),
        report_(report),
        codes_(sources.size(), exit_status(ExitCode::ok)) {}

  int run() {
    const auto count = static_cast<unsigned>(
        std::min<std::size_t>(options_.parallel, std::max<std::size_t>(sources_.size(), 1)));
    {
      std::vector<std::jthread> others;
      others.reserve(count);
      for (unsigned i = 1; i < count; ++i) {
        others.emplace_back([this] { work(); });
      }
      work();
    }
    const auto failure = std::ranges::find_if(codes_, [](int code) { return code != 0; });
    return failure == codes_.end() ? exit_status(ExitCode::ok) : *failure;
  }

 private:
  void work() {
    HttpTransfer transfer(each_.transfer, [this] { return stop_.received() != 0; });
    // Without a server, and after a signal, the other files have no better chance.
    while (!has_no_server_ && stop_.received() == 0) {
      const std::size_t index = next_++;
      if (index >= sources_.size()) {
        return;
      }
      codes_[index] = upload(sources_[index], transfer);
      if (codes_[index] == exit_status(ExitCode::gave_up)) {
        has_no_server_ = true;
      }
    }
  }

  int upload(const Source& source, HttpTransfer& transfer) {
    if (source.is_standard_input) {
      return upload_input(source, transfer);
    }
    std::expected<SourceFile, std::string> file = SourceFile::open(source.path);
    const std::unique_ptr<FileReport> report =
        report_.file(shown_name(source, options_), file ? file->identity().size : 0);
    if (!file) {
      report->failed(ExitCode::local_error, file.error());
      return exit_status(ExitCode::local_error);
    }
    return FileUpload(*std::move(file), source.relative_path, each_, transfer, stop_, *report)
        .run();
  }

  int upload_input(const Source& source, HttpTransfer& transfer) {
    const std::unique_ptr<FileReport> report =
        report_.file(shown_name(source, options_), std::nullopt);
    PipedInput input(STDIN_FILENO, std::min(options_.piece_bytes, piped_piece_bytes_max));
    return PipedUpload(input, each_, transfer, stop_, *report).run();
  }

  const UploadOptions& options_;
  RateLimit rate_;
  const FileUploadOptions each_;
  const std::vector<Source>& sources_;
  Report& report_;
  const StopSignal stop_;
  std::vector<int> codes_;  // Each element is written by the thread that took its file.
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> has_no_server_{false};
};

}  // namespace

int upload_main(const UploadOptions& options) {
  const std::optional<std::string> url = session_url(options.server);
  if (!url) {
    return complain(ExitCode::usage, "--to is no http or https URL: " + printable(options.server));
  }
  const auto sources = find_sources(options.files);
  if (!sources) {
    return complain(ExitCode::local_error, sources.error());
  }
  if (!options.name.empty() && sources->size() > 1) {
    return complain(ExitCode::usage,
                    fmt::format("--name is for one file, not for {}", sources->size()));
  }
  if (options.dry_run) {
    return list(*sources);
  }
  if (sources->empty()) {
    return complain(ExitCode::local_error, "there is no file to upload");
  }
  Workload workload{.files = sources->size()};
  for (const Source& source : *sources) {
    const std::optional<std::uint64_t> size = size_of(source);
    workload.bytes = size && workload.bytes ? std::optional(*workload.bytes + *size) : std::nullopt;
  }
  const std::unique_ptr<Report> report = make_report(options.style, workload);
  const int code = Uploads(options, *url, *sources, *report).run();
  report->summary();
  if (code == exit_status(ExitCode::ok) && std::ferror(stdout) != 0) {
    return complain(ExitCode::local_error, "the answer could not be written to standard output");
  }
  return code;
}

}  // namespace sluice::cli
