// SPDX-License-Identifier: MIT
#include "admin/control_pages.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <charconv>
#include <cstdint>
#include <optional>
#include <ranges>
#include <utility>

#include "admin/upload_document.h"
#include "admin/upload_list.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "http/urlencoded.h"

namespace sluice::admin {
namespace {

using runtime::Task;

constexpr char separator = '.';

// "AT.ID", or "AT.ID.UNTIL" as retried_page() writes it; times in milliseconds.
std::optional<upload::RetryRange> retry_range_of(std::string_view text) {
  std::array<std::int64_t, 3> numbers{};
  std::size_t count = 0;
  for (const auto word : std::views::split(text, separator)) {
    if (count == numbers.size()) {
      return std::nullopt;
    }
    const std::string_view digits(word.begin(), word.end());
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), numbers.at(count++));
    if (error != std::errc() || end != digits.data() + digits.size()) {
      return std::nullopt;
    }
  }
  if (count < 2 || numbers[1] < 0) {
    return std::nullopt;
  }
  upload::RetryRange range{
      {Timestamp(Duration(numbers[0])), static_cast<std::uint64_t>(numbers[1])}};
  if (count == numbers.size()) {
    range.until = Timestamp(Duration(numbers[2]));
  }
  return range;
}

// "words=TEXT", or nothing.
Result<std::string> refusal_of(std::string_view text) {
  const Result<std::vector<http::FormField>> fields = http::parse_urlencoded(text);
  if (!fields) {
    return fail(fields.error());
  }
  std::string words = "the file was refused";
  for (const auto& [name, value] : *fields) {
    if (name != "words" || value.size() > limits::failure_bytes_max) {
      return fail(
          Errc::bad_request,
          "expected words, of " + std::to_string(limits::failure_bytes_max) + " bytes at most");
    }
    words = value;
  }
  return words;
}

http::Response retried_page(const upload::RetriedPage& page) {
  boost::json::object document;
  document["retried"] = page.retried;
  document["failed"] = page.failed;
  if (page.next) {
    const auto milliseconds = [](Timestamp time) { return time.time_since_epoch().count(); };
    document["next"] =
        fmt::format("{}{}{}{}{}", milliseconds(page.next->after.at), separator, page.next->after.id,
                    separator, milliseconds(page.next->until.value_or(Timestamp())));
  }
  return http::json_response(200, boost::json::serialize(document));
}

http::Response upload_page(const upload::Snapshot& snapshot) {
  boost::json::object document;
  document["id"] = snapshot.id;
  document["state"] = model::to_text(snapshot.state);
  return http::json_response(200, boost::json::serialize(document));
}

// Of a command that has nothing to tell.
Result<http::Response> answer_to(const Result<>& done) {
  return done ? Result<http::Response>(http::json_response(200, "{}")) : fail(done.error());
}

}  // namespace

ControlPages::ControlPages(upload::Operations& uploads, protocol::Relocation& locations,
                           BackupSource& backups, ServerPages& server, Reload reload, Log& log,
                           const char* credential)
    : uploads_(uploads),
      locations_(locations),
      backups_(backups),
      server_(server),
      reload_(std::move(reload)),
      log_(log),
      credential_(credential),
      commands_{
          {"list", http::Method::get, protocol::PathPattern("/uploads"),
           [this](const std::string& /*none*/, std::string query) {
             return list(std::move(query));
           }},
          {"show", http::Method::get, protocol::PathPattern("/uploads/{}"),
           [this](std::string id, const std::string&) { return show(std::move(id)); }},
          {"abort", http::Method::post, protocol::PathPattern("/uploads/{}/abort"),
           [this](std::string id, const std::string&) { return abort(std::move(id)); }},
          {"retry", http::Method::post, protocol::PathPattern("/uploads/{}/retry"),
           [this](std::string id, const std::string&) { return retry(std::move(id)); }},
          {"release", http::Method::post, protocol::PathPattern("/uploads/{}/release"),
           [this](std::string id, const std::string&) { return release(std::move(id)); }},
          {"refuse", http::Method::post, protocol::PathPattern("/uploads/{}/refuse"),
           [this](std::string id, std::string query) {
             return refuse_file(std::move(id), std::move(query));
           }},
          {"retry_all", http::Method::post, protocol::PathPattern("/uploads/since/{}/retry"),
           [this](std::string range, const std::string&) { return retry_all(std::move(range)); }},
          {"move", http::Method::post, protocol::PathPattern("/locations/to/{}"),
           [this](std::string url, const std::string&) { return move(std::move(url)); }},
          {"move_back", http::Method::post, protocol::PathPattern("/locations/back"),
           [this](const std::string& /*none*/, const std::string&) { return move(std::string()); }},
          {"backup", http::Method::post, protocol::PathPattern("/backup"),
           [this](const std::string& /*none*/, const std::string&) { return begin_backup(); }},
          {"backup_end", http::Method::post, protocol::PathPattern("/backup/end"),
           [this](const std::string& /*none*/, const std::string&) { return end_backup(); }},
          {"status", http::Method::get, protocol::PathPattern("/status"),
           [this](const std::string& /*none*/, const std::string&) { return status(); }},
          {"reload", http::Method::post, protocol::PathPattern("/reload"),
           [this](const std::string& /*none*/, const std::string&) { return read_settings(); }}} {}

Task<http::ReplyPtr> ControlPages::handle(http::Exchange& exchange) {
  auto reply = std::make_unique<http::Reply>();
  Answer answer = co_await dispatch(exchange, *reply);
  reply->response = answer ? *std::move(answer) : http::operator_error_response(answer.error());
  co_return reply;
}

