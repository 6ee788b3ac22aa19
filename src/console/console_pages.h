// SPDX-License-Identifier: MIT
// The operator's console over HTTP, beside the pages of admin.listen: the page at /, what it needs,
// and under /api/ what it asks and does.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "auth/keyring.h"
#include "base/digest.h"
#include "console/feed.h"
#include "http/handler.h"
#include "journal/journal.h"
#include "pages/page_file.h"
#include "protocol/protocol_settings.h"
#include "runtime/task.h"

namespace sluice::console {

struct ConsoleSettings {
  // What /api/ asks for, as `Authorization: Bearer TOKEN`. Empty: /api/ is for requests that come
  // straight from this machine or from a trusted peer, and to a name of this server.
  std::string token;
  // The names of this server; its `base` is set.
  protocol::ProtocolSettings names;
};

// On the thread of the feed.
class ConsolePages final : public http::Handler {
 public:
  // All outlive this.
  struct Parts {
    http::Handler& admin;    // Has the paths that are not the console's.
    http::Handler& control;  // Is asked what is asked under /api/, without that prefix.
    Feed& feed;
    journal::Journal& journal;
    const auth::Keyring& keyring;
    std::span<const pages::PageFile> files;
  };

  ConsolePages(const Parts& parts, ConsoleSettings settings);

  runtime::Task<http::ReplyPtr> handle(http::Exchange& exchange) override;

 private:
  runtime::Task<http::ReplyPtr> answer_api(http::Exchange& exchange);
  runtime::Task<Result<http::Response>> answer_own(const http::Request& request);
  runtime::Task<Result<http::Response>> owners();
  // not_authorized, forbidden, misdirected.
  Result<> expect_operator(http::Exchange& exchange) const;
  bool shows_token(const http::Request& request) const;

  const Parts parts_;
  const protocol::ProtocolSettings names_;
  const std::optional<Sha256Digest> token_digest_;
};

}  // namespace sluice::console
