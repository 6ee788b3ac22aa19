// SPDX-License-Identifier: MIT
#include "cli/upload.h"

#include <fmt/format.h>

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

FileUploadOptions file_options(const UploadOptions& options, const std::string& session_url) {
  FileUploadOptions each{.session_url = session_url,
                         .retry = {},
                         .credential = credential_of(options),
                         .form = {},
                         .content_type = options.content_type,
                         .state_directory = options.keep_state ? upload_state_directory() : ""};
  each.retry.piece_bytes = options.piece_bytes;
  each.retry.retries_max = options.retries_max;
  each.retry.handoff_time_max = options.give_up_after;
  for (const auto& [name, value] : options.parameters) {
    each.form += "&" + percent_encode(name) + "=" + percent_encode(value);
  }
  return each;
}

std::string shown_name(const Source& source) {
  return printable(source.relative_path.empty()
                       ? std::filesystem::path(source.path).filename().string()
                       : source.relative_path);
}

// A file that is not there counts as empty; its upload will say so.
std::uint64_t size_of(const Source& source) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(source.path, error);
  return error ? 0 : size;
}

int list(const std::vector<Source>& sources) {
  std::uint64_t bytes = 0;
  for (const Source& source : sources) {
    const std::uint64_t size = size_of(source);
    bytes += size;
    fmt::print("{:>12}  {}\n", format_bytes(size), printable(source.path));
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
        each_(file_options(options, session_url)),
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
        others.emplace_back([this, count] { work(count); });
      }
      work(count);
    }
    const auto failure = std::ranges::find_if(codes_, [](int code) { return code != 0; });
    return failure == codes_.end() ? exit_status(ExitCode::ok) : *failure;
  }

 private:
  void work(unsigned threads) {
    TransferOptions transfer_options{
        .timeouts = options_.timeouts,
        .ca_file = options_.ca_file,
        .headers = options_.headers,
        .origin = shown_origin(each_.session_url),
        .bytes_per_second = options_.bytes_per_second == 0
                                ? 0
                                : std::max<std::uint64_t>(options_.bytes_per_second / threads, 1)};
    HttpTransfer transfer(std::move(transfer_options), [this] { return stop_.received() != 0; });
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
    std::expected<SourceFile, std::string> file = SourceFile::open(source.path);
    const std::unique_ptr<FileReport> report =
        report_.file(shown_name(source), file ? file->identity().size : 0);
    if (!file) {
      report->failed(ExitCode::local_error, file.error());
      return exit_status(ExitCode::local_error);
    }
    return FileUpload(*std::move(file), source.relative_path, each_, transfer, stop_, *report)
        .run();
  }

  const UploadOptions& options_;
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
  if (options.dry_run) {
    return list(*sources);
  }
  if (sources->empty()) {
    return complain(ExitCode::local_error, "there is no file to upload");
  }
  Workload workload{.files = sources->size()};
  for (const Source& source : *sources) {
    workload.bytes += size_of(source);
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
