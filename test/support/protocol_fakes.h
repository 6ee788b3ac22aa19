// SPDX-License-Identifier: MIT
// For tests of the protocol: a video library and service pages in memory, and a client that speaks
// raw HTTP to the router, behind which there is an engine.
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

#include "base/checked.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "http/head_parser.h"
#include "protocol/multichunk/multichunk_dialect.h"
#include "protocol/panda/panda_dialect.h"
#include "protocol/router.h"
#include "support/engine_fixture.h"
#include "support/recording_engine.h"
#include "support/recording_stream.h"
#include "support/run.h"
#include "support/scripted_source.h"

namespace sluice::testing {

class FakeVideos final : public video::Videos {
 public:
  runtime::Task<Result<video::VideoList>> list(video::VideoFilter filter) override {
    filters.push_back(filter);
    video::VideoList list;
    list.documents = {R"({"id":"a"})", R"({"id":"b"})"};
    list.total = 7;
    co_return list;
  }
  runtime::Task<Result<std::string>> find(std::string id, model::Viewer viewer) override {
    calls.push_back("find " + id + (viewer ? " for " + *viewer : ""));
    co_return id == known ? Result<std::string>(R"({"id":"x"})") : missing(id);
  }
  runtime::Task<Result<std::string>> metadata(std::string id, model::Viewer viewer) override {
    calls.push_back("metadata " + id + (viewer ? " for " + *viewer : ""));
    co_return id == known ? Result<std::string>(R"({"duration":"19.35 s"})") : missing(id);
  }
  runtime::Task<Result<>> remove(std::string id, model::Viewer viewer) override {
    calls.push_back("remove " + id + (viewer ? " for " + *viewer : ""));
    co_return Result<>();
  }
  runtime::Task<Result<>> remove_source(std::string id, model::Viewer viewer) override {
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

class FakePages final : public protocol::ServicePages {
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
class RouterFixture : public EngineFixture {
 protected:
  RouterFixture() {
    settings.hosts = {"up.example", "api.example"};
    answer = answer_with(R"({"id":"12345"})");
    begin_anew();
  }

  // Removes every upload, and the recorded commands.
  void begin_anew() {
    journal.clear();
    store = MemoryStore();
    EngineFixture::settings.admission = {limits::file_size_max_default, 0};
    restart();
    engine.created.clear();
    engine.outlines.clear();
  }

  http::Response send(const std::string& head, const std::string& body = {}) {
    return request(head, body, ScriptedSource::Ending::end);
  }
  // The connection breaks behind `body`.
  http::Response send_broken(const std::string& head, const std::string& body) {
    return request(head, body, ScriptedSource::Ending::lost);
  }

  // The reply to a request in which the HTTP session has found `error`.
  http::Response refuse(const std::string& head, Error error) {
    refusal = std::move(error);
    http::Response response = send(head);
    refusal.reset();
    return response;
  }

  // Opens an upload session of `file_size` bytes. Returns the path of its location.
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
  static std::string token_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }
  // The bytes of the upload at the path that its record names, with holes in between, or the last
  // file that the backend got.
  std::string stored(const std::string& path) {
    const std::uint64_t id = run(engine.label_of(token_of(path)))->id;
    if (!store.blobs.contains(id)) {
      return delivered_bytes;
    }
    const std::vector<ByteRange>& ranges = journal.uploads.at(id).progress.stored.ranges();
    return blob(id).substr(0, ranges.empty() ? 0 : ranges.back().end);
  }

  model::Answer answer_to(std::uint64_t /*id*/) const override { return answer; }
  delivery::Preview preview(const model::UploadRecord& /*record*/) const override {
    return {"0123456789abcdef0123456789abcdef",
            answer_with(R"({"id":"12345","status":"processing"})")};
  }
  static model::Answer answer_with(const char* body) {
    model::Answer kept;
    kept.status = 200;
    kept.headers.emplace_back("Content-Type", "application/json");
    kept.body = body;
    return kept;
  }

  // Paths of no dialect.
  virtual std::vector<protocol::Route> more_routes() { return {}; }

  RecordingEngine engine{EngineFixture::engine};
  model::Answer answer;  // The backend's.
  protocol::OpenGate gate;
  protocol::SessionGate* gate_in_use = &gate;
  FakeVideos videos;
  FakePages pages;
  std::vector<protocol::Dialect*> more_dialects;  // Asked before the dialects of the program.
  protocol::ProtocolSettings settings;
  auth::Keyring nobody{{}, false};
  auth::Authenticator open_to_all{nobody, clock, {}};
  const auth::Authenticator* authenticator = &open_to_all;
  bool is_from_inside = true;
  const http::Trailers* trailers = nullptr;  // Of the next requests.
  http::Reply last;                          // Of the last request.
  std::optional<Error> refusal;

 private:
  http::Response request(std::string head, const std::string& body, ScriptedSource::Ending ending) {
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
    http::RequestContext request_context;
    request_context.is_from_inside = is_from_inside;
    const http::Request& sent = (*parsed)->request;
    ScriptedSource source(body, ending, sent.framing != http::Framing::chunked,
                          saturating_subtract(sent.content_length, body.size()));
    const protocol::Access access(*authenticator, settings);
    protocol::multichunk::MultichunkDialect multichunk(engine);
    protocol::UploadOpener opener(engine, *gate_in_use, access, settings);
    protocol::panda::PandaDialect panda(
        {engine, *gate_in_use, opener, videos, access, settings, multichunk});
    std::vector<protocol::Dialect*> dialects = more_dialects;
    dialects.insert(dialects.end(), {&multichunk, &panda});
    protocol::Router router({engine, pages, access, dialects, more_routes()}, settings);
    RecordingStream stream(context.get_executor());
    const net::Patience patience;
    http::Interims interims(stream, sent, patience);
    http::Exchange exchange(sent, request_context, source, interims, trailers);
    last = std::move(
        *run_in(context, refusal ? router.refuse(exchange, *refusal) : router.handle(exchange)));
    bytes_read = source.bytes_read();
    interim_answers = stream.written;
    return last.response;
  }

 protected:
  std::size_t bytes_read = 0;
  std::string interim_answers;  // As they stand on the wire.
};

}  // namespace sluice::testing
