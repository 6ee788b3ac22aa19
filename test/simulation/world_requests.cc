// SPDX-License-Identifier: MIT
// The commands of simulated clients as requests: one in the words of this dialect, the next in
// those of that one, to the same upload and through the router.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "base/check.h"
#include "base/digest.h"
#include "http/head_parser.h"
#include "http/interims.h"
#include "net/byte_stream.h"
#include "simulation/forgetful_source.h"
#include "simulation/world.h"
#include "simulation/world_heard.h"
#include "simulation/world_life.h"

namespace sluice::simulation {

using runtime::Task;
using Ending = ClientSource::Ending;

namespace {

// The head as it stands on the wire, with the framing of its body.
std::string wire_of(std::string head, const std::string& framing) {
  head.insert(std::min(head.find('\n'), head.size()), " HTTP/1.1\nHost: localhost");
  std::string wire;
  for (const char c : head + framing + "\n\n") {
    wire += c == '\n' ? "\r\n" : std::string(1, c);
  }
  return wire;
}

bool hears_interims(const Words& words) {
  return words.head.find("Upload-Draft-Interop-Version") != std::string::npos;
}

// Of an interim answer.
http::Headers fields_of(std::string_view head) {
  http::Headers fields;
  for (std::size_t begin = head.find("\r\n"); begin != std::string_view::npos;) {
    const std::size_t end = head.find("\r\n", begin + 2);
    const std::string_view line = head.substr(begin + 2, end - begin - 2);
    if (const std::size_t colon = line.find(": "); colon != std::string_view::npos) {
      fields.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
    }
    begin = end;
  }
  return fields;
}

std::string location_of(const Expectation& upload) {
  return "/uploads/" + upload.token;
}

}  // namespace

// A request on its way.
struct World::Sent {
  Words words;
  std::string bytes = {};  // Between in_front and behind.
  Ending ending = Ending::end;
  std::size_t lost = 0;  // So many bytes at the end of the body do not come.
  bool has_body = true;
  bool length_known = true;
  Before before = {};
  Expectation* upload = nullptr;  // Null: the request opens one,
  std::string file_name = {};     // of this file.
};

// The connection of a request: interim answers tell of locations and offsets, too.
class World::Interim final : public net::ByteStream {
 public:
  Interim(World& world, const Sent& sent, runtime::Executor executor)
      : world_(world), sent_(sent), executor_(std::move(executor)) {}

  Task<Result<>> wait_readable(Duration /*timeout*/) override {
    co_return fail(Errc::closed_by_peer);
  }
  Result<std::optional<std::size_t>> read_now(MutableBytes /*buffer*/) override { return 0; }
  Task<Result<>> write(Bytes head, Bytes /*body*/, net::Patience /*patience*/) override {
    if (world_.process_.alive) {
      world_.hear_interim(sent_, fields_of(as_text(head)));
    }
    co_return Result<>();
  }
  void shutdown_send() noexcept override {}
  void cancel(Errc /*reason*/) noexcept override {}
  void interrupt_wait(Errc /*reason*/) noexcept override {}
  runtime::Executor executor() override { return executor_; }
  const std::string& peer_address() const noexcept override { return peer_address_; }

