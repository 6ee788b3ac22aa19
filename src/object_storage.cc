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
Result<s3::ClientSettings> s3_settings(const config::Config& config, const s3::BucketUrl& url,
                                       RequestFigures* figures) {
  const std::string endpoint = config.s3.endpoint.empty()
                                   ? fmt::format("https://s3.{}.amazonaws.com", config.s3.region)
                                   : config.s3.endpoint;
  Result<outgoing::Target> target = outgoing::parse_target(endpoint);
  if (!target) {
    return fail(target.error());
  }
  Result<s3::SigningKey> key = read_signing_key(config.s3);
  if (!key) {
    return fail(key.error());
  }
  return s3::ClientSettings{.endpoint = *std::move(target),
                            .ca_file = config.s3.ca_file,
                            .bucket = url.bucket,
                            .key = *std::move(key),
                            .figures = figures};
}

s3::ClientSettings with_bucket(s3::ClientSettings settings, const std::string& bucket) {
  settings.bucket = bucket;
  return settings;
}

struct Places {
  s3::BucketUrl own;
  s3::BucketUrl copies;  // Without a bucket: nowhere.
};

Result<Places> places_of(const config::Config& config) {
  Result<s3::BucketUrl> own = s3::parse_bucket_url(config.store.url);
  if (!own) {
    return fail(own.error());
  }
  if (config.backend.copy_to.empty()) {
    return Places{*std::move(own), {}};
  }
  Result<s3::BucketUrl> copies = s3::parse_bucket_url(config.backend.copy_to);
  if (!copies) {
    return fail(copies.error());
  }
  return Places{*std::move(own), *std::move(copies)};
}

// Blocks.
Result<> ask_for_copies(s3::ObjectStore& objects, const s3::BucketUrl& copy_to,
                        const runtime::Executor& executor, Log& log) {
  if (copy_to.bucket.empty()) {
    return {};
  }
  const Result<> asked =
      wait_for(executor, log, "s3 probe", s3::probe_place(objects, folder_of(copy_to)));
  return asked ? asked : fail(asked.error().code(), "backend.copy_to: " + asked.error().message());
}

}  // namespace

Result<s3::SigningKey> read_signing_key(const config::Config::S3& settings) {
  Result<s3::AccessKeys> keys = read_keys(settings.credentials_file);
  if (!keys) {
    return fail(keys.error());
  }
  return s3::SigningKey{.access_key = std::move(keys->access_key),
                        .secret_key = std::move(keys->secret_key),
                        .session_token = std::move(keys->session_token),
                        .region = settings.region};
}

Result<std::unique_ptr<OfflineBucket>> OfflineBucket::open(const config::Config& config) {
  Result<Places> places = places_of(config);
  if (!places) {
    return fail(places.error());
  }
  Result<s3::ClientSettings> settings = s3_settings(config, places->own, nullptr);
  if (!settings) {
    return fail(settings.error());
  }
  return std::unique_ptr<OfflineBucket>(
      new OfflineBucket(std::move(places->own), std::move(places->copies), *settings));
}

OfflineBucket::OfflineBucket(s3::BucketUrl url, s3::BucketUrl copy_to,
                             const s3::ClientSettings& settings)
    : url_(std::move(url)),
      copy_to_(std::move(copy_to)),
      client_(http_, clock_, settings),
      copies_(http_, clock_, with_bucket(settings, copy_to_.bucket)) {}

s3::ProbeReport OfflineBucket::probe() {
  NullLog log;
  runtime::Worker worker("probe", log);
  s3::ProbeReport report =
      wait_for(worker.executor(), log, "s3 probe", s3::probe(client_, folder_of(url_)));
  if (const Result<> asked = ask_for_copies(copies_, copy_to_, worker.executor(), log); !asked) {
    report.refusals.push_back(asked.error().message());
  }
  return report;
}

Result<std::unique_ptr<ObjectStorage>> ObjectStorage::open(const config::Config& config,
                                                           Parts parts) {
  Result<Places> places = places_of(config);
  if (!places) {
    return fail(places.error());
  }
  const Result<s3::ClientSettings> settings =
      s3_settings(config, places->own, &parts.metrics.object_requests);
  if (!settings) {
    return fail(settings.error());
  }
  return std::unique_ptr<ObjectStorage>(new ObjectStorage(
      config, *settings, std::move(places->own), std::move(places->copies), std::move(parts)));
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
      scratch_(parts.disk, std::move(parts.scratch_directory), config.s3.scratch,
               &parts.metrics.scratch_bytes),
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

void ObjectStorage::change_key(const s3::SigningKey& key) {
  client_.change_key(key);
  copies_.change_key(key);
}

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
  if (const Result<> asked = ask_for_copies(copies_, copy_to_, executor_, log_); !asked) {
    return asked;
  }
  merger_.emplace(store_.tools(), replace_,
                  report.copies_parts ? s3::Copying::by_store : s3::Copying::streamed);
  store_.tools().merger = &*merger_;
  return wait_for(executor_, log_, "s3 ownership",
                  store::objects::take_ownership(client_, url_.prefix, identity, journal_is_empty));
}

}  // namespace sluice