Task<ControlPages::Answer> ControlPages::dispatch(const http::Exchange& exchange,
                                                  http::Reply& reply) {
  const http::Request& request = exchange.request();
  const Result<protocol::Segments> path = protocol::parse_path(request.path);
  if (!path) {
    co_return fail(path.error());
  }
  for (const Command& command : commands_) {
    std::optional<std::string> subject = command.path.match(*path);
    if (!subject) {
      continue;
    }
    reply.route = command.name;
    if (request.method != command.method) {
      co_return fail(Errc::method_not_allowed, "questions are asked with GET, commands with POST");
    }
    Answer answer = co_await command.run(*subject, request.query);
    if (command.method == http::Method::post) {
      audit(command, *subject, exchange.context(), answer);
    }
    co_return answer;
  }
  co_return fail(Errc::not_found, "there is no such command");
}

void ControlPages::audit(const Command& command, const std::string& subject,
                         const http::RequestContext& by, const Answer& answer) {
  const LogField act{"act", command.name};
  const std::optional<std::uint64_t> upload = upload_id_of(subject);
  const LogField about = upload ? LogField{"upload", *upload} : LogField{"subject", subject};
  const LogField from{"from", by.peer_address};
  // The line refers to its texts.
  const std::string outcome = answer ? "done" : answer.error().message();
  const LogField result{"result", outcome};
  if (by.peer_process) {
    log_.info("audit", {act,
                        about,
                        from,
                        {"user_id", by.peer_process->user_id},
                        {"process_id", by.peer_process->process_id},
                        result});
  } else {
    log_.info("audit", {act, about, from, {"credential", credential_}, result});
  }
}

Task<ControlPages::Answer> ControlPages::list(std::string query) {
  Result<ListQuery> parsed = list_query_of(query);
  if (!parsed) {
    co_return fail(parsed.error());
  }
  const Result<boost::json::object> page = co_await list_page(uploads_, *std::move(parsed));
  if (!page) {
    co_return fail(page.error());
  }
  co_return http::json_response(200, boost::json::serialize(*page));
}

Task<ControlPages::Answer> ControlPages::show(std::string upload_id) {
  const std::optional<std::uint64_t> id = upload_id_of(upload_id);
  if (!id) {
    co_return fail(Errc::bad_request, "expected the number of an upload");
  }
  const Result<upload::UploadView> view = co_await uploads_.find(*id);
  if (!view) {
    co_return fail(view.error());
  }
  co_return http::json_response(200, boost::json::serialize(whole_story_of(*view)));
}

Task<ControlPages::Answer> ControlPages::abort(std::string upload_id) {
  const std::optional<std::uint64_t> id = upload_id_of(upload_id);
  if (!id) {
    co_return fail(Errc::bad_request, "expected the number of an upload");
  }
  const Result<upload::UploadView> view = co_await uploads_.abort(*id);
  if (!view) {
    co_return fail(view.error());
  }
  co_return http::json_response(200, boost::json::serialize(summary_of(*view)));
}

Task<ControlPages::Answer> ControlPages::status() {
  co_return co_await server_.status();
}

Task<ControlPages::Answer> ControlPages::read_settings() {
  const Result<ReloadReport> report = co_await reload_();
  if (!report) {
    co_return fail(report.error());
  }
  boost::json::object document;
  document["applied"] = boost::json::value_from(report->applied);
  document["waiting"] = boost::json::value_from(report->waiting);
  co_return http::json_response(200, boost::json::serialize(document));
}

Task<ControlPages::Answer> ControlPages::retry(std::string upload_id) {
  const std::optional<std::uint64_t> id = upload_id_of(upload_id);
  if (!id) {
    co_return fail(Errc::bad_request, "expected the number of an upload");
  }
  const Result<upload::SnapshotPtr> snapshot = co_await uploads_.retry(*id);
  if (!snapshot) {
    co_return fail(snapshot.error());
  }
  co_return upload_page(**snapshot);
}

Task<ControlPages::Answer> ControlPages::release(std::string upload_id) {
  const std::optional<std::uint64_t> id = upload_id_of(upload_id);
  if (!id) {
    co_return fail(Errc::bad_request, "expected the number of an upload");
  }
  const Result<upload::UploadView> view = co_await uploads_.release(*id);
  if (!view) {
    co_return fail(view.error());
  }
  co_return http::json_response(200, boost::json::serialize(summary_of(*view)));
}

Task<ControlPages::Answer> ControlPages::refuse_file(std::string upload_id, std::string query) {
  const std::optional<std::uint64_t> id = upload_id_of(upload_id);
  const Result<std::string> words = refusal_of(query);
  if (!id || !words) {
    co_return fail(id ? words.error()
                      : Error(Errc::bad_request, "expected the number of an upload"));
  }
  const Result<upload::UploadView> view = co_await uploads_.refuse(*id, *words);
  if (!view) {
    co_return fail(view.error());
  }
  co_return http::json_response(200, boost::json::serialize(summary_of(*view)));
}

Task<ControlPages::Answer> ControlPages::retry_all(std::string range) {
  const std::optional<upload::RetryRange> parsed = retry_range_of(range);
  if (!parsed) {
    co_return fail(Errc::bad_request, "expected AT.ID or AT.ID.UNTIL");
  }
  const Result<upload::RetriedPage> page = co_await uploads_.retry_all(*parsed);
  if (!page) {
    co_return fail(page.error());
  }
  co_return retried_page(*page);
}

Task<ControlPages::Answer> ControlPages::move(std::string url) {
  co_return answer_to(co_await locations_.move(std::move(url)));
}

Task<ControlPages::Answer> ControlPages::begin_backup() {
  co_return answer_to(co_await backups_.begin());
}

Task<ControlPages::Answer> ControlPages::end_backup() {
  co_return answer_to(co_await backups_.end());
}

}  // namespace sluice::admin
