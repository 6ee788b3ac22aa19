// SPDX-License-Identifier: MIT
// The engine as the dialects of a simulated server see it: with an ear for errors that no client is
// to hear of and, on request, with a defect that the simulation has to find.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/range_set.h"
#include "simulation/seams.h"
#include "upload/engine.h"

namespace sluice::simulation {

class EngineSeam final : public upload::Engine {
 public:
  using Found = Result<upload::SnapshotPtr>;

  // `hear`: is told of every error of an upload's. All of it outlives the seam.
  EngineSeam(upload::Engine& engine, StoreSeam& store, Defect defect,
             std::function<void(const std::string& token, const Error& error)> hear)
      : engine_(engine), store_(store), defect_(defect), hear_(std::move(hear)) {}

  runtime::Task<Found> create(upload::NewUpload request) override {
    return engine_.create(std::move(request));
  }
  runtime::Task<Found> status(std::string token) override {
    return seen(token, engine_.status(token));
  }
  runtime::Task<Found> declare_size(std::string token, std::uint64_t file_size) override {
    return seen(token, engine_.declare_size(token, file_size));
  }
  // What progress is told by while the bytes come.
  runtime::Task<Found> peek(std::string token) override;
  runtime::Task<Result<upload::Label>> label_of(std::string token) override {
    return engine_.label_of(std::move(token));
  }
  runtime::Task<Found> append(const std::string& token, upload::Piece piece,
                              runtime::ByteSource& body) override {
    return seen(token, engine_.append(token, piece, body));
  }
  runtime::Task<Found> wait_for_made(std::string token) override {
    return seen(token, engine_.wait_for_made(token));
  }
  runtime::Task<Found> take_file(upload::NewUpload outline, runtime::ByteSource& body,
                                 upload::FileIdentity& identity) override {
    return engine_.take_file(std::move(outline), body, identity);
  }
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open_answer(
      std::uint64_t upload_id, const model::Answer& answer) override {
    return engine_.open_answer(upload_id, answer);
  }
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open_file(std::string token,
                                                                        ByteRange range) override {
    return engine_.open_file(std::move(token), range);
  }
  runtime::Task<Result<>> abort(std::string token) override {
    return engine_.abort(std::move(token));
  }

 private:
  runtime::Task<Found> seen(std::string token, runtime::Task<Found> command);
  void spoil(upload::Snapshot& snapshot);
  void name_unsynced(upload::Snapshot& snapshot);

  upload::Engine& engine_;
  StoreSeam& store_;
  const Defect defect_;
  const std::function<void(const std::string& token, const Error& error)> hear_;
  int answers_told_ = 0;
};

}  // namespace sluice::simulation
