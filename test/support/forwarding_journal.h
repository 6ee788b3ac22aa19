// SPDX-License-Identifier: MIT
// For a test that steps in between an engine and its journal.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/journal.h"

namespace sluice::testing {

// Hands every call to `Derived`, which overrides the calls that it treats in another way:
//   template <class Call>
//   std::invoke_result_t<Call&, journal::Journal&> forward(Call call);
// makes the call with `call(inner)` and returns its result, or an error of its own.
template <class Derived>
class ForwardingJournal : public journal::Journal {
 public:
  runtime::Task<Result<>> commit(std::vector<journal::Change> changes) override {
    return pass(&Journal::commit, std::move(changes));
  }
  runtime::Task<Result<std::uint64_t>> next_upload_id() override {
    return pass(&Journal::next_upload_id);
  }
  runtime::Task<Result<journal::Promises>> promises() override { return pass(&Journal::promises); }
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload(
      std::string token) override {
    return pass(&Journal::find_upload, std::move(token));
  }
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload_by_id(
      std::uint64_t id) override {
    return pass(&Journal::find_upload_by_id, id);
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> undelivered(std::uint64_t after,
                                                                      std::size_t count) override {
    return pass(&Journal::undelivered, after, count);
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> due(Timestamp now,
                                                              journal::ExpiryPosition after,
                                                              std::size_t count) override {
    return pass(&Journal::due, now, after, count);
  }
  runtime::Task<Result<std::vector<journal::Decided>>> decided(journal::Decided after,
                                                               Timestamp until,
                                                               std::size_t count) override {
    return pass(&Journal::decided, after, until, count);
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> leftover_blobs(
      std::uint64_t after, std::size_t count) override {
    return pass(&Journal::leftover_blobs, after, count);
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> unsynced(std::uint64_t after,
                                                                   std::size_t count) override {
    return pass(&Journal::unsynced, after, count);
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> unmade(std::uint64_t after,
                                                                 std::size_t count) override {
    return pass(&Journal::unmade, after, count);
  }
  runtime::Task<Result<std::vector<model::Extent>>> extents(std::uint64_t upload_id,
                                                            std::uint64_t from,
                                                            std::size_t count) override {
    return pass(&Journal::extents, upload_id, from, count);
  }
  runtime::Task<Result<std::map<model::UploadState, std::uint64_t>>> upload_counts() override {
    return pass(&Journal::upload_counts);
  }
  runtime::Task<Result<std::vector<journal::OwnerUsage>>> owners(std::size_t count) override {
    return pass(&Journal::owners, count);
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> list_uploads(
      journal::UploadQuery query) override {
    return pass(&Journal::list_uploads, std::move(query));
  }
  runtime::Task<Result<std::optional<model::VideoRecord>>> find_video(std::string id) override {
    return pass(&Journal::find_video, std::move(id));
  }
  runtime::Task<Result<journal::VideoPage>> list_videos(journal::VideoQuery query) override {
    return pass(&Journal::list_videos, std::move(query));
  }
  runtime::Task<Result<std::vector<model::VideoRecord>>> leftover_videos(
      std::string after, std::size_t count) override {
    return pass(&Journal::leftover_videos, std::move(after), count);
  }
  runtime::Task<Result<std::vector<model::Notification>>> next_notifications(
      std::size_t count) override {
    return pass(&Journal::next_notifications, count);
  }
  runtime::Task<Result<std::vector<std::uint64_t>>> claim(journal::Work work,
                                                          std::vector<std::uint64_t> ids,
                                                          journal::Lease lease) override {
    return pass(&Journal::claim, work, std::move(ids), std::move(lease));
  }
  runtime::Task<Result<>> release(journal::Work work, std::vector<std::uint64_t> ids,
                                  std::string node) override {
    return pass(&Journal::release, work, std::move(ids), std::move(node));
  }

 private:
  friend Derived;
  using Journal = journal::Journal;

  ForwardingJournal() = default;

  template <class Value, class... Arguments>
  runtime::Task<Result<Value>> pass(runtime::Task<Result<Value>> (Journal::*function)(Arguments...),
                                    Arguments... arguments) {
    return static_cast<Derived&>(*this).forward(
        [function, ... arguments = std::move(arguments)](Journal& inner) mutable {
          return (inner.*function)(std::move(arguments)...);
        });
  }
};

}  // namespace sluice::testing
