// SPDX-License-Identifier: MIT
// In any series of requests, answers of the backend, waits and power cuts the engine keeps every
// byte that it acknowledged, and forgets only uploads that were aborted, are answered or expired.
// The input is a series of steps, a few bytes each.
#include "upload/upload_engine.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "fuzz/fuzz_input.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"
#include "support/memory_store.h"
#include "support/run.h"
#include "support/scripted_source.h"
#include "upload/upload_state.h"

namespace {

using namespace sluice;
using model::UploadState;
using testing::FuzzInput;
using testing::ScriptedSource;

constexpr std::size_t upload_count_max = 3;
constexpr int step_count_max = 100;
constexpr std::uint64_t file_size_max = 64;
constexpr upload::Expiry expiry{.idle = Duration(100),
                                .absolute = Duration(300),
                                .finished = Duration(200),
                                .refused = Duration(200),
                                .failed = Duration(200),
                                .untouched = Duration(100)};

// The objects that last from one input to the next; none of them remembers an upload.
struct Surroundings {
  boost::asio::io_context context{1};
  upload::NoAnnouncer announcer;
  Metrics metrics;
  NullLog log;
  runtime::BufferPool buffers{limits::buffer_bytes, metrics.buffers_in_use};
};

// An upload as its client knows it.
struct Known {
  std::uint64_t id = 0;
  std::string token;
  std::uint64_t file_size = 0;
  Timestamp created_at;
  Timestamp active_at;
  std::uint64_t told = 0;
  std::uint64_t prefix = 0;
  std::optional<model::Answer> answer;
  bool aborted = false;
  Timestamp forget_at;  // Aborted, or with an answer.
  bool forgotten = false;

  bool is_gone() const { return aborted || forgotten; }
  std::string file(std::uint64_t begin, std::uint64_t count) const {
    std::string bytes;
    for (std::uint64_t i = begin; i < begin + count; ++i) {
      bytes += static_cast<char>(id * 7 + i * 31);
    }
    return bytes;
  }
};

struct Attempt {
  upload::Range range;
  bool whole_file = false;  // Instead of the range.
  std::string bytes;
  ScriptedSource::Ending ending = ScriptedSource::Ending::end;
  bool size_known = true;
  std::optional<std::uint64_t> wrong_at;  // A byte that was acknowledged and is sent otherwise.

  upload::Piece piece() const {
    return whole_file ? upload::Piece(upload::WholeFile()) : upload::Piece(range);
  }
  std::uint64_t end(const Known& upload) const {
    const std::uint64_t sent = range.begin + bytes.size();
    return std::min({sent, range.end.value_or(sent), upload.file_size});
  }
};

class World final : public delivery::Handover {
 public:
  explicit World(Surroundings& around) : around_(around) {
    settings_.admission = {file_size_max, 100};
    settings_.expiry = expiry;
    settings_.answer_wait = Duration(0);
    settings_.arrival_wait = Duration(0);
    restart();
  }

  void run(FuzzInput& input) {
    for (int i = 0; i < step_count_max && !input.empty(); ++i) {
      step(input);
      for (Known& upload : uploads_) {
        look_at(upload);
      }
    }
  }

  void hurry(std::uint64_t) override {}
  void submit(model::UploadRecord record) override {
    SLUICE_CHECK(record.progress.state == UploadState::received);
    SLUICE_CHECK(submitted_.insert(record.id).second);
  }

 private:
  template <class T>
  T run(runtime::Task<T> task) {
    return testing::run_in(around_.context, std::move(task));
  }

  void step(FuzzInput& input) {
    const unsigned kind = input.take() % 12;
    if (uploads_.empty() || (kind == 0 && uploads_.size() < upload_count_max)) {
      create(input.take() % (file_size_max + 1));
      return;
    }
    Known& upload = uploads_[input.take() % uploads_.size()];
    switch (kind) {
      case 1:
        abort(upload);
        break;
      case 2:
        clock_.advance(Duration(input.take()));
        break;
      case 3:
        reap();
        break;
      case 4:
        restart();
        break;
      case 5:
      case 6:
        answer(upload, input.take());
        break;
      default:
        append(upload, any_attempt(upload, input));
    }
  }

