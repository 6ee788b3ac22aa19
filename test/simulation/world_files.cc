// SPDX-License-Identifier: MIT
// Files that come without a session. The client learns the number of the upload once the whole file
// is durable. When the answer is lost the file is an upload all the same, or leaves nothing.
#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "protocol/dialect_names.h"
#include "simulation/turns.h"
#include "simulation/world.h"
#include "simulation/world_life.h"

namespace sluice::simulation {

using model::UploadRecord;
using runtime::Task;

struct World::Identity final : upload::FileIdentity {
  Identity(World& in, std::string name) : world(in), file_name(std::move(name)) {}

  Task<Result<upload::NewUpload>> identify(std::uint64_t file_size) override {
    co_await wait_some_turns(world.dice_);
    const SentFile& file = world.sent_files_.at(file_name);
    if (!file.comes_whole || file_size != file.source.size()) {
      world.violate(fmt::format("{} is taken for a file of {} bytes", file_name, file_size));
    }
    if (file.is_refused) {
      co_return fail(Errc::not_authorized, "planted refusal");
    }
    co_return upload::NewUpload{file_size, file_name, "video/mp4", "{}"};
  }

  World& world;
  const std::string file_name;
};

Task<> World::take_file(std::uint64_t file_size, ClientSource::Ending ending) {
  ++tally_.requests;
  const bool comes_whole = ending == ClientSource::Ending::end;
  const std::string name = fmt::format("sent-{}.mp4", sent_files_.size());
  SentFile file{dice_.bytes(file_size), comes_whole, dice_.chance(0.15), dice_.chance(0.2)};
  const SentFile& sent = sent_files_.emplace(name, std::move(file)).first->second;
  // A form is longer than the file in it, by little or much.
  upload::NewUpload outline;
  outline.announced = file_size + (dice_.chance(0.5) ? dice_.below(500) : 0) +
                      (dice_.chance(0.3) ? limits::unused_room_max : 0);
  const std::uint64_t missing = comes_whole ? 0 : 1;
  const auto declared = dice_.chance(0.5) ? std::optional(file_size + missing) : std::nullopt;
  ClientSource body(sent.source, ending, declared, dice_);
  Identity identity(*this, name);
  sources_.push_back(&body);
  const auto taken = co_await life_->engine.take_file(std::move(outline), body, identity);
  std::erase(sources_, &body);
  if (!process_.alive) {
    co_return;
  }
  if (!taken) {
    hear_refusal(name, taken.error());
    co_return;
  }
  ++tally_.files_taken;
  const auto known = uploads_.find((*taken)->id);
  if (known == uploads_.end() || known->second.source != sent.source) {
    violate(fmt::format("{} became another upload", name));
    co_return;
  }
  hear(known->second, **taken);
}

void World::hear_refusal(const std::string& name, const Error& error) {
  const SentFile& file = sent_files_.at(name);
  if (file.is_upload && !has_faults_) {
    violate(fmt::format("{} is an upload, its client heard: {}", name, error.message()));
  }
  switch (error.code()) {
    case Errc::closed_by_peer:
      if (!file.comes_whole) {
        return;
      }
      break;
    case Errc::not_authorized:
      if (file.is_refused) {
        return;
      }
      break;
    case Errc::storage_failed:
    case Errc::disk_full:
    case Errc::overloaded:
      if (has_faults_) {
        return;
      }
      break;
    default:
      break;
  }
  violate(fmt::format("{}: {}: {}", name, info(error.code()).name, error.message()));
}

void World::recognise_opened(const UploadRecord& record, const OpenedFile& opened) {
  Expectation expected;
  expected.id = record.id;
  expected.token = record.token;
  expected.source = opened.source;
  // Where it does not come with the creation, the end of its body tells it, which may be cut off.
  expected.is_sized = opened.is_sized || record.progress.file_size.has_value();
  expected.file_name = record.file_name;
  expected.form = opened.form;
  expected.is_of_filepond = record.dialect == protocol::filepond_name;
  expected.layout = record.layout;
  expected.refused_by_backend = opened.refused_by_backend;
  // Chunks of a form have opened it anew, and an abort may come behind them.
  for (auto& [id, known] : uploads_) {
    if (known.token == record.token) {
      begin_anew(known);
      expected.may_be_gone = true;
    }
  }
  uploads_.emplace(record.id, std::move(expected));
}

// Of a file that the backend has taken only the record goes.
void World::begin_anew(Expectation& former) {
  if (former.may_be_gone) {
    return;
  }
  if (!former.form || !former.form->is_of_resumable()) {
    violate(fmt::format("upload {} begins anew", former.id));
  }
  check_video(former);
  former.may_be_gone = true;
}

void World::recognise(const UploadRecord& record) {
  if (uploads_.contains(record.id)) {
    return;
  }
  if (const auto opened = opened_files_.find(record.file_name); opened != opened_files_.end()) {
    recognise_opened(record, opened->second);
    return;
  }
  const auto sent = sent_files_.find(record.file_name);
  if (sent == sent_files_.end()) {
    return;
  }
  SentFile& file = sent->second;
  if (file.is_upload || !file.comes_whole || file.is_refused ||
      record.progress.file_size != file.source.size()) {
    violate(fmt::format("upload {}, {} bytes, should not have been made of {}", record.id,
                        size_bound(record), record.file_name));
  }
  file.is_upload = true;
  Expectation expected;
  expected.id = record.id;
  expected.token = record.token;
  expected.source = file.source;
  expected.refused_by_backend = file.refused_by_backend;
  uploads_.emplace(record.id, std::move(expected));
}

}  // namespace sluice::simulation
