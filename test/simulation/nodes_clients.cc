// SPDX-License-Identifier: MIT
// The clients of several nodes, and the answers that they may get.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "simulation/nodes_world.h"

namespace sluice::simulation {

using runtime::Task;

namespace {

constexpr std::uint64_t node_file_size_max = 3000;

// Differs in each byte; has none that is 0.
std::string other_than(std::string bytes) {
  for (char& byte : bytes) {
    byte = static_cast<char>(static_cast<unsigned char>(byte) % 255 + 1);
  }
  return bytes;
}

class Identity final : public upload::FileIdentity {
 public:
  explicit Identity(bool refuses) : refuses_(refuses) {}

  Task<Result<upload::NewUpload>> identify(std::uint64_t file_size) override {
    if (refuses_) {
      co_return fail(Errc::not_authorized, "planted refusal");
    }
    co_return upload::NewUpload{file_size, "file.mp4", "video/mp4", "{}"};
  }

 private:
  const bool refuses_;
};

}  // namespace

Task<> NodesWorld::create(Node& node) {
  const std::string source = dice_.bytes(dice_.between(1, node_file_size_max));
  upload::NewUpload request{source.size(), "file.mp4", "video/mp4", "{}"};
  const Result<upload::SnapshotPtr> created = co_await node.engine().create(std::move(request));
  if (node.gate().is_alive() && created) {
    know(**created, source);
  }
}

Task<> NodesWorld::take_file(Node& node) {
  const std::string source = dice_.bytes(dice_.between(1, node_file_size_max));
  const auto ending = dice_.chance(0.8) ? ClientSource::Ending::end : ClientSource::Ending::lost;
  ClientSource body(source, ending, std::nullopt, dice_);
  sources_.push_back({&body, &node});
  Identity identity(dice_.chance(0.2));
  const auto taken = co_await node.engine().take_file({}, body, identity);
  std::erase_if(sources_, [&](const Request& request) { return request.source == &body; });
  if (!node.gate().is_alive() || !taken) {
    co_return;
  }
  ++tally_.files_taken;
  know(**taken, source);
  confirm(uploads_.at((*taken)->id), 0, source);
}

void NodesWorld::know(const upload::Snapshot& snapshot, const std::string& source) {
  Known known;
  known.id = snapshot.id;
  known.token = snapshot.token;
  known.source = source;
  known.others = other_than(source);
  known.confirmed = known.stored = std::string(source.size(), '\0');
  known.may_be_gone = expires_;
  if (!uploads_.emplace(known.id, std::move(known)).second) {
    shared_.violate("two uploads have one number");
  }
}

Task<> NodesWorld::append(Node& node, Piece piece) {
  Known& upload = uploads_.at(piece.upload_id);
  upload.is_mixed = upload.is_mixed || piece.is_of_others;
  const Known before = upload;
  const ByteRange range = piece.range;
  const std::string bytes =
      (piece.is_of_others ? upload.others : upload.source).substr(range.begin, range.size());
  const bool is_whole = piece.ending == ClientSource::Ending::end;
  const std::uint64_t sent = is_whole ? bytes.size() : dice_.below(bytes.size() + 1);
  ClientSource body(bytes.substr(0, sent), piece.ending, bytes.size(), dice_);
  sources_.push_back({&body, &node});
  const upload::Range wanted{range.begin, range.end};
  const Result<upload::SnapshotPtr> result =
      co_await node.engine().append(before.token, wanted, body);
  std::erase_if(sources_, [&](const Request& request) { return request.source == &body; });
  if (!node.gate().is_alive()) {
    co_return;
  }
  if (!result) {
    hear_error(before, upload, result.error());
    co_return;
  }
  hear(upload, before, **result);
  if ((*result)->state == model::UploadState::receiving) {
    confirm(upload, range.begin, bytes);
  }
}

Task<> NodesWorld::status(Node& node, Known& upload) {
  const Known before = upload;
  const Result<upload::SnapshotPtr> result = co_await node.engine().status(before.token);
  if (!node.gate().is_alive()) {
    co_return;
  }
  if (result) {
    hear(upload, before, **result);
  } else {
    hear_error(before, upload, result.error());
  }
}

Task<> NodesWorld::abort(Node& node, Known& upload) {
  upload.may_be_gone = true;
  (void)co_await node.engine().abort(upload.token);
}

Task<> NodesWorld::reap(Node& node) {
  (void)co_await node.engine().reaper().reap();
}

void NodesWorld::hear(Known& upload, const Known& before, const upload::Snapshot& snapshot) {
  if (snapshot.acknowledged < before.acknowledged) {
    shared_.violate(fmt::format("of upload {} {} bytes were acknowledged, and then only {}",
                                upload.id, before.acknowledged, snapshot.acknowledged));
  }
  upload.acknowledged = std::max(upload.acknowledged, snapshot.acknowledged);
  if (!snapshot.answer) {
    if (before.answer) {
      shared_.violate(fmt::format("the answer of upload {} is forgotten", upload.id));
    }
    return;
  }
  if (upload.answer && *upload.answer != snapshot.answer->body) {
    shared_.violate(fmt::format("upload {} has two answers", upload.id));
  }
  upload.answer = snapshot.answer->body;
}

// An answer that a retry does not heal is a violation, but where the client has another file.
void NodesWorld::hear_error(const Known& before, const Known& upload, const Error& error) {
  if (error.code() == Errc::content_mismatch && upload.is_mixed) {
    ++tally_.told_apart;
    return;
  }
  const bool is_mistake = info(error.code()).http_status < 500;
  if (is_mistake && error.code() != Errc::closed_by_peer && !upload.may_be_gone) {
    shared_.violate(fmt::format("a client of upload {} hears {}: {}", before.id,
                                info(error.code()).name, error.message()));
  }
}

void NodesWorld::confirm(Known& upload, std::uint64_t begin, const std::string& bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    char& confirmed = upload.confirmed[begin + i];
    if (confirmed != '\0' && confirmed != bytes[i]) {
      shared_.violate(fmt::format("two clients are told that upload {} has another byte {} each",
                                  upload.id, begin + i));
    }
    confirmed = bytes[i];
  }
}

}  // namespace sluice::simulation
