// SPDX-License-Identifier: MIT
// A server that is simulated: the engine and the local store on a faulty disk, a backend, the
// knowledge of its clients, and the invariants that hold at any time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "delivery/handover.h"
#include "http/exchange.h"
#include "runtime/blocking_pool.h"
#include "runtime/buffer_pool.h"
#include "runtime/posix_disk.h"
#include "simulation/client_source.h"
#include "simulation/dice.h"
#include "simulation/faulty_disk.h"
#include "simulation/faulty_system.h"
#include "simulation/form_requests.h"
#include "simulation/journal_seam.h"
#include "simulation/requests.h"
#include "simulation/seams.h"
#include "simulation/tally.h"
#include "store/local/local_store.h"
#include "support/manual_clock.h"
#include "upload/upload_engine.h"

namespace sluice::simulation {

// The answers that the clients of one upload have got, and those that they may get.
struct Expectation {
  std::uint64_t id = 0;
  std::string token;
  std::string source;
  bool is_sized = true;  // Its client was told that the size is known.
  std::string file_name;
  std::optional<FormFile> form;  // Its chunks may come as forms.
  bool is_of_filepond = false;
  bool refused_by_backend = false;
  bool put_back = false;  // The operator wanted another answer than a refusal.

  std::uint64_t acknowledged = 0;
  std::optional<model::Layout> layout;  // Of a multi-chunk upload.
  RangeSet acknowledged_parts;
  // The part of the acknowledged bytes that a power cut must not take.
  std::uint64_t kept = 0;
  RangeSet kept_parts;
  std::optional<model::Answer> answer;
  bool may_be_gone = false;   // A client asked for an abort, or its time has passed.
  bool must_be_gone = false;  // The abort was confirmed.
  unsigned videos_made = 0;
  std::set<std::string> dialects;  // Of successful answers.
};

// A file that was sent without a session.
struct SentFile {
  std::string source;
  bool comes_whole = false;
  bool is_refused = false;  // Once the whole file is there.
  bool refused_by_backend = false;
  bool is_upload = false;  // The journal has a record of it.
};

// A file whose session was asked for by a request.
struct OpenedFile {
  std::string source;
  bool is_sized = true;
  bool refused_by_backend = false;
  std::optional<FormFile> form;  // As in Expectation.
};

// How clients reach the engine: by its commands, or by requests in the words of any dialect, which
// go through the router.
enum class Clients { commands, requests };

class World final : public delivery::Handover {
 public:
  World(Dice& dice, Defect defect, JournalKind journal, Durability durability, Clients clients);
  ~World() override;

  // The process ends, if it has not died, and a new one begins.
  void restart(bool power_cut);
  void set_faults(FaultRates disk, JournalFaults journal);
  // The probability that the backend fails.
  void set_backend_failures(double rate) { backend_failures_ = rate; }
  // Files are checked before they are handed over.
  void set_checks(bool has_checks) { has_checks_ = has_checks; }
  bool has_faults() const noexcept { return has_faults_; }
  // Probabilities of EINTR and of short counts, which the server has to hide.
  void interrupt(double interrupted, double short_count) {
    system_.set_interruptions(interrupted, short_count);
  }
  // Deaths at commits, without any other fault.
  void plan_deaths(double before_commit, double after_commit);
  // No faults from now on, in a new process.
  void heal();

  // Runs the tasks side by side to their end. When only silent sources are left to wait for, their
  // connections are lost.
  void run_together(std::vector<runtime::Task<>> tasks);

  // The requests of one client. Their results are checked.
  runtime::Task<> create(std::uint64_t file_size, std::optional<model::Layout> layout = {});
  runtime::Task<> take_file(std::uint64_t file_size, ClientSource::Ending ending);
  runtime::Task<> append(Expectation& upload, upload::Piece piece, std::uint64_t bytes,
                         ClientSource::Ending ending, bool length_known);
  // The beginning of another file, as a whole file of unknown length.
  runtime::Task<> append_another_file(Expectation& upload, std::uint64_t bytes);
  runtime::Task<> status(Expectation& upload);
  runtime::Task<> abort(Expectation& upload);
  runtime::Task<> reap();
  // One at a time.
  runtime::Task<> sync_deferred();
  runtime::Task<> deliver_waiting();
  // `sluice retry` for an upload that was given up.
  runtime::Task<> retry(Expectation& upload);

  void submit(model::UploadRecord record) override;
  void hurry(std::uint64_t /*upload_id*/) override {}

  // Checks the invariants that hold between two steps.
  void check();
  void check_nothing_is_left();
  void violate(const std::string& what);

  std::map<std::uint64_t, Expectation>& uploads() { return uploads_; }
  const std::optional<std::string>& violation() const { return violation_; }
  testing::ManualClock& clock() { return clock_; }
  FaultyDisk& disk() { return disk_; }
  Process& process() { return process_; }
  std::size_t journalled_count() const { return journal_.durable_uploads().size(); }
  Tally tally() const;

 private:
  struct Life;  // Of one process.
  struct Identity;

