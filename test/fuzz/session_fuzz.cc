// SPDX-License-Identifier: MIT
// A request for a session is refused and leaves nothing behind, or it becomes one that the journal
// can read, whose answer is JSON, and whose parts are the file. The input is a request for
// `POST /videos/upload.json` as it stands on the wire; all bytes behind the head are its body. With
// '!' in front of it the server needs credentials, and a session belongs to their owner.
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "auth/authenticator.h"
#include "auth/keyring.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/limits.h"
#include "delivery/handover.h"
#include "http/head_parser.h"
#include "journal/layout_text.h"
#include "model/layout.h"
#include "protocol/multichunk/chunked_file.h"
#include "protocol/panda/panda_dialect.h"
#include "protocol/path.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"
#include "support/memory_store.h"
#include "support/no_services.h"
#include "support/run.h"
#include "support/scripted_source.h"
#include "upload/upload_engine.h"

namespace {

using namespace sluice;
namespace json = boost::json;

constexpr char needs_credentials = '!';
constexpr const char* owner = "ann";

// One credential for each way to show one; requests of the corpus contain them.
auth::Keyring some_keys() {
  auth::Credential credential;
  credential.owner = owner;
  credential.access_key = "ann";
  credential.secret_key = "secret of ann";
  credential.api_key = "api key of ann's";
  credential.token = "a token of ann's";
  credential.cloud_ids = {"cloud"};
  return {{std::move(credential)}, true};
}

class NoHandover final : public delivery::Handover {
 public:
  void submit(model::UploadRecord) override {}
  void hurry(std::uint64_t) override {}
};

// Of the whole process; no part of it remembers an upload.
struct Surroundings {
  boost::asio::io_context context{1};
  upload::NoAnnouncer announcer;
  Metrics metrics;
  NullLog log;
  runtime::BufferPool buffers{limits::buffer_bytes, metrics.buffers_in_use};
  auth::Keyring no_keys{{}, false};
  auth::Keyring keys = some_keys();
};

// A server with a disk that has room for everything.
class World {
 public:
  World(Surroundings& around, const auth::Keyring& keys)
      : around_(around),
        authenticator_(keys, clock_, {}),
        access_(authenticator_, settings_),
        engine_({journal_, store_, answers_, around.announcer, around.buffers, clock_,
                 around.metrics, around.log},
                handover_, engine_settings(), journal::Promises()),
        opener_(engine_, gate_, access_, settings_),
        sessions_(opener_, access_, settings_),
        multichunk_(engine_),
        dialect_({engine_, gate_, opener_, videos_, access_, settings_, multichunk_}) {
    store_.free_bytes = std::uint64_t{1} << 62U;
  }

  void open(const http::Request& request, std::string body) {
    testing::ScriptedSource source(std::move(body));
    const http::RequestContext context;
    http::Interims nowhere;
    http::Exchange exchange(request, context, source, nowhere);
    protocol::Call call(exchange);
    const protocol::Answer answer = run(sessions_.open(call));
    if (!answer) {
      const int status = info(answer.error().code()).http_status;
      SLUICE_CHECK(status >= 400 && status < 500 && journal_.uploads.empty());
      return;
    }
    SLUICE_CHECK(answer->status == 201 && journal_.uploads.size() == 1);
    const model::UploadRecord& record = journal_.uploads.begin()->second;
    SLUICE_CHECK(record.owner == (authenticator_.required() ? owner : ""));
    check_record(record);
    check_answer(answer->body, record);
    describe(record);
  }

 private:
  template <class T>
  T run(runtime::Task<T> task) {
    return testing::run_in(around_.context, std::move(task));
  }

  static upload::EngineSettings engine_settings() {
    upload::EngineSettings settings;
    settings.admission.file_size_max = limits::file_size_max_default;
    settings.answer_wait = Duration(0);  // An empty file is complete, and no backend answers.
    return settings;
  }

