// SPDX-License-Identifier: MIT
#include "object_storage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "outgoing/http_client.h"
#include "outgoing/target.h"
#include "runtime/blocking_pool.h"
#include "runtime/worker.h"
#include "s3/access_keys.h"
#include "store/objects/object_references.h"
#include "store/objects/ownership.h"

namespace sluice {
namespace {

std::optional<std::string> find_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<s3::AccessKeys> read_keys(const std::string& path) {
  if (path.empty()) {
    return s3::access_keys_of_environment(find_variable);
  }
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) {
    return fail(Errc::bad_request, path + ": cannot be read");
  }
  Result<s3::AccessKeys> keys = s3::parse_access_keys(text);
  return keys ? std::move(keys) : fail(Errc::bad_request, path + ": " + keys.error().message());
}

template <class T>
runtime::Task<> keep(runtime::Task<T> task, std::optional<T>* result) {
  result->emplace(co_await std::move(task));
}

// Blocks.
template <class T>
T wait_for(const runtime::Executor& executor, Log& log, const char* name, runtime::Task<T> task) {
  std::optional<T> result;
  runtime::run_and_wait(executor, log, name, keep(std::move(task), &result));
  return *std::move(result);
}

// With a slash at its end, where there is one.
std::string folder_of(const s3::BucketUrl& url) {
  return url.prefix.empty() ? url.prefix : url.prefix + "/";
}

// Reads the keys.
Result<s3::ClientSettings> s3_settings(const config::Config& config, const s3::BucketUrl& url) {
  const std::string endpoint = config.s3.endpoint.empty()
                                   ? fmt::format("https://s3.{}.amazonaws.com", config.s3.region)
                                   : config.s3.endpoint;
  Result<outgoing::Target> target = outgoing::parse_target(endpoint);
  if (!target) {
    return fail(target.error());
  }
  Result<s3::AccessKeys> keys = read_keys(config.s3.credentials_file);
  if (!keys) {
    return fail(keys.error());
  }
  return s3::ClientSettings{.endpoint = *std::move(target),
                            .ca_file = config.s3.ca_file,
                            .bucket = url.bucket,
                            .key = {.access_key = std::move(keys->access_key),
                                    .secret_key = std::move(keys->secret_key),
                                    .session_token = std::move(keys->session_token),
                                    .region = config.s3.region}};
}

s3::ClientSettings with_bucket(s3::ClientSettings settings, const std::string& bucket) {
  settings.bucket = bucket;
  return settings;
}

}  // namespace

Result<std::unique_ptr<OfflineBucket>> OfflineBucket::open(const config::Config& config) {
  Result<s3::BucketUrl> url = s3::parse_bucket_url(config.store.url);
  if (!url) {
    return fail(url.error());
  }
  Result<s3::ClientSettings> settings = s3_settings(config, *url);
  if (!settings) {
    return fail(settings.error());
  }
  return std::unique_ptr<OfflineBucket>(new OfflineBucket(*std::move(url), *std::move(settings)));
}

s3::ProbeReport OfflineBucket::probe() {
  NullLog log;
  runtime::Worker worker("probe", log);
  return wait_for(worker.executor(), log, "s3 probe", s3::probe(client_, folder_of(url_)));
}

Result<std::unique_ptr<ObjectStorage>> ObjectStorage::open(const config::Config& config,
                                                           Parts parts) {
  Result<s3::BucketUrl> url = s3::parse_bucket_url(config.store.url);
  if (!url) {
    return fail(url.error());
  }
  s3::BucketUrl copy_to;
  if (!config.backend.copy_to.empty()) {
    Result<s3::BucketUrl> theirs = s3::parse_bucket_url(config.backend.copy_to);
    if (!theirs) {
      return fail(theirs.error());
    }
    copy_to = *std::move(theirs);
  }
  const Result<s3::ClientSettings> settings = s3_settings(config, *url);
  if (!settings) {
    return fail(settings.error());
  }
  return std::unique_ptr<ObjectStorage>(
      new ObjectStorage(config, *settings, *std::move(url), std::move(copy_to), std::move(parts)));
}

ObjectStorage::ObjectStorage(const config::Config& config, const s3::ClientSettings& settings,
                             s3::BucketUrl url, s3::BucketUrl copy_to, Parts parts)
    : url_(std::move(url)),
      copy_to_(std::move(copy_to)),
      log_(parts.log),
      executor_(parts.executor),
      sender_(parts.sender, limits::s3_requests_max),
      client_(sender_, parts.clock, settings),
      copies_(sender_, parts.clock, with_bucket(settings, copy_to_.bucket)),
      scratch_(parts.disk, std::move(parts.scratch_directory), config.s3.scratch),
      replace_(std::move(parts.replace)),
      store_({.objects = client_,
              .find = std::move(parts.find),
              .scratch = scratch_,
              .pool = parts.pool,
              .buffers = parts.buffers,
              .executor = executor_,
              .log = parts.log,
              .metrics = parts.metrics,
              .replace = replace_},
             url_.prefix),
      files_(store_.tools(), executor_) {}

std::unique_ptr<store::References> ObjectStorage::references() {
  if (copy_to_.bucket.empty()) {
    return std::make_unique<store::objects::ObjectReferences>(
        *merger_, store::objects::Bucket{client_, url_.bucket});
  }
  return std::make_unique<store::objects::CopiedReferences>(
      *merger_, url_.bucket, store::objects::Bucket{copies_, copy_to_.bucket}, folder_of(copy_to_));
}

Result<> ObjectStorage::take(const std::string& identity, bool journal_is_empty) {
  if (const auto file = scratch_.open(); !file) {
    return fail(file.error());
  }
  const s3::ProbeReport report =
      wait_for(executor_, log_, "s3 probe", s3::probe(client_, folder_of(url_)));
  for (const std::string& warning : report.warnings) {
    log_.warn("the object store", {{"warning", warning}});
  }
  if (!report.refusals.empty()) {
    return fail(Errc::unavailable, fmt::format("store.url: {}", fmt::join(report.refusals, "; ")));
  }
  merger_.emplace(store_.tools(), replace_,
                  report.copies_parts ? s3::Copying::by_store : s3::Copying::streamed);
  store_.tools().merger = &*merger_;
  return wait_for(executor_, log_, "s3 ownership",
                  store::objects::take_ownership(client_, url_.prefix, identity, journal_is_empty));
}

}  // namespace sluice
