// SPDX-License-Identifier: MIT
// For who wants to step in between an engine and its journal: forwards every call.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/journal.h"

namespace sluice::testing {

class ForwardingJournal : public journal::Journal {
 public:
  // `inner` outlives this.
  explicit ForwardingJournal(journal::Journal& inner) : inner_(inner) {}

  runtime::Task<Result<>> commit(std::vector<journal::Change> changes) override {
    return forward<void>([changes = std::move(changes)](auto& inner) mutable {
      return inner.commit(std::move(changes));
    });
  }
  runtime::Task<Result<std::uint64_t>> next_upload_id() override {
    return forward<std::uint64_t>([](auto& inner) { return inner.next_upload_id(); });
  }
  runtime::Task<Result<journal::Promises>> promises() override {
    return forward<journal::Promises>([](auto& inner) { return inner.promises(); });
  }
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload(
      std::string token) override {
    return forward<std::optional<model::UploadRecord>>(
        [token = std::move(token)](auto& inner) { return inner.find_upload(token); });
  }
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload_by_id(
      std::uint64_t id) override {
    return forward<std::optional<model::UploadRecord>>(
        [id](auto& inner) { return inner.find_upload_by_id(id); });
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> undelivered(std::uint64_t after,
                                                                      std::size_t count) override {
    return forward<std::vector<model::UploadRecord>>(
        [after, count](auto& inner) { return inner.undelivered(after, count); });
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> due(Timestamp now,
                                                              journal::ExpiryPosition after,
                                                              std::size_t count) override {
    return forward<std::vector<model::UploadRecord>>(
        [now, after, count](auto& inner) { return inner.due(now, after, count); });
  }
  runtime::Task<Result<std::vector<journal::Decided>>> decided(journal::Decided after,
                                                               Timestamp until,
                                                               std::size_t count) override {
    return forward<std::vector<journal::Decided>>(
        [after, until, count](auto& inner) { return inner.decided(after, until, count); });
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> leftover_blobs(
      std::uint64_t after, std::size_t count) override {
    return forward<std::vector<model::UploadRecord>>(
        [after, count](auto& inner) { return inner.leftover_blobs(after, count); });
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> unsynced(std::uint64_t after,
                                                                   std::size_t count) override {
    return forward<std::vector<model::UploadRecord>>(
        [after, count](auto& inner) { return inner.unsynced(after, count); });
  }
  runtime::Task<Result<std::map<model::UploadState, std::uint64_t>>> upload_counts() override {
    return forward<std::map<model::UploadState, std::uint64_t>>(
        [](auto& inner) { return inner.upload_counts(); });
  }
  runtime::Task<Result<std::vector<model::UploadRecord>>> list_uploads(
      journal::UploadQuery query) override {
    return forward<std::vector<model::UploadRecord>>(
        [query = std::move(query)](auto& inner) { return inner.list_uploads(query); });
  }
  runtime::Task<Result<std::optional<model::VideoRecord>>> find_video(std::string id) override {
    return forward<std::optional<model::VideoRecord>>(
        [id = std::move(id)](auto& inner) { return inner.find_video(id); });
  }
  runtime::Task<Result<journal::VideoPage>> list_videos(journal::VideoQuery query) override {
    return forward<journal::VideoPage>(
        [query = std::move(query)](auto& inner) { return inner.list_videos(query); });
  }
  runtime::Task<Result<std::vector<model::VideoRecord>>> leftover_videos(
      std::string after, std::size_t count) override {
    return forward<std::vector<model::VideoRecord>>([after = std::move(after), count](auto& inner) {
      return inner.leftover_videos(after, count);
    });
  }
  runtime::Task<Result<std::vector<model::Notification>>> next_notifications(
      std::size_t count) override {
    return forward<std::vector<model::Notification>>(
        [count](auto& inner) { return inner.next_notifications(count); });
  }
  runtime::Task<Result<std::vector<std::uint64_t>>> claim(journal::Work work,
                                                          std::vector<std::uint64_t> ids,
                                                          journal::Lease lease) override {
    return forward<std::vector<std::uint64_t>>(
        [work, ids = std::move(ids), lease = std::move(lease)](auto& inner) {
          return inner.claim(work, ids, lease);
        });
  }
  runtime::Task<Result<>> release(journal::Work work, std::vector<std::uint64_t> ids,
                                  std::string node) override {
    return forward<void>([work, ids = std::move(ids), node = std::move(node)](auto& inner) {
      return inner.release(work, ids, node);
    });
  }
  bool is_shared() const noexcept override { return inner_.is_shared(); }
  bool healthy() const noexcept override { return inner_.healthy(); }

 protected:
  // Comes before each of these calls that may wait. An error is that of the call.
  virtual runtime::Task<Result<>> before_call() { co_return Result<>(); }

 private:
  template <class Value, class Call>
  runtime::Task<Result<Value>> forward(Call call) {
    if (const Result<> allowed = co_await before_call(); !allowed) {
      co_return fail(allowed.error());
    }
    co_return co_await call(inner_);
  }

  journal::Journal& inner_;
};

}  // namespace sluice::testing
