// SPDX-License-Identifier: MIT
// A language in which clients speak of uploads: its words, the form of its errors, and the paths
// that it has beside the locations.
#pragma once

#include <vector>

#include "http/message.h"
#include "protocol/call.h"
#include "protocol/route.h"
#include "runtime/task.h"

namespace sluice::protocol {

// Every location speaks all dialects. The first of the router's list that recognises a request
// handles it, whatever dialect the upload was opened in.
class Dialect {
 public:
  virtual ~Dialect() = default;

  // Told from the head alone, as every request at a location passes here.
  virtual bool recognises(const http::Request& request) const = 0;
  // Whether it serves the method at a location; GET stands for HEAD too. A location has the methods
  // of all dialects.
  virtual bool has(http::Method method) const noexcept = 0;
  // REQUIRES: the call is at a location, its capture is a token, and has() its method.
  virtual runtime::Task<Answer> handle(Call& call) = 0;
  // Of a request that it recognises, and of those to its routes.
  virtual http::Response render(const Error& error) const { return http::error_response(error); }

  // Asked once. The actions live as long as the dialect.
  virtual std::vector<Route> routes() { return {}; }
};

}  // namespace sluice::protocol
