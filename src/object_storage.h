// SPDX-License-Identifier: MIT
// Where the settings say so: the bytes of uploads in an object store, with all that the store of
// the server is made of.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "outgoing/bounded_sender.h"
#include "outgoing/http_client.h"
#include "runtime/blocking_pool.h"
#include "runtime/task.h"
#include "s3/bucket_url.h"
#include "s3/client.h"
#include "s3/probe.h"
#include "store/objects/exchange_extents.h"
#include "store/objects/extent_store.h"
#include "store/objects/merger.h"
#include "store/objects/object_files.h"
#include "store/objects/scratch.h"
#include "store/references.h"

namespace sluice {

// The bucket that the settings name, for a program that is no server.
class OfflineBucket {
 public:
  // Reads the keys.
  static Result<std::unique_ptr<OfflineBucket>> open(const config::Config& config);

  s3::ObjectStore& objects() noexcept { return client_; }
  const std::string& prefix() const noexcept { return url_.prefix; }
  // Blocks, on threads of its own. Of backend.copy_to, too, where it is set.
  s3::ProbeReport probe();

 private:
  OfflineBucket(s3::BucketUrl url, s3::BucketUrl copy_to, const s3::ClientSettings& settings);

  const s3::BucketUrl url_;
  const s3::BucketUrl copy_to_;  // Without a bucket: nowhere.
  const SystemClock clock_;
  runtime::BlockingPool pool_{1};
  outgoing::HttpClient http_{pool_};
  s3::Client client_;
  s3::Client copies_;  // To the bucket of the copies.
};

// Reads the file of keys that the settings name, or the variables of the environment.
Result<s3::SigningKey> read_signing_key(const config::Config::S3& settings);

class ObjectStorage {
 public:
  // All of them outlive it.
  struct Parts {
    outgoing::Sender& sender;
    const Clock& clock;
    store::objects::FindExtents find;
    store::objects::ReplaceExtents replace;
    runtime::Disk& disk;
    std::string scratch_directory;
    runtime::BlockingPool& pool;
    runtime::BufferPool& buffers;
    runtime::Executor executor;  // Of a worker.
    Log& log;
    Metrics& metrics;
  };

  static Result<std::unique_ptr<ObjectStorage>> open(const config::Config& config, Parts parts);

  // Blocks. Whether scratch files can be made, the object store keeps what the server relies on,
  // takes copies where backend.copy_to says, and the prefix is that of the journal, which is named
  // by `identity`. An error, in words for the operator, where it is not. What is only worth knowing
  // goes to the log.
  Result<> take(const std::string& identity, bool journal_is_empty);

  store::Store& store() noexcept { return store_; }
  // What is kept of uploads that are over. Outlived by this.
  store::NamedFiles& files() noexcept { return files_; }
  // Any thread. For every request from now on.
  void change_key(const s3::SigningKey& key);
  // As backend.copy_to says. After take(); outlived by this.
  std::unique_ptr<store::References> references();
  // As ExtentStore::stop().
  void stop() noexcept { store_.stop(); }
  // On a worker. False: objects are still being written after `timeout`.
  runtime::Task<bool> drain(Duration timeout) { return store_.drain(timeout); }

 private:
  ObjectStorage(const config::Config& config, const s3::ClientSettings& settings, s3::BucketUrl url,
                s3::BucketUrl copy_to, Parts parts);

  const s3::BucketUrl url_;
  const s3::BucketUrl copy_to_;  // Without a bucket: nowhere.
  Log& log_;
  const runtime::Executor executor_;
  outgoing::BoundedSender sender_;
  s3::Client client_;
  s3::Client copies_;  // To the bucket of the copies.
  store::objects::Scratch scratch_;
  const store::objects::ReplaceExtents replace_;
  store::objects::ExtentStore store_;
  store::objects::ObjectFiles files_;
  std::optional<store::objects::Merger> merger_;
};

}  // namespace sluice
