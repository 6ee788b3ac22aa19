// SPDX-License-Identifier: MIT
#include "http/exchange.h"

#include "base/told.h"

namespace sluice::http {

// Inlined, its values would stay in the frame of the coroutine that calls it.
[[gnu::noinline]] ReplyPtr Exchange::reply(Result<Response> answer) const {
  static const Destination nowhere;
  const Destination& destination = destination_ != nullptr ? *destination_ : nowhere;
  auto reply = std::make_unique<Reply>();
  reply->route = destination.route();
  reply->dialect = destination.dialect();
  reply->upload_id = upload_id;
  if (answer) {
    reply->response = *std::move(answer);
  } else {
    reply->response = destination.render(answer.error());
    if (answer.error().message() != told(answer.error())) {
      reply->trouble = answer.error().message();
    }
  }
  for (const Header& header : headers.fields()) {
    reply->response.headers.set(header.name, header.value);
  }
  destination.complete(request_, reply->response);
  return reply;
}

}  // namespace sluice::http
