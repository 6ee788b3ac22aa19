// SPDX-License-Identifier: MIT
// Doubles for the tests of this folder: an engine, a video library and service pages in memory, and
// a client that speaks to the router in raw HTTP.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"
#include "http/head_parser.h"
#include "protocol/multichunk/multichunk_dialect.h"
#include "protocol/panda/panda_dialect.h"
#include "protocol/router.h"
#include "support/manual_clock.h"
#include "support/run.h"
#include "support/scripted_source.h"

namespace sluice::protocol {

// Stores what a real one would store; the backend answers at once unless `answers` is false.
class FakeEngine final : public upload::Engine {
 public:
  struct Upload {
    upload::Snapshot snapshot;
    std::string bytes;
  };

  runtime::Task<Result<upload::Snapshot>> create(upload::NewUpload request) override {
    Upload upload;
    upload.snapshot.id = uploads.size() + 1;
    upload.snapshot.token = std::string(42, 'A') + static_cast<char>('A' + uploads.size());
    upload.snapshot.file_name = request.file_name;
    upload.snapshot.file_size = request.file_size;
    upload.snapshot.layout = request.layout;
    upload.snapshot.media_id = "0123456789abcdef0123456789abcdef";
    upload.snapshot.preview = answer_with(R"({"id":"12345","status":"processing"})");
    upload.snapshot.created_at = Timestamp(std::chrono::seconds(1'795'368'058));
    upload.snapshot.expires_at = upload.snapshot.created_at + std::chrono::hours(24);
    created.push_back(std::move(request));
    co_return uploads.emplace(upload.snapshot.token, upload).first->second.snapshot;
  }

  runtime::Task<Result<upload::Snapshot>> status(std::string token) override {
    ++calls;
    const auto found = uploads.find(token);
    if (found == uploads.end()) {
      co_return fail(Errc::not_found, "no such upload");
    }
    co_return found->second.snapshot;
  }

  runtime::Task<Result<upload::Snapshot>> peek(std::string token) override {
    return status(std::move(token));
  }

  runtime::Task<std::uint64_t> number_of(std::string token) override {
    const auto found = uploads.find(token);
    co_return found == uploads.end() ? 0 : found->second.snapshot.id;
  }

  runtime::Task<Result<upload::SnapshotPtr>> append(const std::string& token, upload::Piece piece,
                                                    runtime::ByteSource& body) override {
    const Result<upload::Snapshot> appended = co_await take(token, piece, body);
    if (!appended) {
      co_return fail(appended.error());
    }
    co_return std::make_unique<const upload::Snapshot>(*appended);
  }

  runtime::Task<Result<upload::Snapshot>> take_file(upload::NewUpload outline,
                                                    runtime::ByteSource& body,
                                                    upload::FileIdentity& identity) override {
    ++calls;
    outlines.push_back(outline);
    identity.numbered(uploads.size() + 1);
    if (before_file) {
      before_file();
    }
    if (const Result<> readable = co_await body.wait_readable(); !readable) {
      co_return fail(readable.error());
    }
    const Result<std::string> bytes = co_await read_all(body, limits::MiB);
    if (!bytes) {
      co_return fail(bytes.error());
    }
    Result<upload::NewUpload> told = co_await identity.identify(bytes->size());
    if (!told) {
      co_return fail(told.error());
    }
    const Result<upload::Snapshot> snapshot = co_await create(*std::move(told));
    Upload& upload = uploads.at(snapshot->token);
    upload.bytes = *bytes;
    upload.snapshot.state = journal::UploadState::received;
    co_return upload.snapshot;
  }

  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open_answer(
      std::uint64_t upload_id, std::uint64_t size) override {
    if (!answer_files.contains(upload_id) || answer_files.at(upload_id).size() != size) {
      co_return fail(Errc::storage_failed, "no such file");
    }
    co_return std::make_shared<testing::ScriptedSource>(answer_files.at(upload_id));
  }

  runtime::Task<Result<>> abort(std::string token) override {
    ++calls;
    aborted.push_back(token);
    co_return uploads.contains(token) ? Result<>() : fail(Errc::not_found, "no such upload");
  }

  void answer(Upload& upload) {
    upload.snapshot.state = journal::UploadState::delivered;
    upload.snapshot.acknowledged = upload.snapshot.file_size;
    upload.snapshot.answer = answer_with(R"({"id":"12345"})");
  }

  std::map<std::string, Upload> uploads;
  std::map<std::uint64_t, std::string> answer_files;
  std::vector<upload::NewUpload> created;
  std::vector<upload::NewUpload> outlines;  // Of files that came without a session.
  std::vector<upload::Piece> pieces;
  std::vector<std::string> aborted;
  std::function<void()> before_file;  // When one comes without a session.
  int calls = 0;
  bool answers = true;

 private:
  static journal::Answer answer_with(const char* body) {
    journal::Answer kept;
    kept.status = 200;
    kept.headers.emplace_back("Content-Type", "application/json");
    kept.body = body;
    return kept;
  }

  runtime::Task<Result<upload::Snapshot>> take(std::string token, upload::Piece piece,
                                               runtime::ByteSource& body) {
    ++calls;
    pieces.push_back(piece);
    const auto found = uploads.find(token);
    if (found == uploads.end()) {
      co_return fail(Errc::not_found, "no such upload");
    }
    Upload& upload = found->second;
    const std::uint64_t size = upload.snapshot.file_size;
    if (upload.snapshot.layout && !piece.part) {
      co_return upload.snapshot;
    }
    if (piece.part) {
      co_return co_await append_part(upload, piece, body);
    }
    if (piece.total && *piece.total != size) {
      co_return fail(Errc::bad_request, "file_size is " + std::to_string(size));
    }
    if (!upload.snapshot.answer && piece.begin <= upload.bytes.size()) {
      const Result<std::string> bytes = co_await read_all(body, piece.whole_file ? size + 1 : size);
      if (!bytes) {
        co_return fail(bytes.error());
      }
      if (piece.whole_file && bytes->size() != size) {
        co_return fail(Errc::bad_request, "file_size is " + std::to_string(size) + ", got " +
                                              std::to_string(bytes->size()));
      }
      const std::uint64_t end =
          std::min({size, piece.begin + bytes->size(), piece.end.value_or(size)});
      if (end > upload.bytes.size()) {
        upload.bytes += bytes->substr(upload.bytes.size() - piece.begin, end - upload.bytes.size());
      }
    }
    co_return settle(upload);
  }

  runtime::Task<Result<upload::Snapshot>> append_part(Upload& upload, upload::Piece piece,
                                                      runtime::ByteSource& body) {
    if (upload.snapshot.answer) {
      co_return upload.snapshot;
    }
    const std::uint64_t size = *piece.end - piece.begin;
    const Result<std::string> bytes = co_await read_all(body, size + 1);
    if (!bytes) {
      co_return fail(bytes.error());
    }
    if (bytes->size() != size) {
      co_return fail(Errc::bad_request, "this part has " + std::to_string(size) + " bytes");
    }
    upload.bytes.resize(upload.snapshot.file_size, '.');
    upload.bytes.replace(piece.begin, size, *bytes);
    upload.snapshot.stored.add({piece.begin, *piece.end});
    if (upload.snapshot.stored.prefix() == upload.snapshot.file_size) {
      if (!answers) {
        upload.snapshot.state = journal::UploadState::received;
        co_return fail(Errc::delivery_pending, "the backend has not answered");
      }
      answer(upload);
    }
    co_return upload.snapshot;
  }

  static runtime::Task<Result<std::string>> read_all(runtime::ByteSource& body,
                                                     std::uint64_t at_most) {
    std::string text;
    std::array<std::byte, 16> buffer{};
    while (text.size() < at_most || at_most == 0) {
      const Result<std::size_t> count = co_await body.read(buffer, Duration(1));
      if (!count) {
        co_return fail(count.error());
      }
      if (*count == 0) {
        break;
      }
      text += as_text(Bytes(buffer).first(*count));
    }
    co_return text;
  }

  Result<upload::Snapshot> settle(Upload& upload) {
    const std::uint64_t stored = upload.bytes.size();
    upload.snapshot.stored = RangeSet();
    upload.snapshot.stored.add({0, stored});
    upload.snapshot.acknowledged = stored;
    if (upload.snapshot.state == journal::UploadState::failed) {
      upload.snapshot.acknowledged = stored - 1;
      return upload.snapshot;
    }
    if (stored == upload.snapshot.file_size && !upload.snapshot.answer) {
      if (!answers) {
        upload.snapshot.state = journal::UploadState::received;
        upload.snapshot.acknowledged = stored == 0 ? 0 : stored - 1;
        return fail(Errc::delivery_pending, "the backend has not answered");
      }
      answer(upload);
    }
    return upload.snapshot;
  }
};

class FakeVideos final : public video::Videos {
 public:
  runtime::Task<Result<video::VideoList>> list(video::VideoFilter filter) override {
    filters.push_back(filter);
    video::VideoList list;
    list.documents = {R"({"id":"a"})", R"({"id":"b"})"};
    list.total = 7;
    co_return list;
  }
  runtime::Task<Result<std::string>> find(std::string id, video::Viewer viewer) override {
    calls.push_back("find " + id + (viewer ? " for " + *viewer : ""));
    co_return id == known ? Result<std::string>(R"({"id":"x"})") : missing(id);
  }
  runtime::Task<Result<std::string>> metadata(std::string id, video::Viewer viewer) override {
    calls.push_back("metadata " + id + (viewer ? " for " + *viewer : ""));
    co_return id == known ? Result<std::string>(R"({"duration":"19.35 s"})") : missing(id);
  }
  runtime::Task<Result<>> remove(std::string id, video::Viewer viewer) override {
    calls.push_back("remove " + id + (viewer ? " for " + *viewer : ""));
    co_return Result<>();
  }
  runtime::Task<Result<>> remove_source(std::string id, video::Viewer viewer) override {
    calls.push_back("remove_source " + id + (viewer ? " for " + *viewer : ""));
    co_return Result<>();
  }

  const std::string known = "0123456789abcdef0123456789abcdef";
  std::vector<video::VideoFilter> filters;
  std::vector<std::string> calls;

 private:
  static Result<std::string> missing(const std::string& id) {
    return fail(Errc::not_found, "Couldn't find Video with ID=" + id);
  }
};

class FakePages final : public ServicePages {
 public:
  runtime::Task<http::Response> healthz() override { return page("healthy"); }
  runtime::Task<http::Response> readyz() override { return page("ready"); }
  runtime::Task<http::Response> metrics() override { return page("metrics"); }

 private:
  static runtime::Task<http::Response> page(const char* text) {
    http::Response response;
    response.body = text;
    co_return response;
  }
};

// Head and body of a message as they stand on the wire, "\n" for CRLF in the head.
class RouterFixture : public ::testing::Test {
 protected:
  RouterFixture() { settings.hosts = {"up.example", "api.example"}; }

  http::Response send(const std::string& head, const std::string& body = {}) {
    return run(head, body, testing::ScriptedSource::Ending::end);
  }
  // The connection breaks behind `body`.
  http::Response send_broken(const std::string& head, const std::string& body) {
    return run(head, body, testing::ScriptedSource::Ending::lost);
  }

  // The session of the connection has found `error`.
  http::Response refuse(const std::string& head, Error error) {
    refusal = std::move(error);
    http::Response response = send(head);
    refusal.reset();
    return response;
  }

  // A session of `file_size` bytes; the path of its location.
  std::string open(std::uint64_t file_size) {
    const http::Response response =
        send("POST /videos/upload.json?file_name=a.mp4&file_size=" + std::to_string(file_size));
    EXPECT_EQ(response.status, 201) << response.body;
    const std::string location(field(response, "location"));
    EXPECT_TRUE(location.starts_with("http://up.example:81/uploads/")) << location;
    return location.substr(location.find("/uploads/"));
  }

  static std::string field(const http::Response& response, const char* name) {
    const boost::json::value document = boost::json::parse(response.body);
    const boost::json::value& value = document.as_object().at(name);
    return value.is_string() ? std::string(value.get_string()) : boost::json::serialize(value);
  }
  static std::string header(const http::Response& response, const char* name) {
    return std::string(response.headers.find(name).value_or("(none)"));
  }
  static std::string error_of(const http::Response& response) {
    return std::to_string(response.status) + " " + field(response, "error");
  }
  const std::string& stored(const std::string& path) {
    return engine.uploads.at(path.substr(path.rfind('/') + 1)).bytes;
  }

  FakeEngine engine;
  OpenGate gate;
  SessionGate* gate_in_use = &gate;
  FakeVideos videos;
  FakePages pages;
  std::vector<Dialect*> more_dialects;  // In front of those of the program.
  ProtocolSettings settings;
  testing::ManualClock clock;
  auth::Keyring nobody{{}, false};
  auth::Authenticator open_to_all{nobody, clock, {}};
  const auth::Authenticator* authenticator = &open_to_all;
  bool is_from_inside = true;
  http::Reply last;  // Of the last request.
  std::optional<Error> refusal;

 private:
  http::Response run(std::string head, const std::string& body,
                     testing::ScriptedSource::Ending ending) {
    if (head.find(" HTTP/") == std::string::npos) {
      const std::size_t end_of_line = std::min(head.find('\n'), head.size());
      head.insert(end_of_line, " HTTP/1.1\nHost: up.example:81");
    }
    std::string lower = to_lower(head);
    if (!body.empty() && lower.find("\ncontent-length") == std::string::npos &&
        lower.find("\ntransfer-encoding") == std::string::npos) {
      head += "\nContent-Length: " + std::to_string(body.size());
    }
    std::string wire;
    for (const char c : head + "\n\n") {
      wire += c == '\n' ? "\r\n" : std::string(1, c);
    }
    const Result<std::optional<http::ParsedHead>> parsed = http::parse_head(as_bytes(wire));
    if (!parsed || !*parsed) {
      ADD_FAILURE() << "no head: " << wire << (parsed ? "" : parsed.error().message());
      return {};
    }
    http::RequestContext context;
    context.is_from_inside = is_from_inside;
    testing::ScriptedSource source(body, ending);
    const Access access(*authenticator, settings);
    multichunk::MultichunkDialect multichunk(engine);
    panda::PandaDialect panda({engine, *gate_in_use, videos, access, settings, multichunk});
    std::vector<Dialect*> dialects = more_dialects;
    dialects.insert(dialects.end(), {&multichunk, &panda});
    Router router({engine, pages, access, dialects}, settings);
    http::Interims nowhere;
    http::Exchange exchange((*parsed)->request, context, source, nowhere);
    last = std::move(
        *testing::run(refusal ? router.refuse(exchange, *refusal) : router.handle(exchange)));
    bytes_read = source.bytes_read();
    return last.response;
  }

 protected:
  std::size_t bytes_read = 0;
};

}  // namespace sluice::protocol