 private:
  World& world_;
  const Sent& sent_;
  const runtime::Executor executor_;
  const std::string peer_address_;
};

// A location that is told has an upload, whatever becomes of the request.
void World::hear_interim(const Sent& sent, const http::Headers& fields) {
  Expectation* upload = sent.upload;
  if (upload == nullptr) {
    recognise_all();
    const auto found = std::ranges::find(uploads_, sent.file_name,
                                         [](const auto& known) { return known.second.file_name; });
    upload = found == uploads_.end() ? nullptr : &found->second;
  }
  if (upload == nullptr) {
    violate(fmt::format("{}: an upload is told of, and there is none", sent.file_name));
    return;
  }
  if (!hears_interims(sent.words)) {
    violate(fmt::format("upload {}: an interim answer that its client cannot read", upload->id));
  }
  if (const auto location = fields.find("Location")) {
    ++tally_.early_locations;
    if (sent.upload != nullptr || !location->ends_with(location_of(*upload))) {
      violate(fmt::format("upload {}: an interim answer leads to {}", upload->id, *location));
    }
  }
  if (const auto offset = fields.find("Upload-Offset")) {
    ++tally_.early_offsets;
    hear_size(*upload);
    hear_offset(*upload, std::stoull(std::string(*offset)), sent.before, "an interim answer");
  }
}

Task<World::Heard> World::send(Sent sent) {
  std::string body = sent.words.in_front + sent.bytes + sent.words.behind;
  const std::uint64_t length = body.size();
  std::string framing;
  if (sent.has_body) {
    framing = sent.length_known ? fmt::format("\nContent-Length: {}", length)
                                : "\nTransfer-Encoding: chunked";
  }
  const std::string wire = wire_of(sent.words.head, framing);
  const auto parsed = http::parse_head(as_bytes(wire));
  SLUICE_CHECK(parsed && *parsed);
  body.resize(length - std::min<std::uint64_t>(sent.lost, length));
  ClientSource source(std::move(body), sent.ending,
                      sent.length_known ? std::optional(length) : std::nullopt, dice_);
  if (hears_interims(sent.words) || dice_.chance(0.3)) {
    source.slow_down();
  }
  ForgetfulSource forgetful(source);
  sources_.push_back(&source);
  const http::Request& request = (*parsed)->request;
  const http::RequestContext context;
  const net::Patience patience;
  Interim interim(*this, sent, co_await boost::asio::this_coro::executor);
  http::Interims interims(interim, request, patience);
  http::Exchange exchange(request, context,
                          defect_ == Defect::takeover_loses_bytes
                              ? static_cast<runtime::ByteSource&>(forgetful)
                              : source,
                          interims);
  const model::UploadRecord* const record =
      sent.upload != nullptr ? record_of(sent.upload->id) : nullptr;
  if (record != nullptr) {
    sent.before = {record->progress.file_size.has_value(), record->progress.answer.has_value()};
  }
  Heard heard;
  heard.before = sent.before;
  heard.reply = co_await life_->dialects.router().handle(exchange);
  std::erase(sources_, &source);
  heard.request = request;
  heard.bytes_read = source.bytes_read();
  if (process_.alive) {
    ++tally_.answers[heard.reply->dialect];
  }
  co_return heard;
}

Words World::words_of_opening(const File& file, OpenedFile& opened, std::string& bytes) {
  if (file.layout) {
    return panda_session(file);
  }
  // Of tus and RUFH: half of the files come at once, or their beginnings.
  const std::uint64_t brought = dice_.chance(0.5) ? 0 : dice_.below(file.size + 1);
  switch (dice_.below(6)) {
    case 0:
      opened.is_sized = true;
      return panda_session({file.name, file.size});
    case 5:
      opened.is_sized = true;
      return filepond_session(file);
    case 1:
      opened.is_sized = true;
      opened.form = any_form_file(file.name, file.size, dice_);
      return {};
    case 2:
      return range308_session(file);
    case 3:
      bytes = opened.source.substr(0, brought);
      return tus_creation(file, brought > 0);
    default:
      bytes = opened.source.substr(0, brought);
      return rufh_creation(file, brought == file.size, dice_);
  }
}

Task<> World::open(std::uint64_t file_size, std::optional<model::Layout> layout) {
  const std::string name = fmt::format("opened-{}.mp4", opened_files_.size());
  OpenedFile opened;
  opened.source = dice_.bytes(file_size);
  opened.refused_by_backend = dice_.chance(0.2);
  opened.is_sized = layout || dice_.chance(0.7);
  const File file{name, file_size, opened.is_sized, std::move(layout)};
  Sent sent;
  sent.words = words_of_opening(file, opened, sent.bytes);
  sent.file_name = name;
  const OpenedFile& known = opened_files_.emplace(name, std::move(opened)).first->second;
  if (known.form) {
    co_return co_await send_form_chunk(name, nullptr, dice_.below(file_size + 1), Ending::end);
  }
  if (!sent.bytes.empty() && dice_.chance(0.4)) {
    sent.ending = Ending::lost;
    sent.lost = dice_.below(sent.bytes.size() + 1);
  }
  sent.has_body = !sent.bytes.empty() || !sent.words.in_front.empty();
  sent.length_known = dice_.chance(0.8);
  Heard heard = co_await send(std::move(sent));
  hear_request(heard, nullptr, false);
}

Task<> World::send_form_chunk(std::string name, Expectation* upload, std::uint64_t at,
                              Ending ending) {
  const OpenedFile& file = opened_files_.at(name);
  const FormFile& form = *file.form;
  const std::uint64_t index = form.index_at(at);
  const ByteRange range = form.chunk(index);
  Sent sent;
  sent.words = form_chunk(form, index, dice_);
  sent.bytes = file.source.substr(range.begin, range.size());
  sent.upload = upload;
  sent.file_name = name;
  sent.ending = ending;
  sent.lost = ending == Ending::end ? 0 : dice_.below(range.size() + 20);
  sent.length_known = dice_.chance(0.7);
  Heard heard = co_await send(std::move(sent));
  Expectation* const told = hear_request(heard, upload, false);
  if (told != nullptr && heard.is_success()) {
    ++tally_.form_chunks[form.uploader_name()];
  }
  if (told != nullptr && heard.is_success() && !heard.told.is_done) {
    told->acknowledged_parts.add(range);
    if (range.end == form.size) {
      violate(fmt::format("upload {}: its last chunk is acknowledged without an answer", told->id));
    }
  }
}

World::Sent World::sent_bytes(Expectation& upload, ByteRange range, std::uint64_t bytes,
                              Ending ending, bool length_known) {
  Sent sent;
  sent.upload = &upload;
  sent.ending = ending;
  sent.length_known = length_known;
  sent.bytes = upload.source.substr(range.begin, ending == Ending::end ? bytes : range.size());
  sent.lost = sent.bytes.size() - bytes;
  return sent;
}

// Nothing of a chunk is kept that breaks off.
Task<> World::send_filepond_chunk(Expectation& upload, ByteRange range, std::uint64_t bytes,
                                  Ending ending, bool length_known) {
  Sent sent = sent_bytes(upload, range, bytes, ending, length_known);
  const ByteRange chunk{range.begin, range.begin + sent.bytes.size()};
  sent.words = filepond_chunk(location_of(upload), chunk, upload.source.size());
  Heard heard = co_await send(std::move(sent));
  Expectation* const told = hear_request(heard, &upload, !length_known);
  if (told != nullptr && heard.is_success() && !heard.told.answer) {
    told->acknowledged_parts.add(chunk);
  }
}

Words World::words_of_chunk(const Expectation& upload, const Chunk& chunk, bool is_part) {
  const std::string path = location_of(upload);
  if (is_part) {
    return multichunk_part(path, *upload.layout, chunk.range);
  }
  if (chunk.is_whole_file) {
    return dice_.chance(0.3) ? whole_file_form(path) : content_range_chunk(path, chunk, dice_);
  }
  switch (dice_.below(3)) {
    case 0:
      return tus_chunk(path, chunk);
    case 1:
      return rufh_chunk(path, chunk, dice_);
    default:
      return content_range_chunk(path, chunk, dice_);
  }
}

Task<> World::send_chunk(Expectation& upload, upload::Piece piece, std::uint64_t bytes,
                         Ending ending, bool length_known) {
  const std::uint64_t size = upload.source.size();
  const ByteRange range = upload::wanted_range(piece, size);
  const bool is_part = std::holds_alternative<upload::Part>(piece);
  if (upload.form && dice_.chance(0.4)) {
    co_return co_await send_form_chunk(upload.file_name, &upload, range.begin, ending);
  }
  if (upload.is_of_filepond && dice_.chance(0.6)) {
    co_return co_await send_filepond_chunk(upload, range, bytes, ending, length_known);
  }
  Chunk chunk{.range = range, .file_size = size};
  chunk.is_whole_file = std::holds_alternative<upload::WholeFile>(piece);
  const auto* const placed = std::get_if<upload::Range>(&piece);
  chunk.tells_size = placed == nullptr || placed->total;
  Sent sent = sent_bytes(upload, range, bytes, ending, length_known);
  if (ending == Ending::end && dice_.chance(0.25)) {
    const auto digest = sha256(sent.bytes);
    chunk.digest.assign(as_text(digest));
  }
  sent.words = words_of_chunk(upload, chunk, is_part);
  Heard heard = co_await send(std::move(sent));
  const bool is_misfit =
      (upload::is_exact(piece) && bytes != range.size()) || (upload.layout.has_value() && !is_part);
  Expectation* const told = hear_request(heard, &upload, is_misfit);
  if (told == nullptr) {
    co_return;
  }
  if (is_part && heard.is_success() && !heard.told.answer) {
    told->acknowledged_parts.add(range);
  }
  if (!chunk.is_whole_file && chunk.digest.empty() && heard.is_cut()) {
    check_kept(upload, {range.begin, range.begin + heard.bytes_read}, Errc::closed_by_peer);
  }
}

// A chunk that is there is not sent.
Task<> World::ask_for_form_chunk(Expectation& upload) {
  const FormFile& form = *upload.form;
  const std::uint64_t index = dice_.below(form.chunk_count());
  Sent sent;
  sent.words = form_chunk_question(form, index);
  sent.has_body = false;
  sent.upload = &upload;
  Heard heard = co_await send(std::move(sent));
  Expectation* const told = hear_request(heard, &upload, false);
  const model::UploadRecord* const record = told == nullptr ? nullptr : record_of(told->id);
  if (record == nullptr || heard.status() != 200) {
    co_return;
  }
  const ByteRange range = form.chunk(index);
  if (!record->progress.stored.contains(range) && !upload::is_gone(record->progress.state)) {
    violate(fmt::format("upload {}: chunk {} is told of and not stored", told->id, index));
  }
  told->acknowledged_parts.add(range);
}

Task<> World::ask(Expectation& upload) {
  if (upload.form && upload.form->is_of_resumable() && dice_.chance(0.3)) {
    co_return co_await ask_for_form_chunk(upload);
  }
  const bool tells = upload.is_sized;
  Sent sent;
  sent.words =
      upload.is_of_filepond && dice_.chance(0.3)
          ? Words{"HEAD " + location_of(upload)}
          : any_question(location_of(upload), upload.layout, upload.source.size(), tells, dice_);
  sent.has_body = false;
  sent.upload = &upload;
  Heard heard = co_await send(std::move(sent));
  hear_request(heard, &upload, false);
}

Task<> World::ask_for_abort(Expectation& upload) {
  Sent sent;
  sent.words = any_abort(location_of(upload), dice_);
  sent.has_body = false;
  sent.upload = &upload;
  Heard heard = co_await send(std::move(sent));
  hear_request(heard, &upload, true);
  const model::UploadRecord* const record = record_of(upload.id);
  if (process_.alive && heard.is_success() && record != nullptr &&
      upload::is_gone(record->progress.state)) {
    upload.must_be_gone = true;
  }
}

}  // namespace sluice::simulation
