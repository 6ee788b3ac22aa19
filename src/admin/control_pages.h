// SPDX-License-Identifier: MIT
// The operator's commands to a running server, as HTTP over the Unix socket in its data directory.
// A process that may open the socket may give all of them: it belongs to the server's own user.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "admin/backup_source.h"
#include "admin/service_pages.h"
#include "base/log.h"
#include "http/handler.h"
#include "protocol/path.h"
#include "protocol/relocation.h"
#include "runtime/task.h"
#include "upload/operations.h"

namespace sluice::admin {

// What the server made of its settings when it read them again: keys of those that it has taken
// over, and of those that wait for a restart.
struct ReloadReport {
  std::vector<std::string> applied;
  std::vector<std::string> waiting;
};

// GET asks, POST does. Answers are JSON: an upload as in admin/upload_document.h, or
// a page of them as in admin/upload_list.h; `{"id","state"}` of one that is tried again,
// `{"retried","failed","next"}` of a page of those; the status as ServerPages has it;
// `{"applied","waiting"}` of settings that were read again; `{}` where there is nothing to tell, or
// `{"error","message"}`. Any thread.
class ControlPages final : public http::Handler {
 public:
  // An error: the settings cannot be used, and nothing has changed.
  using Reload = std::function<runtime::Task<Result<ReloadReport>>()>;

  // All outlive this. `credential`: for the line of audit, what those have shown who do not come
  // over a Unix socket.
  ControlPages(upload::Operations& uploads, protocol::Relocation& locations, BackupSource& backups,
               ServerPages& server, Reload reload, Log& log, const char* credential = "none");

  runtime::Task<http::ReplyPtr> handle(http::Exchange& exchange) override;

 private:
  using Answer = Result<http::Response>;
  struct Command {
    const char* name;
    http::Method method;
    protocol::PathPattern path;
    // Gets the part of the path that the pattern leaves open, and the query.
    std::function<runtime::Task<Answer>(std::string, std::string)> run;
  };

  runtime::Task<Answer> dispatch(const http::Exchange& exchange, http::Reply& reply);
  // The line of the log about what an operator did.
  void audit(const Command& command, const std::string& subject, const http::RequestContext& by,
             const Answer& answer);
  runtime::Task<Answer> list(std::string query);
  runtime::Task<Answer> show(std::string upload_id);
  runtime::Task<Answer> abort(std::string upload_id);
  runtime::Task<Answer> retry(std::string upload_id);
  runtime::Task<Answer> release(std::string upload_id);
  runtime::Task<Answer> refuse_file(std::string upload_id, std::string query);
  runtime::Task<Answer> retry_all(std::string range);
  runtime::Task<Answer> move(std::string url);  // Empty: back.
  runtime::Task<Answer> begin_backup();
  runtime::Task<Answer> end_backup();
  runtime::Task<Answer> status();
  runtime::Task<Answer> read_settings();

  upload::Operations& uploads_;
  protocol::Relocation& locations_;
  BackupSource& backups_;
  ServerPages& server_;
  const Reload reload_;
  Log& log_;
  const char* const credential_;
  const std::vector<Command> commands_;
};

}  // namespace sluice::admin
