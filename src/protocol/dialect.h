// SPDX-License-Identifier: MIT
// A language in which clients speak of uploads: its words, the form of its errors, and the paths
// that it has beside the shared ones.
#pragma once

#include <string_view>
#include <vector>

#include "http/message.h"
#include "protocol/call.h"
#include "protocol/route.h"
#include "runtime/task.h"

namespace sluice::protocol {

// Every location speaks all dialects, and so does the path at which uploads are opened
// (ProtocolSettings::files_path). The first of the router's list that recognises a request handles
// it. Where none does, it is the one that the upload was opened in, or else the last that has the
// method.
class Dialect {
 public:
  virtual ~Dialect() = default;

  // In settings, in the log, and in the records of the uploads that were opened in it. Constant.
  virtual const char* name() const noexcept = 0;
  // Told from the head alone: the request says itself which language it is in.
  virtual bool recognises(const http::Request& request) const = 0;
  // The method that a request of this dialect means, where its client cannot send every method.
  virtual http::Method method_of(const http::Request& request) const { return request.method; }

  // Whether it serves the method at a location; GET stands for HEAD too. A location has the methods
  // of all dialects.
  virtual bool has(http::Method method) const noexcept = 0;
  // REQUIRES: the call is at a location, its capture is a token, and has() its method.
  virtual runtime::Task<Answer> handle(Call& call) = 0;

  // The same for the path at which uploads are opened.
  virtual bool opens_with(http::Method /*method*/) const noexcept { return false; }
  virtual runtime::Task<Answer> open(Call& /*call*/) {
    return answered(fail(Errc::method_not_allowed));
  }

  // Of a request that it recognises, and of those to its routes.
  virtual http::Response render(const Error& error) const { return http::error_response(error); }

  // Adds to the answer to OPTIONS at the shared paths what clients read there.
  virtual void add_options(http::Headers& /*headers*/) const {}

  // Asked once. The actions live as long as the dialect.
  virtual std::vector<Route> routes() { return {}; }
};

}  // namespace sluice::protocol
