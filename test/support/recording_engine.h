// SPDX-License-Identifier: MIT
// Passes every command on to an engine and records it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "upload/engine.h"
#include "upload/upload_engine.h"

namespace sluice::testing {

class RecordingEngine final : public upload::Engine {
 public:
  // The engine behind the pointer may be replaced between calls.
  explicit RecordingEngine(const std::unique_ptr<upload::UploadEngine>& engine) : engine_(engine) {}

  runtime::Task<Result<upload::SnapshotPtr>> create(upload::NewUpload request) override {
    created.push_back(request);
    return engine_->create(std::move(request));
  }
  runtime::Task<Result<upload::SnapshotPtr>> status(std::string token) override {
    ++calls;
    return engine_->status(std::move(token));
  }
  runtime::Task<Result<upload::SnapshotPtr>> declare_size(std::string token,
                                                          std::uint64_t file_size) override {
    ++calls;
    return engine_->declare_size(std::move(token), file_size);
  }
  runtime::Task<Result<upload::SnapshotPtr>> peek(std::string token) override {
    ++calls;
    return engine_->peek(std::move(token));
  }
  runtime::Task<Result<upload::Label>> label_of(std::string token) override {
    return engine_->label_of(std::move(token));
  }
  runtime::Task<Result<upload::SnapshotPtr>> append(const std::string& token, upload::Piece piece,
                                                    runtime::ByteSource& body) override {
    ++calls;
    pieces.push_back(piece);
    return engine_->append(token, piece, body);
  }
  runtime::Task<Result<upload::SnapshotPtr>> wait_for_made(std::string token) override {
    ++calls;
    return engine_->wait_for_made(std::move(token));
  }
  runtime::Task<Result<upload::SnapshotPtr>> take_file(upload::NewUpload outline,
                                                       runtime::ByteSource& body,
                                                       upload::FileIdentity& identity) override {
    ++calls;
    outlines.push_back(outline);
    if (before_file) {
      before_file();
    }
    Identity recorded(identity, created);
    co_return co_await engine_->take_file(std::move(outline), body, recorded);
  }
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open_answer(
      std::uint64_t upload_id, const model::Answer& answer) override {
    return engine_->open_answer(upload_id, answer);
  }
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open_file(std::string token,
                                                                        ByteRange range) override {
    return engine_->open_file(std::move(token), range);
  }
  runtime::Task<Result<>> abort(std::string token) override {
    ++calls;
    aborted.push_back(token);
    return engine_->abort(std::move(token));
  }

  std::vector<upload::NewUpload> created;
  std::vector<upload::NewUpload> outlines;  // Of files that came without a session.
  std::vector<upload::Piece> pieces;
  std::vector<std::string> aborted;
  std::function<void()> before_file;  // Called when a file comes without a session.
  int calls = 0;                      // Of any command but create.

 private:
  class Identity final : public upload::FileIdentity {
   public:
    Identity(upload::FileIdentity& identity, std::vector<upload::NewUpload>& created)
        : identity_(identity), created_(created) {}

    void numbered(std::uint64_t upload_id) override { identity_.numbered(upload_id); }
    runtime::Task<Result<upload::NewUpload>> identify(std::uint64_t file_size) override {
      Result<upload::NewUpload> told = co_await identity_.identify(file_size);
      if (told) {
        created_.push_back(*told);
      }
      co_return told;
    }

   private:
    upload::FileIdentity& identity_;
    std::vector<upload::NewUpload>& created_;
  };

  const std::unique_ptr<upload::UploadEngine>& engine_;
};

}  // namespace sluice::testing