  // A new process after a power cut.
  void restart() {
    engine_.reset();
    store_.cut_power();
    upload::EngineParts parts{journal_,        store_, answers_,        around_.announcer,
                              around_.buffers, clock_, around_.metrics, around_.log};
    engine_ = std::make_unique<upload::UploadEngine>(parts, *this, settings_,
                                                     *testing::run(journal_.promises()));
  }

  void create(std::uint64_t file_size) {
    upload::NewUpload request{file_size, "file.mp4", "video/mp4", "{}"};
    const auto created = run(engine_->create(std::move(request)));
    SLUICE_CHECK(created);
    Known upload;
    upload.id = (*created)->id;
    upload.token = (*created)->token;
    upload.file_size = file_size;
    upload.created_at = upload.active_at = clock_.now();
    uploads_.push_back(std::move(upload));
  }

  static Attempt any_attempt(const Known& upload, FuzzInput& input) {
    Attempt attempt;
    const unsigned flags = input.take();
    const std::uint64_t places = upload.file_size + 2;
    attempt.whole_file = flags % 8 == 1;
    // Most clients go on behind the acknowledged bytes.
    const std::uint64_t anywhere = (flags & 8U) != 0 ? input.take() % places : upload.told;
    attempt.range.begin = attempt.whole_file ? 0 : anywhere;
    attempt.bytes = upload.file(attempt.range.begin, input.take() % places);
    if (flags % 8 == 2) {
      attempt.range.end = attempt.range.begin + input.take() % places;
    }
    if (flags % 8 == 3) {
      attempt.range.total = upload.file_size + input.take() % 2;
    }
    const std::uint64_t again = std::min(attempt.end(upload), upload.told);
    if (flags % 8 == 4 && attempt.range.begin < again) {
      attempt.wrong_at = attempt.range.begin + input.take() % (again - attempt.range.begin);
      attempt.bytes[*attempt.wrong_at - attempt.range.begin] ^= 1;
    }
    attempt.size_known = (flags & 16U) == 0;
    if ((flags & 32U) != 0) {
      attempt.ending = ScriptedSource::Ending::lost;
    }
    return attempt;
  }

  void append(Known& upload, const Attempt& attempt) {
    const bool receiving = !upload.is_gone() && state(upload) == UploadState::receiving;
    ScriptedSource body(attempt.bytes, attempt.ending, attempt.size_known);
    const auto result = run(engine_->append(upload.token, attempt.piece(), body));
    const bool differs = receiving && attempt.wrong_at;
    SLUICE_CHECK(!differs || (!result && result.error().code() == Errc::content_mismatch));
    if (!result) {
      check_refusal(upload, attempt, result.error().code());
      return;
    }
    SLUICE_CHECK(!upload.is_gone());
    const bool reached = attempt.range.begin <= upload.prefix;
    SLUICE_CHECK(!reached || (*result)->stored.prefix() >= attempt.end(upload));
    see(upload, **result);
  }

  void check_refusal(const Known& upload, const Attempt& attempt, Errc code) {
    const std::uint64_t size = upload.file_size;
    switch (code) {
      case Errc::not_found:
        SLUICE_CHECK(upload.is_gone());
        break;
      case Errc::bad_request:
        SLUICE_CHECK(attempt.range.total.value_or(size) != size ||
                     (attempt.whole_file && attempt.bytes.size() != size));
        break;
      case Errc::content_mismatch:
        SLUICE_CHECK(attempt.wrong_at);
        break;
      case Errc::closed_by_peer:
        SLUICE_CHECK(attempt.ending == ScriptedSource::Ending::lost);
        break;
      default:
        SLUICE_CHECK(code == Errc::delivery_pending && upload::awaits_answer(state(upload)));
    }
  }

  void abort(Known& upload) {
    const bool receiving = !upload.is_gone() && state(upload) == UploadState::receiving;
    const auto result = run(engine_->abort(upload.token));
    SLUICE_CHECK(result.has_value() == !upload.forgotten);
    if (receiving) {
      upload.aborted = true;
      upload.forget_at = clock_.now() + expiry.finished;
      SLUICE_CHECK(!store_.blobs.contains(upload.id));
    }
  }

