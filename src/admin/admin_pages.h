// SPDX-License-Identifier: MIT
// The listener of admin.listen: pages about the server's inside, and nothing else.
#pragma once

#include "http/handler.h"
#include "protocol/service_pages.h"
#include "runtime/task.h"

namespace sluice::admin {

// Any thread.
class AdminPages final : public http::Handler {
 public:
  // `pages` outlives this.
  explicit AdminPages(protocol::ServicePages& pages) : pages_(pages) {}

  runtime::Task<http::ReplyPtr> handle(http::Exchange& exchange) override;

 private:
  protocol::ServicePages& pages_;
};

}  // namespace sluice::admin