  // The same commands as requests.
  runtime::Task<> open(std::uint64_t file_size, std::optional<model::Layout> layout);
  runtime::Task<> send_chunk(Expectation& upload, upload::Piece piece, std::uint64_t bytes,
                             ClientSource::Ending ending, bool length_known);
  // With the chunk that has byte `at`. `upload`: null where it may be the first one.
  runtime::Task<> send_filepond_chunk(Expectation& upload, ByteRange range, std::uint64_t bytes,
                                      ClientSource::Ending ending, bool length_known);
  runtime::Task<> send_form_chunk(std::string file_name, Expectation* upload, std::uint64_t at,
                                  ClientSource::Ending ending);
  runtime::Task<> ask(Expectation& upload);
  runtime::Task<> ask_for_form_chunk(Expectation& upload);
  runtime::Task<> ask_for_abort(Expectation& upload);
  struct Heard;
  struct Sent;
  class Interim;
  // The first `bytes` of the range, before the words around them.
  static Sent sent_bytes(Expectation& upload, ByteRange range, std::uint64_t bytes,
                         ClientSource::Ending ending, bool length_known);
  runtime::Task<Heard> send(Sent sent);
  Words words_of_opening(const File& file, OpenedFile& opened, std::string& bytes);
  Words words_of_chunk(const Expectation& upload, const Chunk& chunk, bool is_part);
  // `asked`: null where the request opens an upload; `may_be_wrong`: it may be the client's own
  // mistake. Returns the upload that the answer is about; null where there is none.
  Expectation* hear_request(Heard& heard, Expectation* asked, bool may_be_wrong);
  Expectation* upload_of(const Heard& heard, Expectation* asked);
  void hear_interim(const Sent& sent, const http::Headers& fields);
  // From when the last byte is known to be the last, and again from when there is no answer.
  static void withhold_last_byte(Expectation& upload);
  void hear_size(Expectation& upload);
  // The journal's knowledge of the upload when its request was sent: a reply may be of any moment
  // since.
  struct Before {
    bool is_sized = false;
    bool has_answer = false;
  };
  // An answer that the upload had is gone with its end, and may still be told.
  bool may_be_told_late(const Expectation& upload, const Before& before) const;
  void hear_offset(Expectation& upload, std::uint64_t offset, const Before& before,
                   const char* dialect);
  void hear_success(Expectation& upload, bool brings_answer, const Heard& heard);
  void hear_answer(Expectation& upload, const model::Answer& answer, const Before& before);
  void hear_parts(Expectation& upload, const Heard& heard);
  bool is_completed_problem(const Expectation& upload, const Heard& heard) const;
  void hear_refusal(const Expectation* upload, const Heard& heard, bool may_be_wrong);
  void hear_trouble(const std::string& token, const Error& error);
  void recognise_all();
  const model::UploadRecord* record_of(std::uint64_t id) const;

  void wait_for_end();
  runtime::Task<> deliver(model::UploadRecord record);
  // The checks of a file before the backend hears of it. False: it is set aside, or the journal
  // could not be told.
  runtime::Task<bool> passes_checks(const model::UploadRecord& record);
  // The operator's word on a file that is set aside.
  runtime::Task<> decide(Expectation& upload);
  // False when the journal could not record it.
  runtime::Task<bool> give_up(const model::UploadRecord& record);
  void count_video(std::uint64_t upload_id);
  runtime::Task<Result<delivery::Delivery>> ask_backend(model::UploadRecord record);
  void hear(Expectation& upload, const upload::Snapshot& snapshot);
  void hear_error(const Expectation& upload, const Error& error, const char* request);
  void hear_refusal(const std::string& file_name, const Error& error);
  // Makes an Expectation of the record of a file that came without a session, or whose session was
  // asked for by a request.
  void recognise(const model::UploadRecord& record);
  void recognise_opened(const model::UploadRecord& record, const OpenedFile& opened);
  // `former`: under the same token.
  void begin_anew(Expectation& former);
  static bool may_be_answered_anew(const Expectation& upload);
  bool has_successor(const Expectation& upload) const;
  void check_kept(const Expectation& upload, ByteRange arrived, Errc code);
  void check_record(const Expectation& upload, const model::UploadRecord& record);
  void check_stored(const Expectation& upload, const model::UploadRecord& record);
  void check_bytes(const Expectation& upload, const model::UploadRecord& record,
                   const RangeSet& wanted, bool durable);
  void check_video(const Expectation& upload);
  // Whether acknowledged bytes may be gone without a power cut.
  bool may_have_lost_bytes() const;
  void check_acknowledged(const Expectation& upload, const model::UploadProgress& progress);
  void check_kept_bytes(const Expectation& upload, const model::UploadProgress& progress);
  // The clients learn which bytes are left.
  void forget_acknowledged();
  std::string blob_path(std::uint64_t id) const;
  static std::string video_name(std::uint64_t id);
  // The files of a finished upload, in the order of their bytes.
  static std::vector<store::NamedRange> video_files(const Expectation& upload);
  // Of a file of the store.
  static std::string path_of(const std::string& name) { return "/data/" + name; }

  Dice& dice_;
  boost::asio::io_context context_{1};
  Process process_;
  FaultyDisk disk_;
  FaultySystem system_;
  runtime::PosixDisk posix_disk_;
  DiskSeam disk_seam_;
  JournalSeam journal_;
  testing::ManualClock clock_;
  Metrics metrics_;
  NullLog log_;
  runtime::BlockingPool pool_{0};
  runtime::BufferPool buffers_;
  const Defect defect_;
  const Durability durability_;
  const Clients clients_;
  std::unique_ptr<Life> life_;
  double backend_failures_ = 0;
  bool has_checks_ = false;
  bool has_faults_ = false;

  std::map<std::uint64_t, Expectation> uploads_;
  std::map<std::string, SentFile> sent_files_;      // By name.
  std::map<std::string, OpenedFile> opened_files_;  // The same.
  std::vector<ClientSource*> sources_;              // Of requests under way.
  std::optional<std::string> violation_;
  Tally tally_;
};

}  // namespace sluice::simulation