  // The reaper forgets the uploads that are due, and no other.
  void reap() {
    for (Known& upload : uploads_) {
      upload.forgotten = upload.forgotten || is_due(upload);
    }
    SLUICE_CHECK(run(engine_->reaper().reap()));
    for (const Known& upload : uploads_) {
      SLUICE_CHECK(journal_.uploads.contains(upload.id) == !upload.forgotten);
      SLUICE_CHECK(!upload.forgotten || !store_.blobs.contains(upload.id));
    }
  }

  bool is_due(const Known& upload) {
    const Timestamp now = clock_.now();
    if (upload.aborted || upload.answer) {
      return upload.forget_at <= now;
    }
    return state(upload) == UploadState::receiving &&
           std::min(upload.active_at + expiry.idle, upload.created_at + expiry.absolute) <= now;
  }

  // The backend: an attempt fails, refuses or takes the file. An answer that comes again is no
  // news.
  void answer(Known& upload, unsigned choice) {
    if (upload.is_gone() || state(upload) == UploadState::receiving) {
      return;
    }
    engine_->ledger().began(upload.token);
    if (choice % 4 == 0) {
      SLUICE_CHECK(run(engine_->ledger().failed(upload.token, 1, clock_.now(), "on purpose")));
      return;
    }
    delivery::Delivery delivery;
    delivery.answer.status = choice % 4 == 1 ? 422 : 200;
    delivery.answer.body = std::to_string(choice);
    if (!upload.answer) {
      delivery.blob_taken = delivery.answer.status == 200;
      const std::string name = std::to_string(upload.id);
      if (delivery.blob_taken) {
        SLUICE_CHECK(run(store_.finish(upload.id, {{{0, upload.file_size}, name}})));
        SLUICE_CHECK(store_.files.at(name) == upload.file(0, upload.file_size));
      }
      upload.answer = delivery.answer;
      upload.forget_at = clock_.now() + expiry.finished;
    }
    SLUICE_CHECK(run(engine_->ledger().answered(upload.token, std::move(delivery))));
    // A refused file waits for the operator.
    SLUICE_CHECK(store_.blobs.contains(upload.id) ==
                 (upload.answer->status == 422 && upload.file_size > 0));
  }

  void look_at(Known& upload) {
    const auto found = run(engine_->status(upload.token));
    SLUICE_CHECK(found.has_value() == !upload.is_gone());
    if (!found) {
      SLUICE_CHECK(found.error().code() == Errc::not_found);
      return;
    }
    see(upload, **found);
    const std::uint64_t durable = upload.answer ? 0 : upload.prefix;
    SLUICE_CHECK(durable == 0 ||
                 store_.blobs.at(upload.id).durable.substr(0, durable) == upload.file(0, durable));
  }

  void see(Known& upload, const upload::Snapshot& snapshot) {
    const std::uint64_t prefix = snapshot.stored.prefix();
    SLUICE_CHECK(snapshot.id == upload.id && snapshot.file_size == upload.file_size);
    SLUICE_CHECK(prefix >= upload.prefix && prefix <= upload.file_size);
    SLUICE_CHECK(snapshot.acknowledged >= upload.told && snapshot.acknowledged <= prefix);
    SLUICE_CHECK(snapshot.answer == upload.answer);
    SLUICE_CHECK(upload.file_size == 0 || upload.answer ||
                 snapshot.acknowledged < upload.file_size);
    if (prefix > upload.prefix) {
      upload.active_at = clock_.now();
    }
    upload.prefix = prefix;
    upload.told = snapshot.acknowledged;
  }

  UploadState state(const Known& upload) const {
    return journal_.uploads.at(upload.id).progress.state;
  }

  Surroundings& around_;
  testing::MemoryJournal journal_;
  testing::MemoryStore store_;
  store::AnswerFiles answers_{store_};
  testing::ManualClock clock_;
  upload::EngineSettings settings_;
  std::unique_ptr<upload::UploadEngine> engine_;
  std::vector<Known> uploads_;
  std::set<std::uint64_t> submitted_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Surroundings around;
  FuzzInput input(std::span(data, size));
  World(around).run(input);
  return 0;
}
