// SPDX-License-Identifier: MIT
// The operator's commands to a running server, as HTTP over the Unix socket in its data directory.
// A process that may open the socket may give all of them: it belongs to the server's own user.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "http/handler.h"
#include "protocol/path.h"
#include "protocol/relocation.h"
#include "runtime/task.h"
#include "upload/operations.h"

namespace sluice::admin {

// Answers are JSON: `{"id","state"}` of the upload, `{"retried","failed","next"}` of a page of
// uploads, `{}` where there is nothing to tell, or `{"error","message"}`. Any thread.
class ControlPages final : public http::Handler {
 public:
  // Both outlive this.
  ControlPages(upload::Operations& uploads, protocol::Relocation& locations);

  runtime::Task<http::ReplyPtr> handle(http::Exchange& exchange) override;

 private:
  using Answer = Result<http::Response>;
  struct Command {
    const char* name;
    protocol::PathPattern path;  // Every command is a POST.
    std::function<runtime::Task<Answer>(std::string)> run;
  };

  runtime::Task<Answer> dispatch(const http::Request& request, http::Reply& reply);
  runtime::Task<Answer> retry(std::string upload_id);
  runtime::Task<Answer> retry_all(std::string range);
  runtime::Task<Answer> move(std::string url);  // Empty: back.

  upload::Operations& uploads_;
  protocol::Relocation& locations_;
  const std::vector<Command> commands_;
};

}  // namespace sluice::admin