  static void check_record(const model::UploadRecord& record) {
    SLUICE_CHECK(record.progress.file_size.value() <= limits::file_size_max_default);
    SLUICE_CHECK(json::parse(record.parameters).is_object());
    if (!record.layout) {
      return;
    }
    const model::Layout& layout = *record.layout;
    SLUICE_CHECK(layout.total_size() == record.progress.file_size);
    SLUICE_CHECK(journal::layout_from_text(journal::layout_to_text(layout)) == layout);
    std::uint64_t end = 0;
    check_file(protocol::multichunk::main_file(layout), end);
    for (const model::ExtraFile& extra : layout.extra_files) {
      check_file(*protocol::multichunk::find_file(layout, extra.tag), end);
    }
    SLUICE_CHECK(end == record.progress.file_size);
  }

  // The file begins at `end`, where the one before it ends, and its parts cover it.
  static void check_file(const protocol::multichunk::ChunkedFile& file, std::uint64_t& end) {
    SLUICE_CHECK(file.range().begin == end);
    end = file.range().end;
    const std::uint64_t count = file.part_count();
    SLUICE_CHECK(count <= limits::part_count_max && (count == 0) == file.range().empty());
    SLUICE_CHECK(file.missing_parts({}).size() == count);
    std::uint64_t position = file.range().begin;
    for (std::uint64_t number = 0; number < count; ++number) {
      const ByteRange part = file.part(number);
      SLUICE_CHECK(part.begin == position && !part.empty());
      position = part.end;
    }
    SLUICE_CHECK(position == end);
  }

  static void check_answer(const std::string& body, const model::UploadRecord& record) {
    const json::value document = json::parse(body);
    SLUICE_CHECK(document.at("location").as_string().ends_with(record.token));
    if (record.layout) {
      SLUICE_CHECK(document.at("id").as_string() == std::to_string(record.id));
      SLUICE_CHECK(document.at("extra_files").as_object().size() ==
                   record.layout->extra_files.size());
    }
  }

  void describe(const model::UploadRecord& record) {
    http::Request request;
    request.method = http::Method::get;
    testing::ScriptedSource nothing("");
    const http::RequestContext context;
    http::Interims nowhere;
    http::Exchange exchange(request, context, nothing, nowhere);
    protocol::Call call(exchange);
    call.capture = record.token;
    const protocol::Answer answer = run(dialect_.handle(call));
    // An empty file is complete, and its backend has not answered.
    SLUICE_CHECK(answer ? json::parse(answer->body).is_object()
                        : answer.error().code() == Errc::delivery_pending);
  }

  Surroundings& around_;
  testing::ManualClock clock_;
  testing::MemoryJournal journal_;
  testing::MemoryStore store_;
  store::AnswerFiles answers_{store_};
  NoHandover handover_;
  protocol::OpenGate gate_;
  protocol::ProtocolSettings settings_;
  auth::Authenticator authenticator_;
  protocol::Access access_;
  upload::UploadEngine engine_;
  protocol::UploadOpener opener_;
  protocol::panda::PandaSessions sessions_;
  protocol::multichunk::MultichunkDialect multichunk_;
  testing::NoVideos videos_;
  protocol::panda::PandaDialect dialect_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Surroundings around;
  Bytes input = std::as_bytes(std::span(data, size));
  const bool guarded = as_text(input).starts_with(needs_credentials);
  input = input.subspan(guarded ? 1 : 0);
  const auto head = http::parse_head(input.first(std::min(input.size(), limits::head_bytes_max)));
  if (!head || !*head) {
    return 0;
  }
  // The router refuses a path that it cannot parse.
  if (!protocol::parse_path((*head)->request.path)) {
    return 0;
  }
  // The body ends with the input, whatever its framing says.
  http::Request request = (*head)->request;
  const Bytes body = input.subspan((*head)->size);
  if (request.framing != http::Framing::chunked) {
    request.framing = body.empty() ? http::Framing::none : http::Framing::length;
    request.content_length = body.size();
  }
  World(around, guarded ? around.keys : around.no_keys).open(request, std::string(as_text(body)));
  return 0;
}
